"""Reserve before, settle after, never an overrun."""

import threading
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection, connections

from plans.models import Entitlement
from plans.types import AI_EUROS, TOKENS
from tenants.context import public_context, tenant_context
from tenants.ids import new_id
from tenants.services import ReadOnlyWorkspace, tenant_create, tenant_delete_now, tenant_suspend
from usage import selectors, services
from usage.models import QuotaCounter, Reservation
from usage.types import Act, QuotaExceeded


def act() -> Act:
    return Act("answer", new_id())


def counter(meter: str) -> tuple[Decimal, Decimal]:
    gauge = selectors.gauge(_tenant(), meter)
    return gauge.used, gauge.reserved


def _tenant():
    from tenants.context import current_tenant

    return current_tenant()


def test_settled_use_replaces_the_reservation():
    held = services.reserve(act(), {TOKENS: Decimal(1000), AI_EUROS: Decimal("0.5")})
    assert counter(TOKENS) == (0, 1000)
    assert services.settle(held.id, {TOKENS: Decimal(300), AI_EUROS: Decimal("0.0255")})
    assert counter(TOKENS) == (300, 0)
    assert counter(AI_EUROS) == (Decimal("0.0255"), 0)


def test_settling_twice_counts_once():
    held = services.reserve(act(), {TOKENS: Decimal(1000)})
    services.settle(held.id, {TOKENS: Decimal(300)})
    assert services.settle(held.id, {TOKENS: Decimal(300)}) is False
    assert counter(TOKENS) == (300, 0)


def test_all_meters_or_none():
    with pytest.raises(QuotaExceeded) as refused:
        services.reserve(act(), {TOKENS: Decimal(10), AI_EUROS: Decimal(1_000_000)})
    assert refused.value.gauge.key == AI_EUROS
    assert refused.value.plan_name == "Pro"
    assert counter(TOKENS) == (0, 0)
    assert not Reservation.objects.exists()


def test_a_meter_no_plan_names_allows_nothing():
    with pytest.raises(QuotaExceeded):
        services.reserve(act(), {"unknown": Decimal(1)})


def test_use_above_its_bound_is_recorded_and_alarmed(caplog):
    held = services.reserve(act(), {TOKENS: Decimal(10)})
    services.settle(held.id, {TOKENS: Decimal(25)})
    assert counter(TOKENS) == (25, 0)
    assert "ALARM" in caplog.text


def test_a_suspended_workspace_reserves_nothing(people):
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    with pytest.raises(ReadOnlyWorkspace):
        services.reserve(act(), {TOKENS: Decimal(1)})
    assert not Reservation.objects.exists()


def test_an_expired_reservation_of_nobody_is_given_back():
    held = services.reserve(Act("other", new_id()), {TOKENS: Decimal(1000)})
    Reservation.objects.filter(pk=held.id).update(expires_at="2020-01-01T00:00:00Z")
    with public_context():
        assert services.settle_abandoned() == 1
    assert counter(TOKENS) == (0, 0)


@pytest.mark.committed
def test_budget_for_five_lets_five_of_twenty_through():
    """Twenty at once from threads of their own; the counter never passes the limit."""
    made = tenant_create(slug="vingt", name="Vingt", email="o@vingt.test", plan="starter", password="un-mot-de-passe")
    bound = Decimal("0.037")
    with public_context():
        limit = Entitlement.objects.get(plan_id="starter", key=AI_EUROS).limit
    try:
        with tenant_context(made.tenant):
            services.reserve(act(), {AI_EUROS: limit - 5 * bound})
            outcomes = _twenty_at_once(made.tenant, bound)
            assert outcomes.count("passed") == 5
            assert outcomes.count("refused") == 15
            assert counter(AI_EUROS) == (0, limit)
    finally:
        with public_context():
            QuotaCounter.objects.filter(tenant_id=made.tenant.id).delete()
            Reservation.objects.filter(tenant_id=made.tenant.id).delete()
            tenant_delete_now(tenant_id=made.tenant.id, typed_slug="vingt", reason="test", actor="test")


def _twenty_at_once(tenant, bound: Decimal) -> list[str]:
    outcomes: list[str] = []
    ready = threading.Barrier(20)

    def one() -> None:
        ready.wait()
        with tenant_context(tenant):
            try:
                services.reserve(act(), {AI_EUROS: bound})
                outcomes.append("passed")
            except QuotaExceeded:
                outcomes.append("refused")
            finally:
                connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.committed
def test_what_is_given_is_on_the_disk(people):
    """Whatever the connection was told before."""
    from django.db import transaction

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            services.reserve(act(), {TOKENS: Decimal(1)})
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)
        transaction.set_rollback(True)


@pytest.mark.committed
def test_a_reservation_is_one_round_trip(people):
    """With its counter there and the rights in memory; so is a settlement."""
    import time

    from django.test.utils import CaptureQueriesContext

    from plans import entitlements

    made = tenant_create(slug="tour", name="Tour", email="o@tour.test", plan="starter", password="un-mot-de-passe")
    try:
        with tenant_context(made.tenant):
            services.reserve(act(), {TOKENS: Decimal(1), AI_EUROS: Decimal(1)})
            until = time.monotonic() + 5
            while entitlements._cache.peek(str(made.tenant.id)) is None and time.monotonic() < until:
                entitlements.for_tenant(made.tenant)
            for amounts in ({TOKENS: Decimal(1)}, {TOKENS: Decimal(1), AI_EUROS: Decimal(1)}):
                with CaptureQueriesContext(connection) as sent:
                    held = services.reserve(act(), amounts)
                    services.settle(held.id, amounts)
                assert len(sent) == 2
    finally:
        with public_context():
            QuotaCounter.objects.filter(tenant_id=made.tenant.id).delete()
            Reservation.objects.filter(tenant_id=made.tenant.id).delete()
            tenant_delete_now(tenant_id=made.tenant.id, typed_slug="tour", reason="test", actor="test")


def test_a_reservation_of_the_release_before_is_settled():
    """It names no counters: its month and its meters do."""
    held = services.reserve(act(), {TOKENS: Decimal(1000), AI_EUROS: Decimal(1)})
    Reservation.objects.filter(pk=held.id).update(counters=None)
    assert services.settle(held.id, {TOKENS: Decimal(300)})
    assert (counter(TOKENS), counter(AI_EUROS)) == ((300, 0), (0, 0))


def test_a_reservation_is_settled_in_the_month_it_was_held_in():
    held = services.reserve(act(), {TOKENS: Decimal(1000)})
    QuotaCounter.objects.filter(meter=TOKENS).update(period="2020-02-01")
    services.settle(held.id, {TOKENS: Decimal(300)})
    row = QuotaCounter.objects.get(meter=TOKENS)
    assert (row.period.isoformat(), row.used, row.reserved) == ("2020-02-01", 300, 0)


def test_nothing_asked_is_nothing_held(people):
    held = services.reserve(act(), {})
    assert services.settle(held.id, {}) is True
    assert services.settle(held.id, {}) is False


def test_a_refusal_inside_a_transaction_leaves_it_whole():
    from django.db import transaction

    with transaction.atomic():
        with pytest.raises(QuotaExceeded):
            services.reserve(act(), {AI_EUROS: Decimal(1_000_000)})
        services.reserve(act(), {AI_EUROS: Decimal(1)})
    assert counter(AI_EUROS) == (0, 1)


def test_the_ledger_cannot_be_changed_by_the_application():
    from django.db import ProgrammingError

    event = services.meter(reference=UUID(int=1), provider="openai", model="m", outcome="done", cost=Decimal("0.01"))
    assert event is not None
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("UPDATE billing_usageevent SET cost = 0")
