"""Every workspace that Stripe knows, held against Stripe: what differs, and repaired by the way webhooks take."""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from billing.models import Subscription
from billing.profiles import profile_of, vat_for
from billing.stripe import code_uses, options, profiles
from billing.stripe.client import is_on
from billing.stripe.snapshot import Known, read
from billing.stripe.states import LIVE, Facts, decide
from billing.stripe.sync import KEPT, refresh, stands_by_hand, wanted_options
from billing.stripe.tax_rates import key_of
from billing.stripe.turns import turn
from tenants.context import public_context
from tenants.models import Tenant
from tenants.selectors import ref_of

log = logging.getLogger(__name__)
# What a repair does not mend: somebody has to look at it.
FOR_PEOPLE = ("live", "unknown_prices", "plan", "unread")


@dataclass(frozen=True)
class Difference:
    """`ours`, `theirs` as text. `for_people`: a repair leaves it as it is."""

    slug: str
    what: str
    ours: str
    theirs: str

    @property
    def for_people(self) -> bool:
        return self.what in FOR_PEOPLE

    def shown(self) -> dict[str, Any]:
        """As a command prints it."""
        return {**asdict(self), "for_people": self.for_people}


def reconcile(*, repair: bool) -> list[Difference]:
    """What differs, workspace by workspace, repaired where asked for. Raises `ValidationError` where Stripe is off."""
    found: list[Difference] = []
    with public_context():
        keys = list(Subscription.objects.exclude(stripe_customer_id="").values_list("tenant_id", flat=True))
        for tenant in Tenant.objects.filter(pk__in=keys).order_by("slug"):
            found += _one(tenant, repair)
    return found


def run_daily() -> int:
    """Repair, and log what only people mend; how many differences there were. Scheduled."""
    if not is_on():
        return 0
    found = reconcile(repair=True)
    for one in found:
        log.warning("differs from Stripe: %s %s ours=%s theirs=%s", one.slug, one.what, one.ours, one.theirs)
    return len(found)


def _one(tenant: Tenant, repair: bool) -> list[Difference]:
    try:
        found = _compare(tenant)
        if repair and any(one.what == "vat" for one in found):
            profiles.tell(ref_of(tenant))
        if repair and any(not one.for_people for one in found):
            refresh(tenant.pk)
        if repair:
            code_uses.follow(tenant.pk)
    except Exception as error:
        # One workspace's trouble (a number that Stripe refuses, a status it did not have) is not another's.
        log.warning("not reconciled: %s %s", tenant.slug, type(error).__name__, exc_info=True)
        return [Difference(tenant.slug, "unread", "", str(getattr(error, "code", None) or type(error).__name__))]
    return found


def _compare(tenant: Tenant) -> list[Difference]:
    """In a turn: no event is half done meanwhile."""
    with turn(tenant.pk):
        row = Subscription.objects.get(tenant_id=tenant.pk)
        tenant.refresh_from_db(fields=["state", "plan_code"])
        return _differences(tenant, row, read(row.stripe_customer_id))


def _differences(tenant: Tenant, row: Subscription, known: Known) -> list[Difference]:
    pairs: list[tuple[str, Any, Any]] = [(name, getattr(row, name), getattr(known, name)) for name in KEPT]
    pairs.append(("mrr_euros", row.mrr_euros, known.monthly_euros))
    pairs += _vat(tenant, known)
    pairs += _effects(row, tenant, known, timezone.now())
    pairs += [("live", min(known.live, 1), known.live), ("unknown_prices", "", ", ".join(known.unknown_prices))]
    return [Difference(tenant.slug, what, str(ours), str(theirs)) for what, ours, theirs in pairs if ours != theirs]


def _vat(tenant: Tenant, known: Known) -> list[tuple[str, Any, Any]]:
    """A rate changes by law, on a day on which nobody is told anything."""
    profile = profile_of(ref_of(tenant))
    if profile is None or known.status not in LIVE:
        return []
    return [("vat", key_of(vat_for(profile)), ", ".join(known.vat_keys))]


def _effects(row: Subscription, tenant: Tenant, known: Known, now: datetime) -> list[tuple[str, Any, Any]]:
    facts = Facts(known.status, now, tenant.state, known.period_end, known.past_due_since, tenant.trial_ends_at)
    move = decide(facts)
    found: list[tuple[str, Any, Any]] = [("options", options.bought(tenant.pk), wanted_options(known, move))]
    same = all(getattr(row, name) == getattr(known, name) for name in KEPT)
    if move is not None and not (same and stands_by_hand(row, tenant)):
        found.append(("state", tenant.state, move.state))
    if same and known.status in LIVE and known.plan_code:
        # By the operator's hand, then.
        found.append(("plan", tenant.plan_code, known.plan_code))
    return found
