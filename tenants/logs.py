"""Log lines carry the workspace and the request they belong to, and one event is one line."""

import logging
import re
from contextvars import ContextVar
from typing import Any

from tenants.context import TenantRef, peek

# Control characters, and what some readers take for an end of line: whoever writes one into a path, a header or a name
# would otherwise forge lines, or colour a terminal.
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
    """The text with each control character as its escape, `\\n` for an end of line."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class LineFormatter(logging.Formatter):
    """An event on one line. A traceback stands below it, each line of it behind a bar: nothing in it begins a line."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return _behind_a_bar(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        return _behind_a_bar(super().formatStack(stack_info))


def _behind_a_bar(text: str) -> str:
    return "\n".join(f"  | {escaped(line)}" for line in text.split("\n"))
