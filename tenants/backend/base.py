"""django-tenants' database backend, with the search path taken from our context.

The path is right before each statement, whoever sends it: Django's cursors, the driver's, or a handle on the
connection that is older than the context (tenants/backend/path.py; measured leaks: design, "Tenancy").
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import NotSupportedError
from django.db.backends.base.base import NO_DB_ALIAS
from django.utils.asyncio import async_unsafe
from django_tenants.postgresql_backend import base

from tenants import context
from tenants.backend import path


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection whose search path always is the context's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ready = False
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._execute_in_context)
        self._ready = True

    # -- every cursor of the connection asks for the context

    def get_connection_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_connection_params()
        on_server = self.settings_dict["OPTIONS"].get("server_side_binding") is True
        return parameters | {"cursor_factory": path.ServerBindingCursor if on_server else path.Cursor}

    @async_unsafe
    def connect(self) -> None:
        super().connect()
        path.path_of(self.connection).watched = self.alias != NO_DB_ALIAS

    def _close(self) -> Any:
        if self.connection is not None:
            path.path_of(self.connection).watched = False
        return super()._close()

    def is_usable(self) -> bool:
        with self._unwatched():
            return bool(super().is_usable())

    @contextmanager
    def _unwatched(self) -> Iterator[None]:
        """For a statement that touches no table and is sent between requests, where there is no context."""
        known = path.path_of(self.connection) if self.connection is not None else path.Path()
        before, known.watched = known.watched, False
        try:
            yield
        finally:
            known.watched = before

    def _cursor(self, name: str | None = None) -> Any:
        if self.alias != NO_DB_ALIAS:
            context.current()
        return super()._cursor(name)

    def _execute_in_context(self, execute: Any, sql: Any, params: Any, many: bool, told: dict[str, Any]) -> Any:
        """For Django's cursors on the server, whose class cannot be chosen."""
        if self.connection is not None:
            path.follow(self.connection)
        return execute(sql, params, many, told)

    def _handle_search_path(self, cursor: Any = None) -> None:
        """django-tenants' own way, called at each cursor: each statement does it."""

    # -- django-tenants' interface, written through to the context

    @property
    def schema_name(self) -> str:
        return context.current().schema_name

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        """Set by the parent's constructor only; the context is the truth."""

    @property
    def tenant(self) -> context.Context | None:
        return context.peek()

    @tenant.setter
    def tenant(self, value: object) -> None:
        """Set by the parent's constructor only; the context is the truth."""

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        if not self._ready:
            return
        if isinstance(tenant, (context.TenantRef, context.SchemaOnly)):
            context.set_context(tenant)
        elif tenant is not None:
            context.set_bare_schema(tenant.schema_name, include_public=include_public)
        else:
            raise NotSupportedError("set_tenant(None)")

    def set_schema(self, schema_name: str, include_public: bool = True, tenant_type: str | None = None) -> None:
        if self._ready:
            context.set_bare_schema(schema_name, include_public=include_public)
