"""Recording of a fact in the transaction of its act, and the rerun of failed deliveries."""

import json
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from events.facts import Fact, to_json
from events.models import Delivery, StoredFact
from events.types import Consumer
from tenants import bell
from tenants.context import PUBLIC, NoTenant, TenantRef, current
from tenants.ids import new_id

DRAIN: Final = "events.jobs.drain"
_FACTS: Final = StoredFact._meta.db_table
_DELIVERIES: Final = Delivery._meta.db_table
_FACT: Final = (
    f"INSERT INTO {_FACTS} (id, tenant_id, name, version, subject_id, actor_id, data, at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s)"
)


def record(fact: Fact) -> UUID:
    """Insert a fact and its deliveries, in one statement and in the caller's transaction. Returns the fact's id.

    The fact belongs to the workspace in context; in the public context, to the platform. Raises `NoTenant` without a
    context, `RuntimeError` without a transaction and `Unfit` for a value that is not of its field's type.
    """
    context = current()
    if not (isinstance(context, TenantRef) or context is PUBLIC):
        raise NoTenant("A bare schema has no facts.")
    if not connection.in_atomic_block:
        raise RuntimeError("record() needs the transaction of the fact: without one it may be told of nothing")
    key, now = new_id(), timezone.now()
    tenant_id = context.id if isinstance(context, TenantRef) else None
    data = json.dumps(to_json(fact))
    values: list[Any] = [key, tenant_id, fact.NAME, fact.VERSION, fact.subject_id, fact.actor_id, data, now]
    consumers = consumers_of(fact.NAME)
    sql = _FACT
    if consumers:
        rows = ", ".join(["(%s, %s, %s, 0, %s)"] * len(consumers))
        sql = f"WITH fact AS ({_FACT}) INSERT INTO {_DELIVERIES} (id, fact_id, consumer, tries, due_at) VALUES {rows}"
        for consumer in consumers:
            values += [new_id(), key, consumer, now]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
    if consumers:
        schedule_drain()
    return key


def consumers_of(name: str) -> tuple[str, ...]:
    """The keys of settings.EVENT_CONSUMERS that receive facts of this name."""
    consumers: dict[str, Consumer] = settings.EVENT_CONSUMERS
    return tuple(key for key, consumer in consumers.items() if name in consumer.facts)


def schedule_drain() -> None:
    """Have the outbox drained after the commit, once for all facts of the transaction."""
    # Hooks are (savepoints, function, robust). Django removes those of a savepoint that is rolled back.
    if not any(hook[1] is _ring for hook in connection.run_on_commit):
        transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    bell.ring(DRAIN)


def deliveries_rerun(keys: Iterable[UUID]) -> list[Delivery]:
    """Reset the tries of dead letters, in the public schema. Returns those among the keys that were dead."""
    with transaction.atomic():
        dead_rows = Delivery.objects.select_for_update().filter(pk__in=list(keys)).exclude(dead_at=None)
        rows = list(dead_rows.select_related(None).order_by("pk"))
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            tries=0, due_at=timezone.now(), dead_at=None, error=""
        )
        if rows:
            schedule_drain()
    return rows
