"""One at a time speaks with Stripe for a workspace; nothing of the database is held meanwhile."""

import threading
import time

import pytest
from django.db import connections, transaction

from billing.models import StripeTurn, Subscription
from billing.stripe import sync, transport, turns
from billing.stripe.errors import translated_errors
from billing.stripe.sync import refresh
from billing.subscription_types import StripeUnavailable
from tenants.context import public_context
from tenants.executors import give_back_connection


def test_a_second_one_waits_and_is_then_told(people, monkeypatch):
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.3)
    begun = time.monotonic()
    with turns.turn(people.home.id), pytest.raises(StripeUnavailable), translated_errors(), turns.turn(people.home.id):
        pytest.fail("both at once")
    assert 0.3 <= time.monotonic() - begun < 3
    # The first one has ended.
    with turns.turn(people.home.id), turns.turn(people.away.id):
        pass


def test_who_died_in_the_middle_keeps_nobody_out_for_ever(people):
    with public_context():
        StripeTurn.objects.create(tenant_id=people.home.id, key=people.away.id, until="2020-01-01T00:00:00Z")
    with turns.turn(people.home.id):
        pass
    with public_context():
        assert not StripeTurn.objects.exists()


@pytest.mark.committed
def test_while_stripe_is_read_the_row_is_free(buyer, people, monkeypatch):
    """Another process changes the workspace's row meanwhile, and this thread's connection is back in the pool."""
    buyer().subscribe("pro")
    seen = []

    def elsewhere():
        with public_context(), transaction.atomic():
            row = Subscription.objects.select_for_update(nowait=True).get(tenant_id=people.home.id)
            seen.append(row.tenant_id)
        connections.close_all()

    def asked(self, *given, **named):
        give_back_connection()
        seen.append(connections["default"].connection)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return real(self, *given, **named)

    real = transport.Transport.request
    monkeypatch.setattr(transport.Transport, "request", asked)
    monkeypatch.setattr(sync.notifications, "send_due", lambda *_: None)
    try:
        refresh(people.home.id)
        assert seen[:2] == [None, people.home.id]
        assert len(seen) % 2 == 0 and set(seen) == {None, people.home.id}
    finally:
        _put_back(people)


def _put_back(people):
    from tenants import services
    from tenants.models import Tenant

    with public_context():
        services.change_state(tenant_id=people.home.id, state="trial", reason="test", actor="test")
        before = {"version": 0, "plan_code": "pro", "trial_ends_at": people.home.trial_ends_at}
        Tenant.objects.filter(pk=people.home.id).update(state_reason="", **before)
        Subscription.objects.all().delete()
