"""django-tenants' database backend, with the search path taken from our context.

The path is set when a connection is checked out and whenever the context differs from it, before a statement or a
raw driver cursor can run. PostgreSQL undoes a SET with the transaction it ran in, so after a transaction in which
we changed the path it counts as unknown and is set again (measured leaks: design, "Tenancy").
"""

from typing import Any

from django.db import NotSupportedError
from django.db.backends.base.base import NO_DB_ALIAS
from django.utils.asyncio import async_unsafe
from django_tenants.postgresql_backend import base
from psycopg.pq import TransactionStatus

from tenants import context


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection whose search path always is the context's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._raw: Any = None
        self._path: str | None = None
        self._path_set_in_transaction = False
        self._leaving = False
        self._ready = False
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._execute_in_context)
        self._ready = True

    # -- the raw connection: whoever takes it, for a cursor of Django's or of the driver's, gets the right path

    @property
    def connection(self) -> Any:
        raw = self._raw
        if raw is not None and not self._between_transactions() and context.peek() is not None:
            self._sync_path(raw)
        return raw

    @connection.setter
    def connection(self, raw: Any) -> None:
        self._raw = raw
        self._path = None
        self._path_set_in_transaction = False

    def _between_transactions(self) -> bool:
        """At connecting, at the end of a transaction, at check-in: a SET there would open a transaction of its own.

        Entering a transaction still counts as autocommit: the path is set before BEGIN, so that no rollback undoes it.
        """
        return self._leaving or not (self.autocommit or self.in_atomic_block)

    def _sync_path(self, raw: Any) -> None:
        wanted = context.search_path()
        if wanted == self._path or self.alias == NO_DB_ALIAS or raw.closed:
            return
        status = raw.info.transaction_status
        if status == TransactionStatus.INERROR:
            # Only a rollback can follow, and it runs in any path.
            self._path = None
            return
        raw.execute(f"SET search_path = {wanted}", prepare=False)
        self._path = wanted
        self._path_set_in_transaction = raw.info.transaction_status != TransactionStatus.IDLE

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        raw = super().get_new_connection(conn_params)
        if not raw.autocommit:
            # New, or handed back to the pool in mid-transaction: our first SET must not open one.
            raw.autocommit = True
        return raw

    def _forget_path_of_transaction(self) -> None:
        if self._path_set_in_transaction:
            self._path = None
            self._path_set_in_transaction = False

    def _cursor(self, name: str | None = None) -> Any:
        if self.alias != NO_DB_ALIAS:
            context.current()
        return super()._cursor(name)

    def create_cursor(self, name: str | None = None) -> Any:
        if context.peek() is not None:
            self._sync_path(self._raw)
        return super().create_cursor(name)

    def _execute_in_context(self, execute: Any, sql: Any, params: Any, many: bool, told: dict[str, Any]) -> Any:
        """A cursor may be older than the context it is used in."""
        if self.alias != NO_DB_ALIAS:
            context.current()
            self._sync_path(self._raw)
        return execute(sql, params, many, told)

    def _handle_search_path(self, cursor: Any = None) -> None:
        """django-tenants' own way, called at each cursor: the connection property has done it."""

    # -- events that may undo a SET

    def _commit(self) -> None:
        # A COMMIT of a failed transaction is a silent ROLLBACK.
        try:
            super()._commit()
        finally:
            self._forget_path_of_transaction()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._forget_path_of_transaction()

    @async_unsafe
    def savepoint_rollback(self, sid: str) -> None:
        try:
            super().savepoint_rollback(sid)
        finally:
            if self._path_set_in_transaction:
                self._path = None

    @async_unsafe
    def close(self) -> None:
        self._leaving = True
        try:
            super().close()
        finally:
            self._leaving = False

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
