"""Whose data may be touched right now: none, the public schema, or one workspace.

One ContextVar is the only truth. The database backend, cache keys, file paths, jobs, log lines and signing salts
read it; nothing reads `connection.schema_name`, which in async code is always public. With no context any query
raises `NoTenant`: a missing tenant is an error, never a default.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

PUBLIC_SCHEMA: Final = "public"


class NoTenant(RuntimeError):
    """Raised when data is asked for with no workspace (nor the public schema) in context."""


@dataclass(frozen=True, slots=True)
class TenantRef:
    """What a request needs to know of its workspace, without a query. `state` is a value of `Tenant.State`."""

    id: UUID
    schema_name: str
    slug: str
    name: str
    state: str
    plan_code: str
    language: str
    domain: str
    file_prefix: str
    brand_hue: int | None = None
    logo: str = ""
    trial_ends_at: datetime | None = None
    version: int = 0
    # Digest of the migrations the schema has.
    applied: str = ""

    @property
    def writable(self) -> bool:
        """False where the workspace may be read only (suspended, closed)."""
        return self.state in WRITABLE_STATES


@dataclass(frozen=True, slots=True)
class SchemaOnly:
    """A bare schema, for migrations. It has no workspace: no cache, no files, no jobs."""

    schema_name: str
    include_public: bool = True


WRITABLE_STATES: Final = frozenset({"trial", "active", "past_due"})
PUBLIC: Final = SchemaOnly(PUBLIC_SCHEMA)
Context = TenantRef | SchemaOnly

_current: ContextVar[Context | None] = ContextVar("ruche_tenant", default=None)


def peek() -> Context | None:
    """The context, or None where there is none. For log lines and the backend; everybody else calls `current`."""
    return _current.get()


def current() -> Context:
    """The context. Raises `NoTenant` where there is none."""
    context = _current.get()
    if context is None:
        raise NoTenant("No workspace in context: enter tenant_context(...) or public_context() first.")
    return context


def current_tenant() -> TenantRef:
    """The workspace in context. Raises `NoTenant` in the public schema and where there is none."""
    context = current()
    if not isinstance(context, TenantRef):
        raise NoTenant("This acts inside a workspace, and the context is not one.")
    return context


def scope_key() -> str:
    """Prefix of whatever belongs to the context alone: cache keys, signing salts."""
    context = current()
    if isinstance(context, TenantRef):
        return f"t:{context.id}"
    if context is PUBLIC:
        return "public"
    raise NoTenant("A bare schema has no cache, no files and no signatures.")


def search_path() -> str:
    """The SQL list of schemas for `SET search_path`. Names are our own, checked at creation."""
    context = current()
    if context.schema_name == PUBLIC_SCHEMA:
        return PUBLIC_SCHEMA
    if isinstance(context, SchemaOnly) and not context.include_public:
        return f'"{context.schema_name}"'
    return f'"{context.schema_name}", {PUBLIC_SCHEMA}'


@contextmanager
def tenant_context(tenant: TenantRef) -> Iterator[TenantRef]:
    """Act inside one workspace; the former context comes back at the end."""
    token = _current.set(tenant)
    try:
        yield tenant
    finally:
        _current.reset(token)


@contextmanager
def public_context() -> Iterator[None]:
    """Act in the public schema; the former context comes back at the end."""
    token = _current.set(PUBLIC)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def no_context() -> Iterator[None]:
    """Act with no context at all: jobs and tests start from here."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def schema_context(schema_name: str, *, include_public: bool = True) -> Iterator[None]:
    """Act in a bare schema. For migrations and baselines only."""
    token = _current.set(SchemaOnly(schema_name, include_public))
    try:
        yield
    finally:
        _current.reset(token)


def set_bare_schema(schema_name: str, *, include_public: bool = True) -> None:
    """What django-tenants' own commands call through `connection.set_schema`. It stays until changed."""
    _current.set(PUBLIC if schema_name == PUBLIC_SCHEMA else SchemaOnly(schema_name, include_public))


def set_context(context: Context) -> None:
    """Put a context back, as django-tenants' commands do with `connection.set_tenant`."""
    _current.set(context)
