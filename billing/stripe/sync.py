"""Sync of a workspace (state, plan, options, MRR) to its Stripe subscription.

Webhooks, the scheduled job and the reconciliation all use `refresh`. Reading from Stripe and writing to the database
happen in one turn (`turns.turn`), so the most recent reading is the one that is stored.
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
from billing.stripe.mrr import movement_cause
from billing.stripe.recorded import figures_of, record_change
from billing.stripe.snapshot import Snapshot, read_snapshot
from billing.stripe.states import LIVE, Facts, Move, decide
from billing.stripe.turns import turn
from tenants.actors import STRIPE
from tenants.context import public_context
from tenants.models import Tenant
from tenants.selectors import ref_of
from tenants.services import change_plan, change_state

log = logging.getLogger(__name__)
ACTOR = STRIPE
SYNCED_FIELDS = (
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
    """Read the workspace's subscription from Stripe and apply it. `event_at`: when Stripe created the webhook event.

    Raises `stripe.StripeError`, also as `TurnTaken`; then nothing is changed.
    """
    with public_context(), turn(tenant_id):
        customer = Subscription.objects.filter(tenant_id=tenant_id).values_list("stripe_customer_id", flat=True).first()
        # Stripe is read before the transaction, which holds a row lock and a database connection.
        snapshot = read_snapshot(customer) if customer else None
        _apply(tenant_id, snapshot, event_at)


def _apply(tenant_id: UUID, snapshot: Snapshot | None, event_at: datetime | None) -> None:
    """Store the snapshot and its consequences. `snapshot` is None if the workspace has no customer at Stripe."""
    with transaction.atomic():
        row = locked_row(tenant_id)
        tenant = Tenant.objects.filter(pk=tenant_id).first()
        if snapshot is None:
            return
        if tenant is None:
            _store_snapshot(row, snapshot)
            return
        before = notifications.state_of(row, tenant.state)
        figures = figures_of(row)
        now = timezone.now()
        _sync_plan(row, tenant, snapshot)
        _sync_mrr(row, tenant, snapshot, now)
        for name in SYNCED_FIELDS:
            setattr(row, name, getattr(snapshot, name))
        if event_at is not None:
            row.last_event_at = max(event_at, row.last_event_at or event_at)
        row.read_at = now
        move = _sync_state(row, tenant, now)
        # Read again: `_sync_plan` and `_sync_state` may have changed the workspace.
        tenant_ref = ref_of(Tenant.objects.get(pk=tenant_id))
        options.sync(tenant_ref, entitled_add_ons(snapshot, move), now)
        row.save()
        record_change(figures, row, tenant_ref)
        dunning.send_due(row, tenant_ref, now)
        notifications.send_due(before, row, tenant_ref)


def refresh_after_act(tenant_id: UUID) -> None:
    """`refresh` after a change at Stripe. Errors of Stripe are logged: the change is made, and its webhook syncs it."""
    try:
        refresh(tenant_id)
    except stripe.StripeError:
        log.exception("done at Stripe, and not read after: tenant=%s", tenant_id)


def _store_snapshot(row: Subscription, snapshot: Snapshot) -> None:
    """Store the snapshot of a deleted workspace. Its MRR ended with its deletion (`customers.workspace_deleting`)."""
    for name in SYNCED_FIELDS:
        setattr(row, name, getattr(snapshot, name))
    row.save()


def _sync_plan(row: Subscription, tenant: Tenant, snapshot: Snapshot) -> None:
    """Set the plan of the workspace when another plan is bought, or the same plan with another subscription.

    Otherwise a plan that the operator has set stays.
    """
    if snapshot.status not in LIVE or not snapshot.plan_code:
        return
    # A subscription before its first payment or after its end has bought no plan.
    purchased = row.plan_code if row.status in LIVE and row.stripe_id == snapshot.stripe_id else ""
    if snapshot.plan_code == purchased:
        return
    if snapshot.plan_code != tenant.plan_code:
        change_plan(tenant_id=tenant.pk, plan=snapshot.plan_code, reason="abonnement", actor=ACTOR)


def _sync_mrr(row: Subscription, tenant: Tenant, snapshot: Snapshot, now: datetime) -> None:
    if snapshot.monthly_euros != row.mrr_euros:
        reason = movement_cause(row, snapshot, tenant.pk)
        plan = snapshot.plan_code
        ledger.record_change(row, tenant.slug, monthly=snapshot.monthly_euros, plan_code=plan, now=now, reason=reason)


def _sync_state(row: Subscription, tenant: Tenant, now: datetime) -> Move | None:
    move = decide(facts_of(row, tenant, now))
    facts_key = stripe_facts_key(row)
    if move is not None and not is_state_overridden(row, tenant):
        change_state(tenant_id=tenant.pk, state=move.state, reason=move.reason, actor=ACTOR)
        row.moved_to = move.state
    elif facts_key != row.moved_for:
        row.moved_to = ""
    row.moved_for = facts_key
    return move


def facts_of(row: Subscription, tenant: Tenant, now: datetime) -> Facts:
    """The input of `decide` from the stored rows."""
    return Facts(
        status=row.status,
        now=now,
        state=tenant.state,
        period_end=row.period_end,
        past_due_since=row.past_due_since,
        trial_ends_at=tenant.trial_ends_at,
    )


def stripe_facts_key(row: Subscription) -> str:
    """Subscription, status and arrears as a text. A state set by the operator is kept until this text changes."""
    since = row.past_due_since.isoformat() if row.past_due_since else ""
    return f"{row.stripe_id} {row.status} {since}"


def is_state_overridden(row: Subscription, tenant: Tenant) -> bool:
    """True if the operator has changed the workspace's state since the facts at Stripe last changed."""
    return bool(row.moved_to) and stripe_facts_key(row) == row.moved_for and tenant.state != row.moved_to


def entitled_add_ons(snapshot: Snapshot, move: Move | None) -> dict[str, int]:
    """Option's code → quantity. Empty before the first payment (`move` is None) and after the end."""
    if move is None or move.state == Tenant.State.CLOSED:
        return {}
    return dict(snapshot.add_ons)
