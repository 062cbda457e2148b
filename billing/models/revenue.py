"""The ledger of monthly recurring revenue (MRR)."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plans.columns import PRICE
from tenants.ids import new_id
from ui.lines import LineField


class RevenueChange(models.Model):
    """An MRR movement of a workspace: its monthly amount before and after, in euros without VAT. Append-only.

    A yearly price counts for a twelfth; discounts that last for more than one invoice are subtracted
    (`mrr/monthly.py`). The MRR of a workspace at a moment is `after_euros` of its last line before that moment.
    """

    append_only = True

    class Kind(models.TextChoices):
        NEW = "new", _("Nouveau")
        EXPANSION = "expansion", _("Expansion")
        CONTRACTION = "contraction", _("Contraction")
        CHURN = "churn", _("Départ")
        REACTIVATION = "reactivation", _("Retour")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("date"))
    tenant_id = models.UUIDField(_("clé de l’espace"))
    tenant_slug = LineField(_("espace"), max_length=40)
    kind = LineField(_("mouvement"), max_length=12, choices=Kind.choices)
    before_euros = models.DecimalField(_("avant"), **PRICE)
    after_euros = models.DecimalField(_("après"), **PRICE)
    plan_code = LineField(_("offre"), max_length=40, blank=True)
    reason = LineField(_("motif"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("mouvement de revenu")
        verbose_name_plural = _("mouvements de revenu")
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["at"], name="billing_revenue_at"),
            models.Index(fields=["tenant_id", "-at"], name="billing_revenue_tenant"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(before_euros=models.F("after_euros")), name="billing_revenue_moves"
            ),
            models.CheckConstraint(
                condition=models.Q(before_euros__gte=0, after_euros__gte=0), name="billing_revenue_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_slug} {self.before_euros} → {self.after_euros}"
