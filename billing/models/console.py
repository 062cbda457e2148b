"""The operator's views of what stands in other tables: each is a list of its own at the console, none a table."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _
from djstripe.models import WebhookEventTrigger

from billing.models.subscriptions import Subscription


class Dunning(Subscription):
    """A workspace that owes."""

    class Meta:
        proxy = True
        verbose_name = _("impayé")
        verbose_name_plural = _("impayés")
        ordering: ClassVar = ["past_due_since", "id"]


class WebhookEvent(WebhookEventTrigger):
    """What came to Stripe's endpoint. The console sees it through this one: dj-stripe's own pages would edit it."""

    class Meta:
        proxy = True
        verbose_name = _("événement de Stripe")
        verbose_name_plural = _("événements de Stripe")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        body = self.json_body
        return str(body.get("type", self.pk) if isinstance(body, dict) else self.pk)
