"""Proxy models: further lists of the console on tables of other models."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _
from djstripe.models import WebhookEventTrigger

from billing.models.subscriptions import Subscription


class Dunning(Subscription):
    """A subscription with an unpaid invoice."""

    class Meta:
        proxy = True
        verbose_name = _("impayé")
        verbose_name_plural = _("impayés")
        ordering: ClassVar = ["past_due_since", "id"]


class WebhookEvent(WebhookEventTrigger):
    """A request received at the webhook endpoint, for read-only pages instead of dj-stripe's, which allow editing."""

    class Meta:
        proxy = True
        verbose_name = _("événement de Stripe")
        verbose_name_plural = _("événements de Stripe")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        body = self.json_body
        return str(body.get("type", self.pk) if isinstance(body, dict) else self.pk)
