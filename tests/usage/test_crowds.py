"""Several processes at once: nothing is given twice, what dies gives back, and every process hears of a change."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from plans import grants
from plans.models import Override, TenantAddOn
from plans.types import AI_EUROS, TOKENS
from tenants.context import public_context, tenant_context
from tests.live.workspaces import make, remove
from tests.usage.peer import THREADS, Peer
from usage import selectors, services
from usage.models import QuotaCounter, Reservation

pytestmark = pytest.mark.committed
PROCESSES = 4
CLIENTS = PROCESSES * THREADS


@pytest.fixture(scope="module")
def peers(people):
    found = [Peer() for _ in range(PROCESSES)]
    yield found
    for peer in found:
        peer.stop()


@pytest.fixture
def space(people):
    made = make(f"foule-{uuid4().hex[:8]}", plan="pro")
    yield made.tenant
    with public_context():
        Override.objects.filter(tenant_id=made.tenant.id).delete()
    remove(made)


@pytest.fixture
def allow(people, space):
    """`allow("ai_euros", 5)`: so much for this workspace alone."""

    def set_limit(key, limit):
        return grants.override_grant(
            tenant_id=space.id,
            key=key,
            limit=None if limit is None else Decimal(limit),
            reason="x",
            actor=people.operator,
        )

    return set_limit


def crowd(peers, space, act, times, settle="", **amounts):
    for peer in peers:
        peer.begin("crowd", act=act, tenant_id=str(space.id), times=times, amounts=amounts, settle=settle)
    answers = [peer.end() for peer in peers]
    return sum(answer["given"] for answer in answers), sum(answer["refused"] for answer in answers)


def counter(space, meter):
    with tenant_context(space):
        gauge = selectors.gauge(space, meter)
    return gauge.used, gauge.reserved


def heard(peers, space, key, value):
    for peer in peers:
        peer.ask("until_limit", tenant_id=str(space.id), key=key, value=str(value))


def test_thirty_two_clients_on_one_quota_take_what_there_is(peers, space, allow):
    assert CLIENTS == 32
    allow(AI_EUROS, "1.85")
    heard(peers, space, AI_EUROS, "1.850000000000")
    assert crowd(peers, space, "reserve", 10, ai_euros="0.037") == (50, 270)
    assert counter(space, AI_EUROS) == (0, Decimal("1.85"))
    with public_context():
        assert Reservation.objects.filter(tenant_id=space.id).count() == 50


@pytest.mark.parametrize("amounts", [{"ai_euros": "0.01"}, {"ai_euros": "0.01", "ai_tokens": "10"}])
def test_where_there_is_room_nobody_is_refused(peers, space, amounts):
    """The first acts of a workspace make its counters, all at the same moment; and many wait for one row."""
    assert crowd(peers, space, "reserve", 1, **amounts) == (32, 0)
    assert crowd(peers, space, "reserve", 20, **amounts) == (640, 0)
    assert counter(space, AI_EUROS) == (0, Decimal("6.72"))


def test_two_meters_are_held_together_or_not_at_all(peers, space, allow):
    """The second meter is the narrow one: the first is never held alone, and nobody waits for ever."""
    allow(TOKENS, 400)
    allow(AI_EUROS, 1000)
    heard(peers, space, TOKENS, "400.000000000000")
    heard(peers, space, AI_EUROS, "1000.000000000000")
    assert crowd(peers, space, "reserve", 6, ai_tokens="10", ai_euros="1") == (40, 152)
    assert (counter(space, TOKENS), counter(space, AI_EUROS)) == ((0, 400), (0, 40))


def test_what_is_settled_below_its_bound_lets_others_through(peers, space, allow):
    allow(TOKENS, 1_000)
    allow(AI_EUROS, None)
    heard(peers, space, TOKENS, "1000.000000000000")
    heard(peers, space, AI_EUROS, "None")
    given, refused = crowd(peers, space, "reserve", 8, settle="0.1", ai_tokens="10", ai_euros="1")
    assert given + refused == 256
    used, reserved = counter(space, TOKENS)
    assert (used, reserved) == (given, 0) and used <= 1_000
    assert counter(space, AI_EUROS) == (given * Decimal("0.1"), 0)
    with public_context():
        assert not Reservation.objects.filter(tenant_id=space.id, settled_at=None).exists()


def test_what_stands_grows_no_further_than_it_may(peers, space, allow):
    allow("own_assistants", 21)
    heard(peers, space, "own_assistants", "21.000000000000")
    assert crowd(peers, space, "grow", 3, own_assistants="1") == (21, 75)
    assert counter(space, "own_assistants") == (21, 0)


def test_grace_is_let_through_and_no_more(peers, space, allow):
    """Of 1,000 with 5 %, 1,050."""
    from plans import entitlements
    from plans.models import Entitlement

    with public_context():
        row = Entitlement.objects.get(plan_id="pro", key="automation_runs")
        before = row.grace_percent
        Entitlement.objects.filter(pk=row.pk).update(grace_percent=5)
        entitlements.forget_all()
    try:
        allow("automation_runs", 100)
        heard(peers, space, "automation_runs", "100.000000000000")
        assert crowd(peers, space, "reserve", 5, automation_runs="1") == (105, 55)
    finally:
        with public_context():
            Entitlement.objects.filter(pk=row.pk).update(grace_percent=before)
            entitlements.forget_all()


@pytest.mark.parametrize("meter", ["automation_runs", "own_assistants"])
def test_a_process_that_dies_in_the_middle_gives_back(people, space, meter):
    """By the month: once its reservation has expired. What stands: at once, with its transaction."""
    peer = Peer()
    peer.begin("die_holding", act="metered", tenant_id=str(space.id), meter=meter)
    assert peer.died() == -9
    if meter == "automation_runs":
        assert counter(space, meter) == (0, 10)
        with public_context():
            open_now = Reservation.objects.filter(tenant_id=space.id, settled_at=None)
            assert open_now.update(expires_at=timezone.now() - timedelta(seconds=1)) == 1
            assert services.settle_abandoned() >= 1
    assert counter(space, meter) == (0, 0)


def test_every_process_knows_of_a_change_within_a_second(peers, people, space, allow):
    for peer in peers:
        peer.ask("until_remembered", tenant_id=str(space.id))
    took = []

    def seen(key, value):
        for peer in peers:
            peer.begin("until_limit", tenant_id=str(space.id), key=key, value=value)
        took.append(max(peer.end() for peer in peers))

    row = allow("seats", 4)
    seen("seats", "4.000000000000")
    grants.override_end(override_id=row.pk, reason="fini", actor=people.operator)
    seen("seats", "15.000000000000")
    option = grants.add_on_grant(tenant_id=space.id, add_on="unlimited_api", reason="essai", actor=people.operator)
    seen("api_calls_month", "None")
    grants.add_on_revoke(tenant_add_on_id=option.pk, reason="fini", actor=people.operator)
    seen("api_calls_month", "1000.000000000000")
    peers[0].ask("call", service="change_plan", tenant_id=str(space.id), plan="scale", reason="essai", actor="test")
    seen("seats", "100.000000000000")
    assert max(took) < 1
    with public_context():
        QuotaCounter.objects.filter(tenant_id=space.id).delete()
        TenantAddOn.objects.filter(pk=option.pk).delete()
