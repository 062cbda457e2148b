"""Badges of workspace states, with the same colour on every page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tenants import state_badge
from tenants.models import Tenant
from usage.models import UsageEvent
from usage.outcome_badge import outcome_badge


def test_each_state_has_a_badge_kind() -> None:
    assert set(state_badge.KINDS) == set(Tenant.State.values)


def test_row_without_workspace_shows_a_dash() -> None:
    assert state_badge.state_badge(None) == "—"


@pytest.mark.parametrize("path", ["/admin/", "/admin/tenants/tenant/", "/admin/billing/subscription/"])
def test_pages_use_the_shared_table(
    console: Client, subscribe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    subscribe(1, state="past_due")
    monkeypatch.setitem(state_badge.KINDS, "past_due", "of-this-test")
    assert "rc-badge-of-this-test" in console.get(path).content.decode()


@pytest.mark.parametrize("outcome", UsageEvent.Outcome.values)
def test_each_outcome_of_a_usage_event_has_a_badge(outcome):
    assert "rc-badge-" in outcome_badge(UsageEvent(outcome=outcome))
