"""Log lines carry the workspace and the request they belong to."""

import logging
from contextvars import ContextVar

from tenants.context import TenantRef, peek

request_id: ContextVar[str] = ContextVar("ruche_request_id", default="-")


class ContextFilter(logging.Filter):
    """Adds `tenant` and `request_id` to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = peek()
        record.tenant = context.slug if isinstance(context, TenantRef) else (context.schema_name if context else "-")
        record.request_id = request_id.get()
        return True
