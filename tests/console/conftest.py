"""The operator at the console, and a few figures to look at."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tenants.context import public_context, tenant_context
from tenants.ids import new_id
from tests.cast import Cast


@pytest.fixture(autouse=True)
def in_public(in_workspace: None) -> Iterator[None]:
    """The console lives in the public schema, and so do its tests."""
    with public_context():
        yield


@pytest.fixture
def console(client_for: Callable[..., Client], cast: Cast) -> Client:
    return client_for(cast.operator)


@pytest.fixture
def spend(cast: Cast) -> Callable[..., Any]:
    """Write one act of a workspace in the ledger and in the figures of the day, as an answer does."""
    from analytics.services import record
    from billing.services import meter

    def write(tenant: Any, cost: str, tokens: int = 300, **fields: Any) -> Any:
        values = {
            "reference": new_id(),
            "provider": "openai",
            "model": "gpt-4o-mini",
            "outcome": "done",
            "input_tokens": tokens,
            "cost": Decimal(cost),
        } | fields
        with tenant_context(tenant):
            event = meter(**values)
            record(contents=1, answers=1, tokens=tokens, cost=Decimal(cost))
        return event

    return write
