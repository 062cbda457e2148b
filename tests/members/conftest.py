"""Invitations and members of `home`, whose plan has room for a given number of seats."""

import re
from decimal import Decimal

import pytest

from accounts.models import User
from mailing.models import OutboxMessage
from plans.entitlements import for_tenant
from tenants.context import public_context
from usage.models import QuotaCounter
from workspace.seats import seats_taken


def counted(people):
    """Seats as the counter has them; None before any act."""
    with public_context():
        row = QuotaCounter.objects.filter(tenant_id=people.home.id, meter="seats").first()
    return None if row is None else int(row.used)


@pytest.fixture
def with_seats(people, monkeypatch):
    """`with_seats(n)`: the plan has room for `n` more than are taken."""

    def give(more):
        rights, ceiling = for_tenant(people.home).right("seats"), Decimal(seats_taken() + more)
        monkeypatch.setattr(type(rights), "ceiling", property(lambda _self: ceiling))

    return give


def links(people):
    """Paths of the invitations mailed, by address."""
    with public_context():
        rows = OutboxMessage.objects.filter(tenant_id=people.home.id).order_by("created_at")
        return {
            row.to[0]: re.search(r"/invitations/[^\s]+/", row.text)[0] for row in rows if "/invitations/" in row.text
        }


def fresh(person):
    return User.objects.filter(pk=person.pk).first()
