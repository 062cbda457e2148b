"""Writes the append-only ledger of MRR movements, which `figures` reads. `monthly` calculates a subscription's MRR."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing.models import RevenueChange, Subscription

Kind = RevenueChange.Kind
# Cause stored in a line → label on pages.
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
    """Write a line if the MRR changed, and set it on `row`, which the caller has locked and must save.

    `monthly`: MRR in euros without VAT. `plan_code`: the plan paid for, "" without one. `reason`: a key of `CAUSES`.
    Returns the line, or None if nothing changed.
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
    """Record the end of a deleted workspace's MRR, in the caller's transaction. Does not call Stripe."""
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
