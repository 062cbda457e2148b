"""The subscription of each workspace as of the last sync, so that pages do not call Stripe; turns and dunning mails."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plans.columns import PRICE
from tenants.ids import new_id
from ui.lines import LineField


class Subscription(models.Model):
    """One row per workspace that is known to Stripe. The sync locks the row.

    `status`: Stripe's, "" before the first subscription. `moved_to`: the workspace's state set by the last sync;
    `moved_for`: the facts at Stripe then (`sync.stripe_facts_key`). If the workspace has another state while the facts
    are unchanged, the operator has set it, and the sync leaves it.
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
    # Shown on pages: "Visa •••• 4242", names of coupons (`stripe/descriptions.py`).
    payment_method = LineField(_("moyen de paiement"), max_length=60, blank=True, default="", db_default="")
    discount = LineField(_("remise"), max_length=60, blank=True, default="", db_default="")
    # A change is pending until it is paid: the card was refused, or the bank asks for a confirmation.
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
        # The console annotates its rows with `workspace_name`.
        return getattr(self, "workspace_name", None) or f"{self.plan_code} {self.status}"


class StripeTurn(models.Model):
    """The lease of the process that calls Stripe for a workspace (`stripe/turns.py`)."""

    tenant_id = models.UUIDField(_("clé de l’espace"), primary_key=True)
    key = models.UUIDField(_("clé du tour"))
    until = models.DateTimeField(_("jusqu’à"))

    class Meta:
        verbose_name = _("tour auprès de Stripe")
        verbose_name_plural = _("tours auprès de Stripe")

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.until}"


class DunningNotice(models.Model):
    """A dunning mail, sent on a `day` (0, 3, 7) of the arrears that began at `past_due_since`.

    Written in the transaction that enqueues the mail.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField()
    past_due_since = models.DateTimeField()
    day = models.SmallIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "past_due_since", "day"], name="billing_dunning_once")
        ]
