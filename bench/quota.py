"""The quota of one workspace under many hands: how fast it moves, and whether it ever gives out too much."""

import threading
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
from django.db import connections
from psycopg import conninfo

from bench.figures import spread
from tenants.context import TenantRef, public_context, tenant_context

HANDS = 8
ROUNDS = 3
AMOUNT = Decimal(10)


def measure(operations: int) -> dict[str, Any]:
    """Reservations by eight threads at once, against the bare UPDATE alone; then more of them than fit."""
    tenant, allowed = _workspace()
    found = _in_turn(
        {
            "raw": _bare(tenant),
            "reserve": _reserving(tenant, settle=False),
            "settled": _reserving(tenant, settle=True),
        },
        operations // ROUNDS,
    )
    ratios = [ours / raw for ours, raw in zip(found["reserve"], found["raw"], strict=True)]
    with public_context():
        _limit(allowed, tenant, room=operations // 4)
    _seconds, given = _many(operations, _reserving(tenant, settle=False))
    spreads = {
        "vs_raw_update": spread(ratios, 3),
        "ops_per_s": spread(found["reserve"], 0),
        "reserved_and_settled_per_s": spread(found["settled"], 0),
        "raw_ops_per_s": spread(found["raw"], 0),
    }
    return {
        **{name: value["median"] for name, value in spreads.items()},
        "asked": operations,
        "fitted": operations // 4,
        "given": given,
        "overshoot": max(0, given - operations // 4),
        "spread": spreads,
    }


def _workspace() -> tuple[TenantRef, Any]:
    """A workspace without a limit, and the row that would be its limit."""
    from plans.models import Entitlement, Plan
    from plans.types import TOKENS
    from tenants.services import tenant_create

    with public_context():
        plan = Plan.objects.create(code="mesure", name="Mesure", month_price=1, year_price=10)
        allowed = Entitlement.objects.create(plan=plan, key=TOKENS, label="Jetons", limit=None)
        made = tenant_create(slug="quota", name="Quota", email="x@quota.test", plan="mesure", password="un-mot-solide")
    # The counter's row is made by the first reservation.
    _reserving(made.tenant, settle=True)(1)
    return made.tenant, allowed


def _in_turn(hands: "dict[str, Hand]", operations: int) -> dict[str, list[float]]:
    """Operations a second of each kind, round by round: what slows the machine for a while slows all."""
    found: dict[str, list[float]] = {name: [] for name in hands}
    for _ in range(ROUNDS):
        for name, hand in hands.items():
            seconds, _given = _many(operations, hand)
            found[name].append(operations / seconds)
    return found


def _limit(allowed: Any, tenant: TenantRef, *, room: int) -> None:
    from plans import entitlements
    from usage.models import QuotaCounter

    counter = QuotaCounter.objects.get(tenant_id=tenant.id, meter=allowed.key)
    allowed.limit = counter.used + counter.reserved + room * AMOUNT
    allowed.save()
    entitlements.forget_all()


Hand = Callable[[int], int]


def _reserving(tenant: TenantRef, *, settle: bool) -> Hand:
    """A hand that reserves so many times, and settles if told to; it returns how many were given."""
    from plans.types import TOKENS
    from usage import services
    from usage.types import Act, QuotaExceeded

    def hand(times: int) -> int:
        given = 0
        with tenant_context(tenant):
            for _ in range(times):
                try:
                    held = services.reserve(Act("answer", uuid.uuid4()), {TOKENS: AMOUNT})
                except QuotaExceeded:
                    continue
                given += 1
                if settle:
                    services.settle(held.id, {TOKENS: AMOUNT})
        connections.close_all()
        return given

    return hand


def _bare(tenant: TenantRef) -> Hand:
    """The conditional UPDATE alone, as short as it can be, each in its own durable transaction."""
    from django.db import connection

    from usage.models import QuotaCounter

    settings = connection.settings_dict
    where = conninfo.make_conninfo(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
    )
    table = f"public.{QuotaCounter._meta.db_table}"
    sql = f"UPDATE {table} SET reserved = reserved + 1 WHERE tenant_id = %s AND used + reserved + 1 <= 1e18"

    def hand(times: int) -> int:
        with psycopg.connect(where, autocommit=True) as raw:
            # As `reserve` sets it: what was given is on the disk.
            raw.execute("SET synchronous_commit = on")
            return sum(raw.execute(sql.encode(), [tenant.id]).rowcount for _ in range(times))

    return hand


def _many(operations: int, hand: Hand) -> tuple[float, int]:
    """Seconds that all hands together took, and what they got."""
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(hand(operations // HANDS))) for _ in range(HANDS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    if len(got) != HANDS:
        raise RuntimeError("a hand failed: its traceback is above")
    return seconds, sum(got)
