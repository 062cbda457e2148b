"""Signed values that are valid in one workspace only: its id is in the salt."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core import signing

from tenants import context

BadSignature = signing.BadSignature
SignatureExpired = signing.SignatureExpired


def _salt(purpose: str) -> str:
    return f"{context.scope_key()}:{purpose}"


def sign(purpose: str, value: Any) -> str:
    """A URL-safe signed form of a JSON value, valid for one purpose in one workspace."""
    return signing.dumps(value, salt=_salt(purpose))


def unsign_of(tenant_id: UUID, purpose: str, text: str) -> Any:
    """The value that `sign` signed in a workspace's context, before it is entered. Raises `BadSignature`."""
    return signing.loads(text, salt=f"{context.scope_of(tenant_id)}:{purpose}")


def unsign(purpose: str, text: str, *, max_age: timedelta | None = None) -> Any:
    """The value signed by `sign`. Raises `BadSignature` (also in another workspace) or `SignatureExpired`."""
    return signing.loads(text, salt=_salt(purpose), max_age=max_age)
