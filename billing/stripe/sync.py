"""A workspace follows its subscription: state, plan, options. One way only, whoever asks: a webhook's job, the clock,
the reconciliation. Stripe is read under the row's lock, so the last to read is the last to write.
"""

import logging
from datetime import datetime
from uuid import UUID

import stripe
from django.db import transaction
from django.utils import timezone

from billing.models import Subscription
from billing.mrr import ledger
from billing.stripe import dunning, notifications, options
from billing.stripe.customers import locked_row
from billing.stripe.mrr import cause_of
from billing.stripe.recorded import figures_of, record_change
from billing.stripe.snapshot import Known, read
from billing.stripe.states import LIVE, Facts, Move, decide
from billing.stripe.turns import turn
from tenants.context import public_context
from tenants.models import Tenant
from tenants.selectors import ref_of
from tenants.services import change_plan, change_state

log = logging.getLogger(__name__)
ACTOR = "Stripe"
KEPT = (
    "stripe_id",
    "status",
    "plan_code",
    "interval",
    "period_end",
    "cancel_at_period_end",
    "past_due_since",
    "payment_method",
    "discount",
    "change_waits",
)


def refresh(tenant_id: UUID, *, event_at: datetime | None = None) -> None:
    """Ask Stripe how the workspace's subscription is, and follow. Raises `stripe.StripeError`."""
    with public_context(), turn(tenant_id):
        found = Subscription.objects.filter(tenant_id=tenant_id).values_list("stripe_customer_id", flat=True).first()
        # Before the transaction: it holds a lock and a connection.
        known = read(found) if found else None
        _follow(tenant_id, known, event_at)


def _follow(tenant_id: UUID, known: Known | None, event_at: datetime | None) -> None:
    """Write down what Stripe said (None: it has no customer of the workspace's), and what comes of it."""
    with transaction.atomic():
        row = locked_row(tenant_id)
        tenant = Tenant.objects.filter(pk=tenant_id).first()
        if known is None:
            return
        if tenant is None:
            _keep_what_is_left(row, known)
            return
        was = notifications.seen(row, tenant.state)
        before = figures_of(row)
        now = timezone.now()
        _follow_plan(row, tenant, known)
        _follow_revenue(row, tenant, known, now)
        for name in KEPT:
            setattr(row, name, getattr(known, name))
        if event_at is not None:
            row.last_event_at = max(event_at, row.last_event_at or event_at)
        row.read_at = now
        move = _follow_state(row, tenant, now)
        # As it is after what was moved.
        ref = ref_of(Tenant.objects.get(pk=tenant_id))
        options.follow(ref, wanted_options(known, move), now)
        row.save()
        record_change(before, row, ref)
        dunning.tell(row, ref, now)
        notifications.tell(was, row, ref)


def follow_act(tenant_id: UUID) -> None:
    """`refresh` after something was done at Stripe: that stands, where it cannot be read now too. Its event follows."""
    try:
        refresh(tenant_id)
    except stripe.StripeError:
        log.exception("done at Stripe, and not read after: tenant=%s", tenant_id)


def _keep_what_is_left(row: Subscription, known: Known) -> None:
    """The workspace is deleted: what Stripe says is written down, and moves nothing. Its revenue ended with it."""
    for name in KEPT:
        setattr(row, name, getattr(known, name))
    row.save()


def _follow_plan(row: Subscription, tenant: Tenant, known: Known) -> None:
    """A plan that the operator gave stands until another is bought, or the same with another subscription."""
    if known.status not in LIVE or not known.plan_code:
        return
    # Before the first payment, and after the end, nothing is bought.
    bought = row.plan_code if row.status in LIVE and row.stripe_id == known.stripe_id else ""
    if known.plan_code == bought:
        return
    if known.plan_code != tenant.plan_code:
        change_plan(tenant_id=tenant.pk, plan=known.plan_code, reason="abonnement", actor=ACTOR)


def _follow_revenue(row: Subscription, tenant: Tenant, known: Known, now: datetime) -> None:
    if known.monthly_euros != row.mrr_euros:
        reason = cause_of(row, known, tenant.pk)
        plan = known.plan_code
        ledger.follow(row, tenant.slug, monthly=known.monthly_euros, plan_code=plan, now=now, reason=reason)


def _follow_state(row: Subscription, tenant: Tenant, now: datetime) -> Move | None:
    move = decide(facts_of(row, tenant, now))
    said = standing(row)
    if move is not None and not stands_by_hand(row, tenant):
        change_state(tenant_id=tenant.pk, state=move.state, reason=move.reason, actor=ACTOR)
        row.moved_to = move.state
    elif said != row.moved_for:
        row.moved_to = ""
    row.moved_for = said
    return move


def facts_of(row: Subscription, tenant: Tenant, now: datetime) -> Facts:
    """What decides the workspace's state."""
    return Facts(
        status=row.status,
        now=now,
        state=tenant.state,
        period_end=row.period_end,
        past_due_since=row.past_due_since,
        trial_ends_at=tenant.trial_ends_at,
    )


def standing(row: Subscription) -> str:
    """What Stripe says, for as long as a move by hand stands."""
    since = row.past_due_since.isoformat() if row.past_due_since else ""
    return f"{row.stripe_id} {row.status} {since}"


def stands_by_hand(row: Subscription, tenant: Tenant) -> bool:
    """True where somebody has moved the workspace since Stripe said what it says now."""
    return bool(row.moved_to) and standing(row) == row.moved_for and tenant.state != row.moved_to


def wanted_options(known: Known, move: Move | None) -> dict[str, int]:
    """Options go with what was paid: not before the first payment, not after the end."""
    if move is None or move.state == Tenant.State.CLOSED:
        return {}
    return dict(known.add_ons)
