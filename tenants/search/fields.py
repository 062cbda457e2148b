"""A model's searched words: an expression that stands in an index, and in the queries that go through it."""

from django.contrib.postgres.search import SearchVectorField
from django.db.models import BooleanField, Func

from tenants.search.folding import folded_sql


class Words(Func):
    """The folded words of one or more text fields that are never NULL, in PostgreSQL's form.

        indexes = [GinIndex(Words("title", "text"), name="…")]
        rows.filter(wanted("creperie").in_words(Words("title", "text")))

    As an expression in the index, not as a column: a new index is built beside a running fleet (AddIndexConcurrently),
    where a new generated column would write the whole table again under a lock.
    """

    template = f"to_tsvector('pg_catalog.simple'::regconfig, {folded_sql('%(expressions)s')})"
    arg_joiner = " || ' ' || "
    output_field = SearchVectorField()


class Found(Func):
    """True where words answer a query: `Found(Words(…), query)`."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()
