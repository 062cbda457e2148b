"""The ledger of monthly recurring revenue: a line is written where what a workspace brings changes, and never again.

Reading it: `revenue_figures`. What a subscription brings: `monthly`.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing.models import RevenueChange, Subscription

Kind = RevenueChange.Kind
# What the ledger keeps of why; its words are those of the page.
CAUSES = {
    "begun": _("Abonnement souscrit"),
    "trial": _("Essai converti"),
    "paid": _("Impayé réglé"),
    "plan": _("Autre offre"),
    "period": _("Autre période"),
    "options": _("Options"),
    "discount": _("Remise ou tarif"),
    "free": _("Remise totale"),
    "unpaid": _("Impayé"),
    "paused": _("Abonnement en pause"),
    "ended": _("Abonnement terminé"),
    "deleted": _("Espace supprimé"),
}


def record_change(
    row: Subscription, slug: str, *, monthly: Decimal, plan_code: str, now: datetime, reason: str
) -> RevenueChange | None:
    """Write what changed, if anything did, and set it on the row, which the caller holds locked and saves.

    `monthly`: euros without VAT. `plan_code`: what is paid for now; empty where nothing is. `reason`: of `CAUSES`.
    """
    before = row.mrr_euros
    if monthly == before:
        return None
    row.mrr_euros = monthly
    change: RevenueChange = RevenueChange.objects.create(
        at=now,
        tenant_id=row.tenant_id,
        tenant_slug=slug,
        kind=_kind(row.tenant_id, before, monthly),
        before_euros=before,
        after_euros=monthly,
        plan_code=plan_code or row.plan_code,
        reason=reason,
    )
    return change


def record_end(tenant_id: UUID, slug: str, *, now: datetime) -> None:
    """A workspace is deleted: what it brought is gone, in the caller's transaction. Needs no word of Stripe's."""
    with transaction.atomic():
        row = Subscription.objects.select_for_update().filter(tenant_id=tenant_id).first()
        if row is not None and record_change(row, slug, monthly=Decimal(0), plan_code="", now=now, reason="deleted"):
            row.save(update_fields=["mrr_euros"])


def _kind(tenant_id: UUID, before: Decimal, after: Decimal) -> Kind:
    if not after:
        return Kind.CHURN
    if before:
        return Kind.EXPANSION if after > before else Kind.CONTRACTION
    has_history = RevenueChange.objects.filter(tenant_id=tenant_id).exists()
    return Kind.REACTIVATION if has_history else Kind.NEW
