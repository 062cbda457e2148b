"""Compares the rows of all workspaces with Stripe, and repairs differences with the same sync as webhooks."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from billing.models import Subscription
from billing.profiles import profile_of, vat_for
from billing.stripe import code_uses, options, profiles
from billing.stripe.client import is_on
from billing.stripe.snapshot import Snapshot, read_snapshot
from billing.stripe.states import LIVE, Facts, decide
from billing.stripe.sync import SYNCED_FIELDS, entitled_add_ons, is_state_overridden, refresh
from billing.stripe.tax_rates import vat_key
from billing.stripe.turns import turn
from tenants.context import public_context
from tenants.models import Tenant
from tenants.selectors import ref_of

log = logging.getLogger(__name__)
# Fields of differences that a repair leaves to the operator.
MANUAL_FIELDS = ("live", "unknown_prices", "plan", "unread")


@dataclass(frozen=True)
class Difference:
    """One field that differs: our value and Stripe's, as text. `for_people`: the operator must repair it."""

    slug: str
    field: str
    ours: str
    theirs: str

    @property
    def for_people(self) -> bool:
        return self.field in MANUAL_FIELDS

    def shown(self) -> dict[str, Any]:
        """The JSON object that the command `billing_reconcile` prints."""
        return {
            "slug": self.slug,
            "what": self.field,
            "ours": self.ours,
            "theirs": self.theirs,
            "for_people": self.for_people,
        }


def reconcile(*, repair: bool) -> list[Difference]:
    """The differences of all workspaces, ordered by slug, repaired if `repair`.

    A workspace that cannot be compared gives a difference of the field "unread".
    """
    differences: list[Difference] = []
    with public_context():
        keys = list(Subscription.objects.exclude(stripe_customer_id="").values_list("tenant_id", flat=True))
        for tenant in Tenant.objects.filter(pk__in=keys).order_by("slug"):
            differences += _reconcile(tenant, repair)
    return differences


def run_daily() -> int:
    """Repair and log the differences; return their number. Scheduled."""
    if not is_on():
        return 0
    differences = reconcile(repair=True)
    for difference in differences:
        log.warning(
            "differs from Stripe: %s %s ours=%s theirs=%s",
            difference.slug,
            difference.field,
            difference.ours,
            difference.theirs,
        )
    return len(differences)


def _reconcile(tenant: Tenant, repair: bool) -> list[Difference]:
    try:
        differences = _compare(tenant)
        if repair and any(difference.field == "vat" for difference in differences):
            profiles.push_profile(ref_of(tenant))
        if repair and any(not difference.for_people for difference in differences):
            refresh(tenant.pk)
        if repair:
            code_uses.sync(tenant.pk)
    except Exception as error:
        # An error of one workspace (a VAT number that Stripe refuses, an unknown status) does not stop the others.
        log.warning("not reconciled: %s %s", tenant.slug, type(error).__name__, exc_info=True)
        return [Difference(tenant.slug, "unread", "", str(getattr(error, "code", None) or type(error).__name__))]
    return differences


def _compare(tenant: Tenant) -> list[Difference]:
    """Compared in a turn, so that no webhook event is being applied meanwhile."""
    with turn(tenant.pk):
        row = Subscription.objects.get(tenant_id=tenant.pk)
        tenant.refresh_from_db(fields=["state", "plan_code"])
        return _differences(tenant, row, read_snapshot(row.stripe_customer_id))


def _differences(tenant: Tenant, row: Subscription, snapshot: Snapshot) -> list[Difference]:
    pairs: list[tuple[str, Any, Any]] = [(name, getattr(row, name), getattr(snapshot, name)) for name in SYNCED_FIELDS]
    pairs.append(("mrr_euros", row.mrr_euros, snapshot.monthly_euros))
    pairs += _vat_pairs(tenant, snapshot)
    pairs += _effect_pairs(row, tenant, snapshot, timezone.now())
    pairs += [
        ("live", min(snapshot.live, 1), snapshot.live),
        ("unknown_prices", "", ", ".join(snapshot.unknown_prices)),
    ]
    return [Difference(tenant.slug, field, str(ours), str(theirs)) for field, ours, theirs in pairs if ours != theirs]


def _vat_pairs(tenant: Tenant, snapshot: Snapshot) -> list[tuple[str, Any, Any]]:
    """Compares VAT rates: a rate that changes by law causes no webhook event."""
    profile = profile_of(ref_of(tenant))
    if profile is None or snapshot.status not in LIVE:
        return []
    return [("vat", vat_key(vat_for(profile)), ", ".join(snapshot.vat_keys))]


def _effect_pairs(row: Subscription, tenant: Tenant, snapshot: Snapshot, now: datetime) -> list[tuple[str, Any, Any]]:
    facts = Facts(
        snapshot.status, now, tenant.state, snapshot.period_end, snapshot.past_due_since, tenant.trial_ends_at
    )
    move = decide(facts)
    differences: list[tuple[str, Any, Any]] = [
        ("options", options.purchased(tenant.pk), entitled_add_ons(snapshot, move))
    ]
    is_in_sync = all(getattr(row, name) == getattr(snapshot, name) for name in SYNCED_FIELDS)
    if move is not None and not (is_in_sync and is_state_overridden(row, tenant)):
        differences.append(("state", tenant.state, move.state))
    if is_in_sync and snapshot.status in LIVE and snapshot.plan_code:
        # The rows are in sync, so the operator has set this plan.
        differences.append(("plan", tenant.plan_code, snapshot.plan_code))
    return differences
