"""Connections of the owner role for DDL, outside Django's pool, so that their session settings cannot leak into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from environ import Env


def owner_parameters() -> dict[str, Any]:
    """Keyword arguments of `psycopg.connect` for the owner role, for the database that Django uses."""
    parsed = Env.db_url_config(settings.DATABASE_OWNER_URL)
    parameters = {
        "host": parsed.get("HOST"),
        "port": parsed.get("PORT"),
        "user": parsed.get("USER"),
        "password": parsed.get("PASSWORD"),
        "dbname": connection.settings_dict["NAME"],
        **{key: value for key, value in parsed.get("OPTIONS", {}).items() if isinstance(value, str)},
    }
    return {key: value for key, value in parameters.items() if value}


@contextmanager
def owner_transaction() -> Iterator[psycopg.Connection]:
    """One transaction of the owner role on a new connection, closed at the end."""
    with psycopg.connect(**owner_parameters()) as owner:
        yield owner
