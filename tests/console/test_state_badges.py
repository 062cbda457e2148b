"""The state of a workspace has one colour on every page of the console."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tenants import state_badge
from tenants.models import Tenant


def test_each_state_has_a_kind() -> None:
    assert set(state_badge.KINDS) == set(Tenant.State.values)


def test_a_row_without_a_workspace_has_a_dash() -> None:
    assert state_badge.state_badge(None) == "—"


@pytest.mark.parametrize("path", ["/admin/", "/admin/tenants/tenant/", "/admin/billing/subscription/"])
def test_pages_read_the_one_table(
    console: Client, subscribe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    subscribe(1, state="past_due")
    monkeypatch.setitem(state_badge.KINDS, "past_due", "of-this-test")
    assert "rc-badge-of-this-test" in console.get(path).content.decode()
