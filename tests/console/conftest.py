"""The operator at the console, and a few figures to look at."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Subscription
from tenants.context import public_context, tenant_context
from tenants.ids import new_id
from tenants.models import Tenant
from tests.billing.stripe.conftest import buyer, fake, owing, server
from tests.people import People

__all__ = ["buyer", "fake", "owing", "server"]


@pytest.fixture(autouse=True)
def in_public(in_workspace: None) -> Iterator[None]:
    """The console lives in the public schema, and so do its tests."""
    with public_context():
        yield


@pytest.fixture
def console(client_for: Callable[..., Client], people: People) -> Client:
    return client_for(people.operator)


@pytest.fixture
def spend(people: People) -> Callable[..., Any]:
    """Write one act of a workspace in the ledger and in the figures of the day, as an answer does."""
    from analytics.services import record
    from usage.services import meter

    def write(tenant: Any, cost: str, tokens: int = 300, **fields: Any) -> Any:
        values = {
            "reference": new_id(),
            "provider": "openai",
            "model": "gpt-6-luna",
            "outcome": "done",
            "input_tokens": tokens,
            "cost": Decimal(cost),
        } | fields
        with tenant_context(tenant):
            event = meter(**values)
            record(contents=1, answers=1, tokens=tokens, cost=Decimal(cost))
        return event

    return write


@pytest.fixture
def subscribe() -> Callable[..., list[Subscription]]:
    """`subscribe(n, **fields)`: so many workspaces with a subscription each."""

    def make(number: int = 1, **fields: Any) -> list[Subscription]:
        rows = []
        for _ in range(number):
            key = new_id()
            slug = f"abonne-{key.hex[-8:]}"
            Tenant.objects.create(
                id=key,
                slug=slug,
                name=slug,
                email="a@b.test",
                schema_name=f"w_{slug}",
                state=fields.get("state", "active"),
            )
            given = {
                "stripe_customer_id": f"cus_{key.hex}",
                "stripe_id": f"sub_{key.hex}",
                "status": "active",
                "plan_code": "pro",
                "interval": "month",
                "mrr_euros": 149,
                "period_end": timezone.now() + timedelta(days=9),
            }
            known = {name: value for name, value in fields.items() if name != "state"}
            rows.append(Subscription.objects.create(tenant_id=key, **given | known))
        return rows

    return make
