"""Which rules a new or changed column breaks, on a table that the running release knows."""

import re
from collections.abc import Iterator
from typing import Any

from django.db import connection, models
from django.db.models.expressions import Value
from django.db.models.functions import Now

from tenants.migration_lint import rules
from tenants.migration_lint.rules import Rule

# What of a field Django keeps to itself.
_NOT_IN_THE_DATABASE = {*models.Field.non_db_attrs, "default", "auto_now", "auto_now_add", "db_comment"}


def added(field: Any, *, locks_many: bool) -> Iterator[Rule]:
    """Of a new column, the table of which may be large."""
    if field.primary_key or isinstance(field, models.AutoField):
        yield rules.IDENTITY
    if isinstance(field, models.GeneratedField):
        # The release that runs need not know it.
        yield rules.REWRITE
    elif not field.null and not field.has_db_default():
        yield rules.NOT_NULL
    if field.has_db_default() and _each_row_differs(field.db_default):
        yield rules.REWRITE
    if not locks_many:
        return
    yield from _indexed(field)
    if field.remote_field and field.db_constraint:
        yield rules.FOREIGN_KEY
    if field.get_internal_type().startswith("Positive"):
        yield rules.CHECK


def _each_row_differs(db_default: Any) -> bool:
    """A value, and the time of the statement, are kept once for all rows that are there."""
    return hasattr(db_default, "resolve_expression") and not isinstance(db_default, (Value, Now))


def _indexed(field: Any) -> Iterator[Rule]:
    if field.unique:
        yield rules.UNIQUE
    elif field.db_index:
        yield rules.INDEX


def altered(old: Any, new: Any, *, same_target: bool, locks_many: bool) -> Iterator[Rule]:
    """Of a column that changes, the table of which may be large. Neither is a many-to-many."""
    if old.db_column != new.db_column:
        yield rules.RENAME
    if same_target and _in_database(old) == _in_database(new):
        return
    if old.primary_key != new.primary_key or isinstance(old, models.AutoField) or isinstance(new, models.AutoField):
        yield rules.IDENTITY
        return
    if old.null and not new.null:
        yield rules.SET_NOT_NULL
    elif old.has_db_default() and not new.has_db_default() and not new.null:
        yield rules.NOT_NULL
    if not same_target or not _keeps_its_rows(old, new):
        yield rules.REWRITE
    if not locks_many:
        return
    if (new.unique and not old.unique) or (new.db_index and not old.db_index):
        yield from _indexed(new)
    # Django drops the constraint of a key that it alters in whatever way, and makes it again.
    if new.remote_field and new.db_constraint:
        yield rules.FOREIGN_KEY


def _in_database(field: Any) -> tuple[str, dict[str, Any]]:
    _name, _path, _args, values = field.deconstruct()
    kept = {key: value for key, value in values.items() if key not in _NOT_IN_THE_DATABASE and key != "to"}
    return field.get_internal_type(), kept


def _keeps_its_rows(old: Any, new: Any) -> bool:
    """True where PostgreSQL changes the type of a column without reading its rows."""
    if isinstance(old, models.GeneratedField) or isinstance(new, models.GeneratedField):
        return False
    if old.remote_field or new.remote_field:
        return bool(old.remote_field and new.remote_field)
    if getattr(old, "db_collation", None) != getattr(new, "db_collation", None):
        return False
    if old.get_internal_type().startswith("Positive") != new.get_internal_type().startswith("Positive"):
        return False
    before, after = old.db_type(connection), new.db_type(connection)
    return before == after or _is_wider(str(before), str(after))


def _is_wider(before: str, after: str) -> bool:
    if before.startswith("varchar") and after in ("text", "varchar"):
        return True
    sizes = [re.fullmatch(r"(varchar|numeric)\((\d+)(?:, *(\d+))?\)", one) for one in (before, after)]
    if None in sizes:
        return False
    (kind, size, scale), (new_kind, new_size, new_scale) = (one.groups() for one in sizes if one)
    return kind == new_kind and scale == new_scale and int(new_size) >= int(size)
