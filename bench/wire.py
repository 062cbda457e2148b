"""Reading libpq's trace of a connection (PQtrace)."""

import re

# Time, F for what the client sends, its length, the kind of message, what it holds.
_SENT = re.compile(r'^\S+ \S+\tF\t\d+\t(?:Query|Execute)\t "?(.*?)"?$', re.M)


def statements(trace: str) -> list[str]:
    """The first line of each statement that was sent to be run; of a prepared one its name."""
    return _SENT.findall(trace)
