"""Quota of one workspace under concurrent reservations: throughput, and overshoot."""

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

THREADS = 8
ROUNDS = 3
AMOUNT = Decimal(10)


def measure(operations: int) -> dict[str, Any]:
    """Concurrent reservations compared with bare UPDATEs, then more reservations than the limit allows."""
    tenant, entitlement = _workspace()
    rates = _alternate(
        {
            "raw": _update_worker(tenant),
            "reserve": _reserve_worker(tenant, settle=False),
            "settled": _reserve_worker(tenant, settle=True),
        },
        operations // ROUNDS,
    )
    ratios = [ours / raw for ours, raw in zip(rates["reserve"], rates["raw"], strict=True)]
    with public_context():
        _set_limit(entitlement, tenant, room=operations // 4)
    _seconds, granted = _run_threads(operations, _reserve_worker(tenant, settle=False))
    spreads = {
        "vs_raw_update": spread(ratios, 3),
        "ops_per_s": spread(rates["reserve"], 0),
        "reserved_and_settled_per_s": spread(rates["settled"], 0),
        "raw_ops_per_s": spread(rates["raw"], 0),
    }
    return {
        **{name: value["median"] for name, value in spreads.items()},
        "asked": operations,
        "fitted": operations // 4,
        "given": granted,
        "overshoot": max(0, granted - operations // 4),
        "spread": spreads,
    }


def _workspace() -> tuple[TenantRef, Any]:
    """A workspace without a limit, and the `Entitlement` row that can limit it."""
    from plans.models import Entitlement, Plan
    from plans.types import TOKENS
    from tenants.services import tenant_create

    with public_context():
        plan = Plan.objects.create(code="mesure", name="Mesure", month_price=1, year_price=10)
        entitlement = Entitlement.objects.create(plan=plan, key=TOKENS, label="Jetons", limit=None)
        created = tenant_create(
            slug="quota", name="Quota", email="x@quota.test", plan="mesure", password="un-mot-solide"
        )
    # The first reservation creates the counter.
    _reserve_worker(created.tenant, settle=True)(1)
    return created.tenant, entitlement


def _alternate(workers: "dict[str, Worker]", operations: int) -> dict[str, list[float]]:
    """Operations per second of each kind in each round. Kinds alternate, so that a slow phase affects all."""
    rates: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(ROUNDS):
        for name, worker in workers.items():
            seconds, _granted = _run_threads(operations, worker)
            rates[name].append(operations / seconds)
    return rates


def _set_limit(entitlement: Any, tenant: TenantRef, *, room: int) -> None:
    from plans import entitlements
    from usage.models import QuotaCounter

    counter = QuotaCounter.objects.get(tenant_id=tenant.id, meter=entitlement.key)
    entitlement.limit = counter.used + counter.reserved + room * AMOUNT
    entitlement.save()
    entitlements.forget_all()


Worker = Callable[[int], int]


def _reserve_worker(tenant: TenantRef, *, settle: bool) -> Worker:
    """A worker that reserves (and settles) `count` times and returns the number granted."""
    from plans.types import TOKENS
    from usage import services
    from usage.types import Act, QuotaExceeded

    def worker(count: int) -> int:
        granted = 0
        with tenant_context(tenant):
            for _ in range(count):
                try:
                    reservation = services.reserve(Act("answer", uuid.uuid4()), {TOKENS: AMOUNT})
                except QuotaExceeded:
                    continue
                granted += 1
                if settle:
                    services.settle(reservation.id, {TOKENS: AMOUNT})
        connections.close_all()
        return granted

    return worker


def _update_worker(tenant: TenantRef) -> Worker:
    """A worker that runs the bare conditional UPDATE, each in its own durable transaction."""
    from django.db import connection

    from usage.models import QuotaCounter

    settings = connection.settings_dict
    dsn = conninfo.make_conninfo(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
    )
    table = f"public.{QuotaCounter._meta.db_table}"
    sql = f"UPDATE {table} SET reserved = reserved + 1 WHERE tenant_id = %s AND used + reserved + 1 <= 1e18"

    def worker(count: int) -> int:
        with psycopg.connect(dsn, autocommit=True) as raw:
            # As in `reserve`: a reservation is durable.
            raw.execute("SET synchronous_commit = on")
            return sum(raw.execute(sql.encode(), [tenant.id]).rowcount for _ in range(count))

    return worker


def _run_threads(operations: int, worker: Worker) -> tuple[float, int]:
    """Seconds of all threads together, and the sum of their counts."""
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(worker(operations // THREADS))) for _ in range(THREADS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    if len(counts) != THREADS:
        raise RuntimeError("a thread failed: its traceback is above")
    return seconds, sum(counts)
