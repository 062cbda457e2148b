"""Where an operation stands: the models before it, and which tables the running release does not know yet."""

from functools import cache
from typing import Any

from django.apps import apps
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.utils import resolve_relation

from tenants.context import PUBLIC_SCHEMA
from tenants.grants import app_configs_of


@cache
def _labels(schema_name: str) -> frozenset[str]:
    return frozenset(config.label for config in app_configs_of(schema_name))


def in_workspaces(app_label: str) -> bool:
    """True where the app's tables stand in workspaces, or in both."""
    return app_label in _labels("tenant")


def in_public_only(app_label: str) -> bool:
    return app_label in _labels(PUBLIC_SCHEMA) and not in_workspaces(app_label)


class Place:
    """`state`: the models before the operation. `made`: (app label, model) and tables that this migration makes."""

    def __init__(self, app_label: str, state: ProjectState) -> None:
        self.app_label = app_label
        self.state = state
        self.made: set[tuple[str, str] | str] = set()

    def after(self, operation: Operation) -> None:
        """Go on to the next operation."""
        if isinstance(operation, CreateModel):
            self.made.add((self.app_label, operation.name_lower))
        operation.state_forwards(self.app_label, self.state)

    def is_new(self, model: str) -> bool:
        return (self.app_label, model.lower()) in self.made

    def locks_many(self, model: str, app_label: str = "") -> bool:
        """True where a lock for as long as the table is read once is too long."""
        key = app_label or self.app_label, model.lower()
        return key not in self.made and (not in_workspaces(key[0]) or _grows(*key))

    def locks_many_of_table(self, table: str) -> bool:
        """The same by the table's name; a table that no model has is taken for a large one."""
        table = table.replace('"', "").rpartition(".")[2].lower()
        if table in self.made:
            return False
        for (app_label, model), state in self.state.models.items():
            if _table_of(state) == table:
                return self.locks_many(model, app_label)
        return True

    def field(self, model: str, name: str) -> Any:
        """The field as it is before the operation."""
        return self.state.models[self.app_label, model.lower()].get_field(name)

    def target(self, field: Any, model: str) -> tuple[str, str]:
        """(app label, model) that a relation points to."""
        found: tuple[str, str] = resolve_relation(field.remote_field.model, self.app_label, model.lower())
        return found

    def goes_across(self, field: Any, model: str) -> bool:
        """True for a relation between a workspace and public that the database would hold."""
        rel = field.remote_field
        if rel is None or not (rel.db_constraint if field.many_to_many else field.db_constraint):
            return False
        other = self.target(field, model)[0]
        return (in_workspaces(self.app_label) and in_public_only(other)) or (
            in_public_only(self.app_label) and in_workspaces(other) and other not in _labels(PUBLIC_SCHEMA)
        )


def _grows(app_label: str, model: str) -> bool:
    try:
        return bool(getattr(apps.get_model(app_label, model), "grows", False))
    except LookupError:
        return False


def _table_of(state: ModelState) -> str:
    return str(state.options.get("db_table") or f"{state.app_label}_{state.name_lower}").lower()
