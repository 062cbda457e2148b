"""Rules broken by a new or changed column of a table that the running release uses."""

import re
from collections.abc import Iterator
from typing import Any

from django.db import connection, models
from django.db.models.expressions import Value
from django.db.models.functions import Now

from tenants.migration_lint import rules
from tenants.migration_lint.rules import Rule

# Arguments of a field that do not affect the database.
_PYTHON_ONLY_ARGUMENTS = {*models.Field.non_db_attrs, "default", "auto_now", "auto_now_add", "db_comment"}


def added(field: Any, *, locks_many: bool) -> Iterator[Rule]:
    """Rules broken by a new column. `locks_many`: the table may be large."""
    if field.primary_key or isinstance(field, models.AutoField):
        yield rules.IDENTITY
    if isinstance(field, models.GeneratedField):
        # The running release need not know the column, so NOT NULL is allowed.
        yield rules.REWRITE
    elif not field.null and not field.has_db_default():
        yield rules.NOT_NULL
    if field.has_db_default() and _differs_by_row(field.db_default):
        yield rules.REWRITE
    if not locks_many:
        return
    yield from _indexed(field)
    if field.remote_field and field.db_constraint:
        yield rules.FOREIGN_KEY
    if field.get_internal_type().startswith("Positive"):
        yield rules.CHECK


def _differs_by_row(db_default: Any) -> bool:
    """False for a constant or the statement's time: PostgreSQL stores these once for all existing rows."""
    return hasattr(db_default, "resolve_expression") and not isinstance(db_default, (Value, Now))


def _indexed(field: Any) -> Iterator[Rule]:
    if field.unique:
        yield rules.UNIQUE
    elif field.db_index:
        yield rules.INDEX


def altered(old: Any, new: Any, *, same_target: bool, locks_many: bool) -> Iterator[Rule]:
    """Rules broken by a changed column. `locks_many`: the table may be large. Not for many-to-many fields."""
    if old.db_column != new.db_column:
        yield rules.RENAME
    if same_target and _database_form(old) == _database_form(new):
        return
    if old.primary_key != new.primary_key or isinstance(old, models.AutoField) or isinstance(new, models.AutoField):
        yield rules.IDENTITY
        return
    if old.null and not new.null:
        yield rules.SET_NOT_NULL
    elif old.has_db_default() and not new.has_db_default() and not new.null:
        yield rules.NOT_NULL
    if not same_target or not _needs_no_scan(old, new):
        yield rules.REWRITE
    if not locks_many:
        return
    if (new.unique and not old.unique) or (new.db_index and not old.db_index):
        yield from _indexed(new)
    # Django drops and recreates the constraint of a foreign key on any change.
    if new.remote_field and new.db_constraint:
        yield rules.FOREIGN_KEY


def _database_form(field: Any) -> tuple[str, dict[str, Any]]:
    _name, _path, _args, values = field.deconstruct()
    arguments = {key: value for key, value in values.items() if key not in _PYTHON_ONLY_ARGUMENTS and key != "to"}
    return field.get_internal_type(), arguments


def _needs_no_scan(old: Any, new: Any) -> bool:
    """True if PostgreSQL changes the column's type without scanning the table."""
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
    sizes = [re.fullmatch(r"(varchar|numeric)\((\d+)(?:, *(\d+))?\)", column_type) for column_type in (before, after)]
    if None in sizes:
        return False
    (kind, size, scale), (new_kind, new_size, new_scale) = (
        column_type.groups() for column_type in sizes if column_type
    )
    return kind == new_kind and scale == new_scale and int(new_size) >= int(size)
