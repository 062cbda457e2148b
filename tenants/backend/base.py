"""django-tenants' database backend, with the search path taken from our context.

The path is checked before each statement, from Django's cursors, the driver's cursors, or a connection that was opened
before the context was set (tenants/backend/path.py). Checking only at the start of a request leaked rows between
workspaces.
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
    """A connection whose search path always matches the context."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ready = False
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._execute_in_context)
        self._ready = True

    # -- every cursor of the connection requires a context

    def get_connection_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_connection_params()
        binds_on_server = self.settings_dict["OPTIONS"].get("server_side_binding") is True
        return parameters | {"cursor_factory": path.ServerBindingCursor if binds_on_server else path.Cursor}

    @async_unsafe
    def connect(self) -> None:
        super().connect()
        path.path_of(self.connection).watched = self.alias != NO_DB_ALIAS

    def _close(self) -> Any:
        if self.connection is not None:
            path.path_of(self.connection).watched = False
        return super()._close()

    def is_usable(self) -> bool:
        with self._without_watch():
            return bool(super().is_usable())

    @contextmanager
    def _without_watch(self) -> Iterator[None]:
        """Skip the check for a statement that reads no table and is sent without a context (a health check)."""
        state = path.path_of(self.connection) if self.connection is not None else path.Path()
        before, state.watched = state.watched, False
        try:
            yield
        finally:
            state.watched = before

    def _cursor(self, name: str | None = None) -> Any:
        if self.alias != NO_DB_ALIAS:
            context.current()
        return super()._cursor(name)

    def _execute_in_context(
        self, execute: Any, sql: Any, params: Any, many: bool, execute_context: dict[str, Any]
    ) -> Any:
        """For Django's server-side cursors, whose class cannot be configured."""
        if self.connection is not None:
            path.follow(self.connection)
        return execute(sql, params, many, execute_context)

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Does nothing: django-tenants calls it for each cursor; here each statement checks the path."""

    # -- django-tenants' interface, which reads and writes the context

    @property
    def schema_name(self) -> str:
        return context.current().schema_name

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        """Ignored: only the parent's constructor sets it, and the context decides."""

    @property
    def tenant(self) -> context.Context | None:
        return context.peek()

    @tenant.setter
    def tenant(self, value: object) -> None:
        """Ignored: only the parent's constructor sets it, and the context decides."""

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
