"""Parser of libpq's trace of a connection (PQtrace)."""

import re

# Fields: time, F (sent by the client), length, type of the message, content.
_SENT_STATEMENT = re.compile(r'^\S+ \S+\tF\t\d+\t(?:Query|Execute)\t "?(.*?)"?$', re.M)


def statements(trace: str) -> list[str]:
    """First line of each executed statement, or the name of a prepared one."""
    return _SENT_STATEMENT.findall(trace)
