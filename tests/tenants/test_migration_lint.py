"""Each rule by a migration that breaks it and one that does it right; and the two commands."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    TrigramExtension,
    ValidateConstraint,
)
from django.core.management import CommandError, call_command
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models.functions import Length, Now

import library
from tenants import migration_lint
from tenants.context import public_context

REASON = "the release before this one no longer reads it"


@pytest.fixture(scope="module")
def today() -> ProjectState:
    return MigrationLoader(None, ignore_no_migrations=True).project_state()


@pytest.fixture
def refused(today: ProjectState) -> Any:
    """The names of the rules that refuse a migration of an app."""

    def lint(*operations: Any, app: str = "library", **attributes: Any) -> list[str]:
        kind = type("Migration", (migrations.Migration,), {"operations": list(operations), **attributes})
        return [one.rule.name for one in migration_lint.lint_migration(kind("0099_test", app), today)]

    return lint


def add(field: Any, model: str = "item", name: str = "note") -> Any:
    return migrations.AddField(model, name, field)


def alter(model: str, name: str, field: Any) -> Any:
    return migrations.AlterField(model, name, field)


def sql(text: Any, reverse: str | None = "") -> Any:
    return migrations.RunSQL(text, reverse)


def separate(database: list[Any], state: list[Any]) -> Any:
    return migrations.SeparateDatabaseAndState(database, state)


def move(apps: Any, schema_editor: Any) -> None:
    """Stands for data that moves."""


MADE = migrations.CreateModel(
    "Note", [("id", models.UUIDField(primary_key=True)), ("text", models.TextField()), ("n", models.IntegerField())]
)
INDEX = models.Index(fields=["kind"], name="library_kind")
CHECKED = models.CheckConstraint(condition=models.Q(size__gte=1), name="library_size")
PAIR = models.UniqueConstraint(fields=["author", "title"], name="library_pair")
ITEM_FK = models.ForeignKey("library.Item", models.CASCADE, null=True, db_index=False)
CONVERSATION = {"null": True, "on_delete": models.SET_NULL, "blank": True, "related_name": "items"}

# (what is done, the rule that refuses it, the same done right or None, attributes of that migration)
CASES: dict[str, tuple[Any, str, Any, dict[str, Any]]] = {
    "NOT NULL without a default": (add(models.TextField()), "not-null", add(models.TextField(db_default="")), {}),
    "a default of Django's alone": (
        add(models.TextField(default="")),
        "not-null",
        add(models.TextField(null=True)),
        {},
    ),
    "the database's default taken away": (
        separate([add(models.TextField(db_default="")), alter("item", "note", models.TextField())], []),
        "not-null",
        add(models.DateTimeField(db_default=Now())),
        {},
    ),
    "NULL to NOT NULL": (
        alter("item", "archived_at", models.DateTimeField()),
        "set-not-null",
        alter("item", "updated_at", models.DateTimeField(null=True)),
        {},
    ),
    "another type": (
        alter("share", "opens", models.TextField()),
        "rewrite",
        alter("item", "title", models.CharField(max_length=300)),
        {},
    ),
    "narrower": (
        alter("item", "title", models.CharField(max_length=20)),
        "rewrite",
        alter("item", "title", models.TextField()),
        {},
    ),
    "a generated column": (
        add(models.GeneratedField(expression=Length("title"), output_field=models.IntegerField(), db_persist=True)),
        "rewrite",
        add(models.IntegerField(null=True)),
        {},
    ),
    "a default that each row draws": (
        add(models.UUIDField(db_default=RandomUUID())),
        "rewrite",
        add(models.UUIDField(null=True)),
        {},
    ),
    "an index on a large table": (
        migrations.AddIndex("item", INDEX),
        "index",
        AddIndexConcurrently("item", INDEX),
        {"atomic": False},
    ),
    "an index by a field": (
        alter("item", "kind", models.CharField(max_length=10, db_index=True)),
        "index",
        alter("share", "revoked_at", models.DateTimeField(null=True, db_index=True)),
        {},
    ),
    "a new field with an index": (
        add(models.IntegerField(null=True, db_index=True)),
        "index",
        add(models.IntegerField(null=True, db_index=True), model="share"),
        {},
    ),
    "concurrently in a transaction": (
        AddIndexConcurrently("item", INDEX),
        "in-transaction",
        AddIndexConcurrently("item", INDEX),
        {"atomic": False},
    ),
    "a unique constraint": (
        migrations.AddConstraint("item", PAIR),
        "unique",
        separate(
            [
                sql(
                    "CREATE UNIQUE INDEX CONCURRENTLY library_pair ON library_item (author_id, title);"
                    "ALTER TABLE library_item ADD CONSTRAINT library_pair UNIQUE USING INDEX library_pair"
                )
            ],
            [migrations.AddConstraint("item", PAIR)],
        ),
        {"atomic": False},
    ),
    "unique together": (
        migrations.AlterUniqueTogether("item", {("author", "title")}),
        "unique",
        migrations.AlterUniqueTogether("share", {("item", "created_by")}),
        {},
    ),
    "a check": (migrations.AddConstraint("item", CHECKED), "check", AddConstraintNotValid("item", CHECKED), {}),
    "a foreign key": (
        add(ITEM_FK, model="item", name="origin"),
        "foreign-key",
        separate(
            [
                sql(
                    "ALTER TABLE library_item ADD COLUMN origin_id uuid NULL,"
                    " ADD CONSTRAINT origin FOREIGN KEY (origin_id) REFERENCES library_item (id) NOT VALID"
                )
            ],
            [add(ITEM_FK, name="origin")],
        ),
        {},
    ),
    "a key that loses its index": (
        alter("item", "conversation", models.ForeignKey("conversations.Conversation", db_index=False, **CONVERSATION)),
        "foreign-key",
        alter(
            "item",
            "conversation",
            models.ForeignKey("conversations.Conversation", **CONVERSATION | {"on_delete": models.CASCADE}),
        ),
        {},
    ),
    "a field renamed": (
        migrations.RenameField("item", "title", "name"),
        "rename",
        alter("item", "title", models.CharField("nom", max_length=200)),
        {},
    ),
    "a column renamed": (
        alter("item", "title", models.CharField(max_length=200, db_column="name")),
        "rename",
        migrations.AlterModelOptions("item", {"ordering": ["pk"]}),
        {},
    ),
    "a model renamed": (migrations.RenameModel("Item", "Content"), "rename", MADE, {}),
    "a table renamed": (migrations.AlterModelTable("item", "content"), "rename", MADE, {}),
    "a field removed": (
        migrations.RemoveField("item", "size"),
        "drop",
        separate([], [migrations.RemoveField("item", "size")]),
        {},
    ),
    "a field removed, wrapped": (
        separate([separate([migrations.RemoveField("item", "size")], [])], []),
        "drop",
        migrations.RemoveField("item", "size"),
        {"locks_because": REASON},
    ),
    "a model removed": (
        migrations.DeleteModel("Share"),
        "drop",
        migrations.DeleteModel("Share"),
        {"locks_because": REASON},
    ),
    "Python that does not go back": (
        migrations.RunPython(move),
        "one-way",
        migrations.RunPython(move, migrations.RunPython.noop),
        {},
    ),
    "SQL that does not go back": (sql("UPDATE library_item SET size = 0", None), "one-way", sql("ANALYZE"), {}),
    "what nobody classified": (TrigramExtension(), "unknown", TrigramExtension(), {"locks_because": REASON}),
    "SQL that nobody classified": (sql("VACUUM FULL"), "unknown", sql("VACUUM FULL"), {"locks_because": REASON}),
    "an operation of one's own": (type("Mine", (migrations.RunPython,), {})(move, move), "unknown", MADE, {}),
    "a key into public": (
        add(models.ForeignKey("assistants.Model", models.DO_NOTHING, null=True), model="share"),
        "across",
        add(models.ForeignKey("assistants.Model", models.DO_NOTHING, null=True, db_constraint=False), model="share"),
        {},
    ),
    "a key into public, of a new table": (
        migrations.CreateModel(
            "Note", [("id", models.UUIDField(primary_key=True)), ("m", models.ManyToManyField("plans.Plan"))]
        ),
        "across",
        migrations.CreateModel(
            "Note",
            [
                ("id", models.UUIDField(primary_key=True)),
                ("m", models.ManyToManyField("plans.Plan", db_constraint=False)),
            ],
        ),
        {},
    ),
    "another primary key": (alter("item", "id", models.BigAutoField(primary_key=True)), "identity", MADE, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_rule_refuses(refused, case):
    wrong, rule, _right, _attributes = CASES[case]
    assert rule in refused(wrong)


@pytest.mark.parametrize("case", CASES)
def test_what_does_it_right_passes(refused, case):
    _wrong, _rule, right, attributes = CASES[case]
    assert refused(right, **attributes) == []


SQL = {
    "CREATE INDEX x ON library_item (kind)": "index",
    "create unique index x on w_x.library_item (kind)": "unique",
    "CREATE INDEX x ON library_share (opens)": "",
    "CREATE INDEX x ON nobody_knows_it (a)": "index",
    "CREATE TABLE library_x (a int, b serial); CREATE INDEX x ON library_x (a)": "",
    "DROP INDEX IF EXISTS x -- CREATE INDEX": "",
    "ALTER TABLE library_share ADD COLUMN a text NOT NULL": "not-null",
    "ALTER TABLE library_share ADD COLUMN a text NOT NULL DEFAULT ''": "",
    "ALTER TABLE library_share ADD a uuid DEFAULT gen_random_uuid()": "rewrite",
    "ALTER TABLE library_share ADD a int GENERATED ALWAYS AS (opens + 1) STORED": "rewrite",
    "ALTER TABLE library_share ADD a int, ALTER opens TYPE numeric(20, 2)": "rewrite",
    "ALTER TABLE library_share ALTER COLUMN opens SET NOT NULL": "set-not-null",
    "ALTER TABLE library_share ALTER COLUMN opens SET DEFAULT 0": "",
    "ALTER TABLE library_share RENAME COLUMN opens TO opened": "rename",
    "ALTER TABLE library_share DROP COLUMN opens": "drop",
    "ALTER TABLE library_share DROP CONSTRAINT library_share_opens_check": "",
    "DROP TABLE library_share": "drop",
    "ALTER TABLE library_item ADD CONSTRAINT c CHECK (size > 0)": "check",
    "ALTER TABLE library_item ADD CONSTRAINT c CHECK (size > 0) NOT VALID": "",
    "ALTER TABLE library_item VALIDATE CONSTRAINT c": "",
    "ALTER TABLE library_item ADD CONSTRAINT c UNIQUE (kind)": "unique",
    "ALTER TABLE library_item ADD a uuid REFERENCES library_item (id)": "foreign-key",
    "ALTER TABLE library_share ADD a uuid REFERENCES public.billing_plan (id)": "across",
    "ALTER TABLE library_share ALTER id ADD GENERATED BY DEFAULT AS IDENTITY": "identity",
    "ALTER TABLE library_share REPLICA IDENTITY FULL": "unknown",
    "CREATE TRIGGER t AFTER INSERT ON library_item EXECUTE FUNCTION f()": "trigger",
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'": "trigger",
    "DO $$ BEGIN ALTER TABLE library_item ADD a int; END $$": "trigger",
    "UPDATE library_item SET message_id = gen_random_uuid()": "volatile",
    "UPDATE library_item SET size = size + 1": "",
    "MERGE INTO library_item USING x ON true WHEN MATCHED THEN DELETE": "volatile",
    "LOCK TABLE library_item": "unknown",
}


@pytest.mark.parametrize("text", SQL)
def test_sql_is_read(refused, text):
    assert refused(sql(text)) == ([SQL[text]] if SQL[text] else [])
    assert refused(sql([("SET LOCAL lock_timeout = %s", ["2s"]), text])) == ([SQL[text]] if SQL[text] else [])


def test_public_tables_are_all_taken_for_large(refused):
    """Everybody waits for them, small or not; and what workspaces may not have, public may, with a reason."""
    index = migrations.AddIndex("coupon", models.Index(fields=["name"], name="coupon_name"))
    assert refused(index, app="billing") == ["index"]
    assert refused(migrations.AddIndex("share", models.Index(fields=["opens"], name="share_opens"))) == []
    trigger = sql("CREATE TRIGGER t AFTER INSERT ON billing_coupon EXECUTE FUNCTION f()")
    assert refused(trigger, app="billing") == ["unknown"]
    assert refused(trigger, app="billing", locks_because=REASON) == []


def test_a_table_of_the_same_migration_may_be_locked(refused):
    by_field = [migrations.AddField("note", "item", models.ForeignKey("library.Item", models.CASCADE))]
    by_field += [migrations.AlterField("note", "n", models.TextField()), migrations.RenameField("note", "n", "m")]
    assert refused(MADE, *by_field, migrations.AddIndex("note", models.Index(fields=["text"], name="n_t"))) == []


def test_data_and_schema_stand_apart(refused):
    python = migrations.RunPython(move, migrations.RunPython.noop)
    column = add(models.IntegerField(null=True))
    assert refused(python, column) == refused(column, sql("UPDATE library_item SET size = 0")) == ["mixed"]
    assert refused(sql("UPDATE library_item SET size = 0; DROP INDEX x")) == ["mixed"]
    assert refused(MADE, python) == refused(python, column, atomic=False) == []
    assert refused(python, column, locks_because=REASON) == []


def test_a_constraint_is_validated_later(refused):
    both = AddConstraintNotValid("item", CHECKED), ValidateConstraint("item", "library_size")
    assert refused(*both) == ["validated-at-once"]


def test_no_reason_is_too_short_and_some_rules_take_none(refused):
    drop = migrations.RemoveField("item", "size")
    assert refused(drop, locks_because="it is ok") == ["drop", "no-reason"]
    assert refused(drop, locks_because="   " * 20) == ["drop", "no-reason"]
    assert refused(sql("DO $$ BEGIN END $$"), locks_because=REASON) == ["trigger"]


def test_the_state_is_left_as_it_was(refused, today):
    before = set(today.models["library", "item"].fields)
    refused(migrations.RemoveField("item", "size"), add(models.TextField()))
    assert set(today.models["library", "item"].fields) == before


def test_our_own_migrations_pass():
    count, found = migration_lint.lint()
    assert count >= 12 and found == []
    assert migration_lint.lint([("tenants", "0002_fleet")]) == (1, [])
    call_command("migrations_lint")


# The number of the migration that would be written next.
NEXT = f"{len(list((Path(library.__file__).parent / 'migrations').glob('0*.py'))) + 1:04}"


@pytest.fixture
def without_size(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The library's migrations as if its items had no size yet."""
    folder = tmp_path / "library_as_it_was"
    shutil.copytree(Path(library.__file__).parent / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
    first = folder / "0001_initial.py"
    lines = first.read_text().splitlines(keepends=True)
    first.write_text("".join(line for line in lines if "('size'," not in line))
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"library": folder.name}
    yield folder
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def test_what_makemigrations_writes_is_linted(without_size, capsys):
    with public_context(), pytest.raises(CommandError) as refusal:
        call_command("makemigrations", "library", interactive=False, name="sizes")
    assert refusal.value.returncode == 1
    told = str(refusal.value)
    assert f"library.{NEXT}_sizes: AddField (Add field size to item) [not-null]" in told
    assert "why: the release that still runs" in told and "instead: give the field a db_default" in told
    written = without_size / f"{NEXT}_sizes.py"
    assert written.exists()
    with pytest.raises(CommandError, match=f"{NEXT}_sizes"):
        call_command("migrations_lint")
    body = written.read_text().replace(
        "(migrations.Migration):", f'(migrations.Migration):\n    locks_because = "{REASON}"'
    )
    written.write_text(body)
    del sys.modules[f"library_as_it_was.{NEXT}_sizes"]
    call_command("migrations_lint")
    assert "none refused" in capsys.readouterr().out


def test_makemigrations_writes_what_is_harmless(without_size):
    """And a dry run writes, and refuses, nothing."""
    with public_context():
        call_command("makemigrations", "library", interactive=False, dry_run=True, verbosity=0)
        call_command("makemigrations", "library", empty=True, name="nothing", verbosity=0)
    assert (without_size / f"{NEXT}_nothing.py").exists()
