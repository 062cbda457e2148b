"""What each workspace subscribed to, as Stripe last said, so that no page has to ask Stripe."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plans.columns import PRICE
from tenants.ids import new_id
from ui.lines import LineField


class Subscription(models.Model):
    """One row a workspace that is known to Stripe. Also the lock under which what Stripe said is written.

    `status` is Stripe's own word, empty before the first subscription. `moved_to` is the state the workspace was last
    moved to, `moved_for` what Stripe said then: where the workspace is elsewhere while Stripe says the same, the
    operator has moved it, and it stays.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(_("clé de l’espace"), unique=True)
    stripe_customer_id = LineField(_("client chez Stripe"), max_length=255, blank=True)
    stripe_id = LineField(_("abonnement Stripe"), max_length=255, blank=True)
    status = LineField(_("état chez Stripe"), max_length=20, blank=True)
    plan_code = LineField(_("offre"), max_length=40, blank=True)
    interval = LineField(_("période"), max_length=5, blank=True)
    period_end = models.DateTimeField(_("fin de la période payée"), null=True, blank=True)
    cancel_at_period_end = models.BooleanField(_("résilié à la fin de la période"), default=False)
    past_due_since = models.DateTimeField(_("impayé depuis"), null=True, blank=True)
    # What people are shown of it, so that no page asks Stripe: "Visa •••• 4242", the name of what is taken off.
    payment_method = LineField(_("moyen de paiement"), max_length=60, blank=True, default="", db_default="")
    discount = LineField(_("remise"), max_length=60, blank=True, default="", db_default="")
    # A change waits until it is paid: a card was refused, or the bank is to be asked.
    change_waits = models.BooleanField(_("changement à payer"), default=False, db_default=False)
    mrr_euros = models.DecimalField(_("revenu mensuel (€ HT)"), default=0, db_default=0, **PRICE)
    last_event_at = models.DateTimeField(_("dernier événement"), null=True, blank=True)
    read_at = models.DateTimeField(_("lu chez Stripe le"), null=True, blank=True)
    moved_to = LineField(_("passé à l’état"), max_length=12, blank=True)
    moved_for = LineField(_("pour ce que Stripe disait"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("abonnement")
        verbose_name_plural = _("abonnements")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["stripe_customer_id"],
                condition=~models.Q(stripe_customer_id=""),
                name="billing_subscription_customer",
            )
        ]

    def __str__(self) -> str:
        # The console asks for the workspace's name with the row.
        return getattr(self, "workspace_name", None) or f"{self.plan_code} {self.status}"


class StripeTurn(models.Model):
    """Whose turn it is to speak with Stripe for a workspace, and until when (billing/stripe/turns.py)."""

    tenant_id = models.UUIDField(_("clé de l’espace"), primary_key=True)
    key = models.UUIDField(_("clé du tour"))
    until = models.DateTimeField(_("jusqu’à"))

    class Meta:
        verbose_name = _("tour auprès de Stripe")
        verbose_name_plural = _("tours auprès de Stripe")

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.until}"


class DunningNotice(models.Model):
    """That the owners were told, so many days into one unpaid stretch. Written with the mail, in one transaction."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField()
    past_due_since = models.DateTimeField()
    day = models.SmallIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "past_due_since", "day"], name="billing_dunning_once")
        ]
