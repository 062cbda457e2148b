"""What the operator gives, in the workspace under test."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from plans import grants
from plans.models import AddOn, Entitlement
from tenants.context import public_context
from tests.library.conftest import no_files_left, upload

__all__ = ["give", "grant", "no_files_left", "upload"]


@pytest.fixture
def grant(people) -> Any:
    """`grant("seats", 3, days=1)`: an exception for `home`."""

    def make(key: str, limit: Any, *, days: float | None = None) -> Any:
        until = timezone.now() + timedelta(days=days) if days else None
        return grants.override_grant(
            tenant_id=people.home.id, key=key, limit=limit, reason="essai", actor=people.operator, expires_at=until
        )

    return make


@pytest.fixture
def give(people) -> Any:
    """`give("analytics")`: an option for `home`. With rights, an option made for the test."""

    def make(code: str, quantity: int = 1, days: float | None = None, **gives: Any) -> Any:
        with public_context():
            if gives:
                option = AddOn.objects.create(code=code, name=code.title(), month_price=1)
                for key, limit in gives.items():
                    Entitlement.objects.create(add_on=option, key=key, label=key, limit=limit)
        until = timezone.now() + timedelta(days=days) if days else None
        return grants.add_on_grant(
            tenant_id=people.home.id, add_on=code, quantity=quantity, reason="essai", actor=people.operator, until=until
        )

    return make
