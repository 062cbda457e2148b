"""Database expressions for search: the words of text fields, and their match with a query."""

from django.contrib.postgres.search import SearchVectorField
from django.db.models import BooleanField, Func

from tenants.search.folding import folded_sql


class Words(Func):
    """The folded words of one or more non-NULL text fields, as a tsvector.

        indexes = [GinIndex(Words("title", "text"), name="…")]
        rows.filter(parse("creperie").matches(Words("title", "text")))

    An expression index rather than a generated column: the index is built without blocking writes
    (AddIndexConcurrently), whereas a new generated column rewrites the table under a lock.
    """

    template = f"to_tsvector('pg_catalog.simple'::regconfig, {folded_sql('%(expressions)s')})"
    arg_joiner = " || ' ' || "
    output_field = SearchVectorField()


class Match(Func):
    """True if words match a query: `Match(Words(…), query)`."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()
