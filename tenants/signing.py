"""Signed values that are valid in one workspace only: its id is in the salt."""

from datetime import timedelta
from typing import Any

from django.core import signing

from tenants import context

BadSignature = signing.BadSignature
SignatureExpired = signing.SignatureExpired


def _salt(purpose: str) -> str:
    return f"{context.scope_key()}:{purpose}"


def sign(purpose: str, value: Any) -> str:
    """A URL-safe signed form of a JSON value, valid for one purpose in one workspace."""
    return signing.dumps(value, salt=_salt(purpose))


def unsign(purpose: str, text: str, *, max_age: timedelta | None = None) -> Any:
    """The value signed by `sign`. Raises `BadSignature` (also in another workspace) or `SignatureExpired`."""
    return signing.loads(text, salt=_salt(purpose), max_age=max_age)
