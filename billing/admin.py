"""Registers the operator's pages of subscriptions, discounts, revenue, terms of sale and webhook events."""

from django.contrib import admin

from billing.console import arrears as arrears
from billing.console import cancellations as cancellations
from billing.console import discounts as discounts
from billing.console import revenue as revenue
from billing.console import subscriptions as subscriptions
from billing.console import terms as terms
from billing.console import webhooks as webhooks

# dj-stripe's admin pages allow editing its copies of Stripe's objects, so they are removed.
for model in [model for model in admin.site._registry if model._meta.app_label == "djstripe"]:
    admin.site.unregister(model)
