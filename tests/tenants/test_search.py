"""Folding and queries: the same in Python and in PostgreSQL, whatever the locale of the database."""

import hashlib
import os
import sys
import unicodedata

import psycopg
import pytest
from django.db import connection

from tenants.search import MARK_END, MARK_START, Words, excerpt, fold, parse
from tenants.search.folding import folded_sql
from tenants.search.query import MAX_WORDS

LOCALES = {
    "c": "LOCALE 'C' LOCALE_PROVIDER libc",
    "c_utf8": "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",
    "libc_utf8": "LOCALE 'C.utf8' LOCALE_PROVIDER libc",
    "en_us": "LOCALE 'en_US.utf8' LOCALE_PROVIDER libc",
    "icu": "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'",
    "icu_turkish": "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'",
}
# Which of these the server has is its own affair; these two every server of PostgreSQL 17 and later has.
ALWAYS = ("c", "c_utf8")
TEXT = "L’été, la «Crêperie de l’Œuf»… — Straße : nai\u0308ve, con\u00adfiance, ﬁnance, ΑΘΗΝΑ, Москва, İstanbul, 東京 ½"
FOUND = [
    "ete", "ÉTÉ", "l'ete", "creperie", "oeuf", "œufs", "l’oeuf", "strasse", "naive", "naïves", "confiance", "finances",
    "αθηνα", "москва", "istanbul", "東京", '"creperie de l oeuf"', "« crêperie de l’œuf »", "ete -hiver", "rien OU ete",
    "e\u0301te\u0301", "crep", "ete.", "(ete)", "la creperie",
]  # fmt: skip
NOT_FOUND = ["hiver", "ete -oeuf", '"oeuf creperie"', "ete hiver", "ete -« crêperie de »"]


@pytest.fixture(params=LOCALES)
def database(request):
    admin = os.environ["DATABASE_ADMIN_URL"]
    name = f"search_{request.param}_{os.getpid()}"
    with psycopg.connect(admin, autocommit=True) as server:
        try:
            server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {LOCALES[request.param]}")
        except psycopg.Error as error:
            assert request.param not in ALWAYS or server.info.server_version < 170000
            pytest.skip(str(error))
        try:
            with psycopg.connect(admin.rsplit("/", 1)[0] + f"/{name}", autocommit=True) as found:
                yield found
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _condition(typed):
    found = parse(typed).matches(Words("text"))
    query = found.get_source_expressions()[1]
    return query.as_sql(None, connection)


def test_found_in_every_locale(database):
    database.execute("CREATE TABLE said (id int PRIMARY KEY, text text NOT NULL)")
    vector = f"to_tsvector('pg_catalog.simple'::regconfig, {folded_sql('text')})"
    database.execute(f"CREATE INDEX said_words ON said USING gin ({vector})")
    database.execute("INSERT INTO said VALUES (1, %s), (2, 'autre chose')", [unicodedata.normalize("NFC", TEXT)])
    database.execute("INSERT INTO said VALUES (3, %s)", [unicodedata.normalize("NFD", TEXT)])
    database.execute("SET enable_seqscan = off")
    for typed, expected in [*((one, [1, 3]) for one in FOUND), *((one, []) for one in NOT_FOUND)]:
        query, parameters = _condition(typed)
        sql = f"SELECT id FROM said WHERE {vector} @@ {query} ORDER BY id"
        assert [row[0] for row in database.execute(sql, parameters)] == expected, typed
    (plan,) = database.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters).fetchone()
    assert "said_words" in str(plan)


def test_python_and_postgresql_fold_alike(database):
    """Over every character that this Python knows."""
    codes = [code for code in range(1, sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cs", "Cn", "Co")]
    rows = database.execute(f"SELECT c, {folded_sql('chr(c)')} FROM unnest(%s::int[]) c", [codes])
    assert [hex(code) for code, folded in rows if " ".join(folded.split()) != fold(chr(code))] == []


def test_the_sql_of_indexes_does_not_change():
    """Indexes of running workspaces hold it: another SQL would find nothing in them. See folding.py."""
    assert hashlib.sha256(folded_sql("x").encode()).hexdigest()[:16] == "94495f14f93e09f0"


@pytest.mark.parametrize(
    "typed", ["'", '"', "\\", "a & | ! b", ":*", "<->", "(", "a'b", "é\x00a", "-", "--", '-"', "OR"]
)
def test_no_query_breaks(people, typed):
    from library.models import Item

    query = parse(typed)
    rows = Item.objects.filter(query.matches(Words("title", "text"))) if query else Item.objects.none()
    assert list(rows) == []


def test_a_query_is_bounded():
    assert len(parse(" ".join(f"m{number}" for number in range(60))).words) == MAX_WORDS
    assert not parse("… — « »") and not parse("")


def test_signs_around_what_was_found_keep_the_original():
    text = "Début. " * 200 + "La «Crêperie de l’Œuf» est ouverte l’e\u0301te\u0301." + " Fin." * 200
    shown = excerpt(text, parse("creperie oeufs ete"))
    for word in ("Crêperie", "Œuf", "e\u0301te\u0301"):
        assert f"{MARK_START}{word}{MARK_END}" in shown
    assert len(shown) < 400 and shown.startswith("… ") and shown.endswith(" …")
    assert excerpt(text, parse("introuvable")) == ""
    assert excerpt("ab\ue000c\ue001 mot", parse("mot")) == f"abc {MARK_START}mot{MARK_END}"


def test_a_word_of_the_same_stem_is_marked():
    assert f"{MARK_START}facturation{MARK_END}" in excerpt("La facturation.", parse("facturations"))
    assert f"{MARK_START}commerciaux{MARK_END}" in excerpt("Des commerciaux.", parse("commerciale"))


def test_a_number_typed_in_groups_is_also_looked_for_in_one():
    assert parse("total 1\u202f234 567,80").words == ["total", "1", "234", "567", "80", "1234567"]
    assert parse('"1 500 €"').words == ["1", "500", "1500"]
    for typed in ("12 4567", "2026 300", "1234 567", "01-12 300 4000", "1 500"[:3]):
        assert len(parse(typed).groups) == 1
