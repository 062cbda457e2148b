"""Rules broken by an operation."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.postgres import operations as postgres
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from tenants.migration_lint import columns, rules, sql
from tenants.migration_lint.place import Place
from tenants.migration_lint.rules import Rule

BrokenRules = Iterator[Rule]


def rules_of(operation: Operation, place: Place) -> BrokenRules:
    """The rules broken by one operation, already unpacked from SeparateDatabaseAndState."""
    handler = _HANDLERS.get(type(operation))
    if handler is None:
        yield rules.UNKNOWN
    else:
        yield from handler(operation, place)


def moves_data(operation: Operation) -> bool:
    """True if the operation reads or writes rows."""
    if isinstance(operation, migrations.RunPython):
        return operation.code is not migrations.RunPython.noop
    return isinstance(operation, migrations.RunSQL) and any(
        sql.moves_data(statement) for statement in sql.statements(operation.sql)
    )


def runs_concurrently(operation: Operation) -> bool:
    """True if PostgreSQL refuses the operation inside a transaction."""
    if isinstance(operation, migrations.RunSQL):
        return any(sql.runs_concurrently(statement) for statement in sql.statements(operation.sql))
    return isinstance(operation, (postgres.AddIndexConcurrently, postgres.RemoveIndexConcurrently))


def changes_schema(operation: Operation, place: Place) -> bool:
    """True if the operation locks a table that the running release uses."""
    if isinstance(operation, migrations.RunSQL):
        return any(sql.changes_schema(statement) for statement in sql.statements(operation.sql))
    if isinstance(operation, (migrations.RunPython, migrations.CreateModel)) or type(operation) in _HARMLESS:
        return False
    return not place.is_new(_model_of(operation))


def _model_of(operation: Any) -> str:
    """The name of the operation's model before the operation, or ""."""
    for name in ("model_name", "old_name", "name"):
        if model := getattr(operation, name, None):
            return str(model)
    return ""


def _nothing(operation: Any, place: Place) -> BrokenRules:
    return iter(())


def _create_model(operation: Any, place: Place) -> BrokenRules:
    return (
        rules.ACROSS
        for _name, field in operation.fields
        if field.remote_field and place.goes_across(field, operation.name)
    )


def _add_field(operation: Any, place: Place) -> BrokenRules:
    field, model = operation.field, operation.model_name
    if place.goes_across(field, model):
        yield rules.ACROSS
    if field.many_to_many or place.is_new(model):
        return
    yield from columns.added(field, locks_many=place.locks_many(model))


def _alter_field(operation: Any, place: Place) -> BrokenRules:
    new, model = operation.field, operation.model_name
    if place.goes_across(new, model):
        yield rules.ACROSS
    if place.is_new(model):
        return
    old = place.field(model, operation.name)
    same_target = (old.remote_field and place.target(old, model)) == (new.remote_field and place.target(new, model))
    if old.many_to_many or new.many_to_many:
        if not (old.many_to_many and new.many_to_many and same_target):
            yield rules.REWRITE
        return
    yield from columns.altered(old, new, same_target=same_target, locks_many=place.locks_many(model))


def _add_index(operation: Any, place: Place) -> BrokenRules:
    if place.locks_many(operation.model_name):
        yield rules.INDEX


def _add_constraint(operation: Any, place: Place) -> BrokenRules:
    if place.locks_many(operation.model_name):
        yield rules.CHECK if isinstance(operation.constraint, models.CheckConstraint) else rules.UNIQUE


def _alter_together(operation: Any, place: Place) -> BrokenRules:
    name = operation.option_name
    before = place.state.models[place.app_label, operation.name_lower].options.get(name) or set()
    if set(operation.option_value or ()) - set(before) and place.locks_many(operation.name):
        yield rules.UNIQUE if name == "unique_together" else rules.INDEX


def _order_column(operation: Any, place: Place) -> BrokenRules:
    if operation.order_with_respect_to and not place.is_new(operation.name):
        yield rules.NOT_NULL


def _rename_or_drop(rule: Rule) -> Callable[[Any, Place], BrokenRules]:
    def check(operation: Any, place: Place) -> BrokenRules:
        if not place.is_new(_model_of(operation)):
            yield rule

    return check


def _run_python(operation: Any, place: Place) -> BrokenRules:
    if operation.reverse_code is None:
        yield rules.ONE_WAY


def _run_sql(operation: Any, place: Place) -> BrokenRules:
    if operation.reverse_sql is None:
        yield rules.ONE_WAY
    for statement in sql.statements(operation.sql):
        yield from sql.rules_of(statement, place)


_HARMLESS: set[type[Operation]] = {
    migrations.AlterModelManagers,
    migrations.AlterModelOptions,
    migrations.AlterModelTableComment,
    migrations.RemoveConstraint,
    migrations.RemoveIndex,
    migrations.RenameIndex,
    migrations.AlterConstraint,
    # These hold no blocking lock while they work.
    postgres.AddIndexConcurrently,
    postgres.RemoveIndexConcurrently,
    postgres.AddConstraintNotValid,
    postgres.ValidateConstraint,
}
_HANDLERS: dict[type[Operation], Callable[[Any, Place], BrokenRules]] = {
    **dict.fromkeys(_HARMLESS, _nothing),
    migrations.CreateModel: _create_model,
    migrations.AddField: _add_field,
    migrations.AlterField: _alter_field,
    migrations.AddIndex: _add_index,
    migrations.AddConstraint: _add_constraint,
    migrations.AlterUniqueTogether: _alter_together,
    migrations.AlterIndexTogether: _alter_together,
    migrations.AlterOrderWithRespectTo: _order_column,
    migrations.RenameField: _rename_or_drop(rules.RENAME),
    migrations.RenameModel: _rename_or_drop(rules.RENAME),
    migrations.AlterModelTable: _rename_or_drop(rules.RENAME),
    migrations.RemoveField: _rename_or_drop(rules.DROP),
    migrations.DeleteModel: _rename_or_drop(rules.DROP),
    migrations.RunPython: _run_python,
    migrations.RunSQL: _run_sql,
}
