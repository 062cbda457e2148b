"""What stands in the tables at the end, counted by the owner with each schema named: no search path is asked."""

from collections import Counter
from pathlib import Path

import psycopg
from django.apps import apps
from django.core.files.storage import default_storage

from tenants.sql import owner_transaction
from tests.isolation.interleaving.world import COUNTER, PLANTED, PUBLIC, Place

LABELLED = """
    SELECT 'accounts_user', name, count(*) FROM "{0}".accounts_user WHERE email LIKE %(run)s || '.%%' GROUP BY 2
"""
LABELLED_ITEMS = """
    UNION ALL SELECT 'library_item', title, count(*) FROM "{0}".library_item WHERE text = %(run)s GROUP BY 2
"""


def written(run: str, places: dict[str, Place]) -> tuple[Counter[str], list[str]]:
    """The rows and files of a run by "place table", and those that carry another place's mark."""
    found: Counter[str] = Counter()
    astray: list[str] = []
    with owner_transaction() as owner:
        for place in places.values():
            sql = (LABELLED + (LABELLED_ITEMS if place.ref else "")).format(place.schema)
            for table, mark, many in [*owner.execute(sql.encode(), {"run": run}), *_files(run, place)]:
                found[f"{place.name} {table}"] += many
                if mark != place.mark:
                    astray.append(f"{many} of {mark} in {table} of {place.name}")
    return found, astray


def _files(run: str, place: Place) -> list[tuple[str, str, int]]:
    if place.ref is None:
        return []
    marks = Counter(path.read_text() for path in Path(default_storage.path(place.ref.file_prefix)).glob(f"{run}.*"))
    return [("files", mark, many) for mark, many in marks.items()]


def counted_up(places: dict[str, Place]) -> Counter[str]:
    """How often each workspace's counter was moved."""
    with owner_transaction() as owner:
        rows = {
            f"{place.name} counter": _one(
                owner, place, f"SELECT size FROM \"{{}}\".library_item WHERE id = '{COUNTER}'"
            )
            for place in places.values()
            if place.ref
        }
    return Counter(rows)


def _one(owner: psycopg.Connection, place: Place, sql: str) -> int:
    row = owner.execute(sql.format(place.schema).encode()).fetchone()
    assert row is not None
    return int(row[0])


def strangers(places: dict[str, Place]) -> list[str]:
    """Rows of workspaces, of whatever run, that do not carry its mark; and planted ones that are gone."""
    found = []
    with owner_transaction() as owner:
        for place in places.values():
            if place.ref is None:
                continue
            for table, column in (
                ("library_item", "title"),
                ("accounts_user", "name"),
                ("conversations_conversation", "title"),
            ):
                many = _one(owner, place, f"SELECT count(*) FROM \"{{}}\".{table} WHERE {column} <> '{place.mark}'")
                found += [f"{many} in {table} of {place.name}"] if many else []
            planted = _one(owner, place, f"SELECT count(*) FROM \"{{}}\".library_item WHERE text = '{PLANTED}'")
            found += [] if planted == 6 else [f"{planted} planted items in {place.name}"]
    return found


# What the acts write to, and what the middleware notes of people who are there (with the workspace in the row).
MOVING = {"accounts_user", "library_item", "analytics_activemember", "analytics_dailyfigures"}


def census(places: dict[str, Place]) -> dict[str, int]:
    """How many rows every other table holds, by "place table"."""
    managed = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    tables = managed - MOVING
    found: dict[str, int] = {}
    with owner_transaction() as owner:
        for place in places.values():
            rows = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [place.schema])
            present = sorted(tables & {row[0] for row in rows})
            each = " UNION ALL ".join(f'SELECT \'{name}\', count(*) FROM "{place.schema}"."{name}"' for name in present)
            found |= {f"{place.name} {table}": many for table, many in owner.execute(each.encode())}
    assert any(key.startswith(f"{PUBLIC} ") for key in found)
    return found
