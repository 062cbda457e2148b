"""Whatever happened, and however it was told: the workspace ends where Stripe's final objects say."""

import io
import json
import os
import random
import time
from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from accounts.models import AuditEntry
from billing.stripe import scheduled
from billing.stripe.sync import refresh
from mailing.models import OutboxMessage
from plans.models import TenantAddOn
from tenants.context import public_context
from tenants.models import Tenant
from tests.billing.stripe.conftest import Buyer, deliver
from tests.billing.stripe.histories import History, Prices, implied, prices

HISTORIES = int(os.environ.get("RUCHE_HISTORIES", "64"))
LATEST = 90
seen: Counter[str] = Counter()


@pytest.mark.parametrize("part", range(2))
def test_random_histories_end_where_stripe_says(part, buyer, fake, people):
    known = prices()
    for number in range(part, HISTORIES, 2):
        with transaction.atomic():
            _one(random.Random(number), fake, people, known)
            transaction.set_rollback(True)
    assert len(seen) >= 4, seen


def _one(dice: random.Random, fake: Any, people: Any, known: Prices) -> None:
    one = Buyer(fake, people.home, days_ago=dice.choice([20, 50, LATEST, 400]))
    fake.take()
    history = History(one, dice, known)
    history.live()
    said = str(history.steps)
    lossless = _told(fake.take(), dice)
    expected = implied(one.customer, "trial", time.time(), known)
    if lossless:
        assert _found(people, expected) == expected, f"told, {said}"
    with public_context():
        scheduled.run_due()
    differing = _reconcile()
    assert lossless is False or not [row for row in differing if not row["for_people"]], (differing, said)
    assert _found(people, expected) == expected, said
    if differing:
        assert not [row for row in _reconcile() if not row["for_people"]], said
    _each_move_has_its_reason()
    _nothing_is_told_twice(people, said)
    seen[expected[0]] += 1


def _told(sent: list[dict[str, Any]], dice: random.Random) -> bool:
    """Some of it, in any order, some of it twice; True where at least the last word came through."""
    heard = [event for event in sent if event["type"].startswith(("customer.subscription", "invoice.", "customer."))]
    if dice.random() < 0.3:
        heard = dice.sample(heard, dice.randint(0, min(2, len(heard))))
    else:
        heard = dice.sample(heard, min(dice.randint(1, 4), len(heard)))
    heard += dice.sample(heard, len(heard) // 3)
    for event in heard:
        deliver(event)
    return bool(heard)


def _reconcile() -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("billing_reconcile", "--json", "--repair", stdout=out)
    found: list[dict[str, Any]] = json.loads(out.getvalue())
    return found


def _found(people: Any, expected: Any) -> tuple[str, str, set[str]]:
    with public_context():
        tenant = Tenant.objects.get(pk=people.home.id)
        held = TenantAddOn.objects.filter(tenant_id=people.home.id, until=None, source="stripe")
        return tenant.state, tenant.plan_code if expected[1] else "", set(held.values_list("add_on_id", flat=True))


def _nothing_is_told_twice(people: Any, said: str) -> None:
    with public_context():
        told = OutboxMessage.objects.count()
        refresh(people.home.id)
        assert OutboxMessage.objects.count() == told, said


def _each_move_has_its_reason() -> None:
    moves = AuditEntry.objects.filter(action="tenant.state_changed")
    assert all(move.details["reason"] and move.actor == "Stripe" for move in moves)
