"""Logging: records carry the workspace and the request id, and one event is one line."""

import logging
import re
from contextvars import ContextVar
from typing import Any

from tenants.context import TenantRef, peek

# Control characters and Unicode line separators: written into a path, a header or a name, they would forge log lines
# or send escape sequences to a terminal.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
request_id: ContextVar[str] = ContextVar("ruche_request_id", default="-")


class ContextFilter(logging.Filter):
    """Adds `tenant` and `request_id` to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = peek()
        record.tenant = context.slug if isinstance(context, TenantRef) else (context.schema_name if context else "-")
        record.request_id = request_id.get()
        return True


def escaped(text: str) -> str:
    """The text with each control character replaced by its escape, such as `\\n`."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


class LineFormatter(logging.Formatter):
    """One line for each event. Lines of a traceback are prefixed with a bar, so that none looks like an event."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return "\n".join(f"  | {escaped(line)}" for line in text.split("\n"))
