"""Full-text search that does not depend on the server's locale or extensions (tenants/README.md says how to use it).

`folding` says which letters are the same, `fields` puts it into an index, `query` reads what was typed, `excerpts`
shows the original around what was found.
"""

from tenants.search.excerpts import LOOKED_AT, MARK_END, MARK_START, excerpt
from tenants.search.fields import Words
from tenants.search.folding import fold
from tenants.search.query import MAX_QUERY, Wanted, wanted

__all__ = ["LOOKED_AT", "MARK_END", "MARK_START", "MAX_QUERY", "Wanted", "Words", "excerpt", "fold", "wanted"]
