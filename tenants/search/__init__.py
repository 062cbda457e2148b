"""Full-text search independent of the server's locale and extensions. Usage: tenants/README.md.

`folding` normalises text, `fields` makes index expressions, `query` parses a search, `excerpts` cuts excerpts around
matches.
"""

from tenants.search.excerpts import MARK_END, MARK_START, MAX_EXCERPT_SOURCE, excerpt
from tenants.search.fields import Words
from tenants.search.folding import fold
from tenants.search.query import MAX_QUERY_LENGTH, SearchQuery, parse

__all__ = [
    "MARK_END",
    "MARK_START",
    "MAX_EXCERPT_SOURCE",
    "MAX_QUERY_LENGTH",
    "SearchQuery",
    "Words",
    "excerpt",
    "fold",
    "parse",
]
