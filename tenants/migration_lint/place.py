"""Context of an operation: the models' state before it, and the tables that the running release does not use yet."""

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
    """True if the app has tables in workspaces (or in both schemas)."""
    return app_label in _labels("tenant")


def in_public_only(app_label: str) -> bool:
    return app_label in _labels(PUBLIC_SCHEMA) and not in_workspaces(app_label)


class Place:
    """`state`: the models before the operation. `created`: (app label, model) and tables created by this migration."""

    def __init__(self, app_label: str, state: ProjectState) -> None:
        self.app_label = app_label
        self.state = state
        self.created: set[tuple[str, str] | str] = set()

    def after(self, operation: Operation) -> None:
        """Apply an operation to the state."""
        if isinstance(operation, CreateModel):
            self.created.add((self.app_label, operation.name_lower))
        operation.state_forwards(self.app_label, self.state)

    def is_new(self, model: str) -> bool:
        return (self.app_label, model.lower()) in self.created

    def locks_many(self, model: str, app_label: str = "") -> bool:
        """True if a lock held for a scan of the model's table is too long."""
        key = app_label or self.app_label, model.lower()
        return key not in self.created and (not in_workspaces(key[0]) or _grows(*key))

    def locks_many_of_table(self, table: str) -> bool:
        """As `locks_many` by the table's name; True for a table without a model."""
        table = table.replace('"', "").rpartition(".")[2].lower()
        if table in self.created:
            return False
        for (app_label, model), state in self.state.models.items():
            if _table_of(state) == table:
                return self.locks_many(model, app_label)
        return True

    def field(self, model: str, name: str) -> Any:
        """The field before the operation."""
        return self.state.models[self.app_label, model.lower()].get_field(name)

    def target(self, field: Any, model: str) -> tuple[str, str]:
        """(app label, model) of a relation's target."""
        key: tuple[str, str] = resolve_relation(field.remote_field.model, self.app_label, model.lower())
        return key

    def goes_across(self, field: Any, model: str) -> bool:
        """True for a relation between a workspace and public with a database constraint."""
        relation = field.remote_field
        if relation is None or not (relation.db_constraint if field.many_to_many else field.db_constraint):
            return False
        target_label = self.target(field, model)[0]
        return (in_workspaces(self.app_label) and in_public_only(target_label)) or (
            in_public_only(self.app_label)
            and in_workspaces(target_label)
            and target_label not in _labels(PUBLIC_SCHEMA)
        )


def _grows(app_label: str, model: str) -> bool:
    try:
        return bool(getattr(apps.get_model(app_label, model), "grows", False))
    except LookupError:
        return False


def _table_of(state: ModelState) -> str:
    return str(state.options.get("db_table") or f"{state.app_label}_{state.name_lower}").lower()
