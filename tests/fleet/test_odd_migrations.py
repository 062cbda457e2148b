"""Odd migrations: `fleet_migrate` gives what stock gives, says what it did, and leaves nothing half."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet.fleet import COLOR, Fleet, insert_item

pytestmark = pytest.mark.committed
A = 'operations = [migrations.AddField("item", "a", models.IntegerField(null=True))]\n'
B = 'operations = [migrations.AddField("item", "b", models.IntegerField(null=True))]\n'
# Keys in a circle, links through a model of its own, data in the midst, SQL in every form that RunSQL takes.
CIRCLE = """
def fill(apps, editor):
    Alpha, Beta = apps.get_model("library", "Alpha"), apps.get_model("library", "Beta")
    beta = Beta.objects.create(label="b")
    beta.alpha = Alpha.objects.create(name="a", beta=beta)
    beta.save()
    editor.execute("INSERT INTO library_beta (label) VALUES (%s)", ["by the editor"])

def link(apps, editor):
    Alpha, Beta = apps.get_model("library", "Alpha"), apps.get_model("library", "Beta")
    for alpha in Alpha.objects.all():
        alpha.betas.add(*Beta.objects.all())
---
    operations = [
        migrations.CreateModel(
            "Alpha", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=40))]
        ),
        migrations.CreateModel(
            "Beta",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("label", models.CharField(max_length=40, db_comment="it's so")),
                ("alpha", models.ForeignKey("library.alpha", models.CASCADE, null=True)),
            ],
        ),
        migrations.AddField("alpha", "beta", models.ForeignKey("library.beta", models.CASCADE, null=True)),
        migrations.CreateModel(
            "Through",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("alpha", models.ForeignKey("library.alpha", models.CASCADE)),
                ("beta", models.ForeignKey("library.beta", models.CASCADE)),
            ],
        ),
        migrations.AddField(
            "alpha", "betas", models.ManyToManyField("library.beta", through="library.Through", related_name="+")
        ),
        migrations.AddField("alpha", "items", models.ManyToManyField("library.item", related_name="+")),
        migrations.RunPython(fill),
        migrations.SeparateDatabaseAndState(database_operations=[migrations.RunPython(link)]),
    ]
"""
BY_HAND = """
    operations = [
        migrations.RunSQL(
            [
                "INSERT INTO library_alpha (name) VALUES ('x % y')",
                ("INSERT INTO library_alpha (name) VALUES (%s)", ["50% 'q'"]),
            ],
            elidable=True,
            hints={"some": "hint"},
        ),
        migrations.RunSQL("SELECT 1 -- a comment at the end"),
        migrations.RunSQL("create table by_hand (id int primary key) -- and another"),
        migrations.RunSQL("CREATE VIEW seen AS SELECT id FROM library_alpha"),
    ]
"""
# Pasted from a dump: the path is changed, and stock puts it right before the next statement.
ANOTHER_PATH = """
    operations = [
        migrations.RunSQL("SELECT pg_catalog.set_config('search_path', '', false)"),
        migrations.RunSQL("SAVEPOINT here; ALTER TABLE by_hand ADD COLUMN more int; RELEASE here"),
        migrations.RunSQL("SET LOCAL search_path = public"),
        migrations.AddField("alpha", "more", models.IntegerField(null=True)),
    ]
"""
OF_POSTGRES = """
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.operations import AddConstraintNotValid, CreateCollation, ValidateConstraint
from django.db.models.functions import Lower
---
    operations = [
        migrations.RenameModel("Beta", "Gamma"),
        migrations.AlterModelTable("gamma", "gammas"),
        migrations.AlterModelTableComment("gamma", "those 'gammas'"),
        CreateCollation("plain", "C"),
        migrations.AddField("alpha", "plain", models.CharField(max_length=9, db_collation="plain", default="é%")),
        migrations.AddField("alpha", "during", DateTimeRangeField(null=True)),
        migrations.AddField("alpha", "extra", models.JSONField(default=dict)),
        migrations.AddField(
            "alpha",
            "lower",
            models.GeneratedField(
                expression=Lower("name"), output_field=models.CharField(max_length=80), db_persist=True
            ),
        ),
        migrations.AddConstraint(
            "alpha", ExclusionConstraint(name="one_at_a_time", expressions=[("during", RangeOperators.OVERLAPS)])
        ),
        migrations.AddConstraint(
            "alpha",
            models.UniqueConstraint(fields=["name", "id"], name="at_once", deferrable=models.Deferrable.IMMEDIATE),
        ),
        migrations.AddIndex("alpha", models.Index(Lower("name").desc(), name="by_lower")),
        migrations.AddIndex(
            "alpha",
            models.Index(fields=["name"], include=["id"], condition=models.Q(name__contains="x"), name="some_names"),
        ),
        AddConstraintNotValid("alpha", models.CheckConstraint(condition=~models.Q(name="bad"), name="not_bad")),
        ValidateConstraint("alpha", "not_bad"),
        migrations.AlterField("through", "beta", models.ForeignKey("library.alpha", models.CASCADE, related_name="+")),
        migrations.AlterField("gamma", "label", models.TextField(unique=True)),
        migrations.AlterField("gamma", "id", models.AutoField(primary_key=True)),
        migrations.RemoveField("alpha", "items"),
    ]
"""
# Operations of our own: one that writes rows, and one that renames what the migration itself has put off.
OF_OUR_OWN = """
import secrets
from django.db.migrations.operations.base import Operation

class Fill(Operation):
    reversible = False

    def state_forwards(self, label, state):
        pass

    def database_forwards(self, label, editor, before, after):
        Alpha = after.apps.get_model(label, "Alpha")
        if self.allow_migrate_model(editor.connection.alias, Alpha):
            Alpha.objects.create(name="filled")
            editor.execute("COMMENT ON TABLE library_alpha IS %s", ["100%"])

class Rename(migrations.RenameModel):
    pass
---
    operations = [
        Fill(),
        migrations.CreateModel(
            "Zeta",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("alpha", models.ForeignKey("library.alpha", models.CASCADE)),
                ("name", models.CharField(max_length=9, unique=True)),
            ],
        ),
        Rename("Zeta", "Eta"),
        migrations.AddField("item", "secret", models.CharField(max_length=64, default=secrets.token_hex)),
    ]
"""
# An append-only table that is not there between two parts.
AWAY = 'operations = [migrations.AlterModelTable("auditentry", "accounts_away")]\n'
APART = """
    atomic = False
    operations = [
        migrations.RunPython(migrations.RunPython.noop, atomic=True),
        migrations.RunSQL("CREATE INDEX CONCURRENTLY for_a_while ON accounts_user (email)"),
    ]
"""
BACK = 'operations = [migrations.AlterModelTable("auditentry", None)]\n'


def test_odd_migrations_give_what_stock_gives(a_fleet: Callable[..., Fleet]) -> None:
    fleet = a_fleet(3, 1)
    by_stock = fleet.workspaces["ruche-0"]
    for schema in fleet.schemas:
        insert_item(fleet, schema, "one")
    fleet.code(
        "library",
        **{
            "0900_circle": CIRCLE,
            "0901_by_hand": BY_HAND,
            "0902_path": ANOTHER_PATH,
            "0903_postgres": OF_POSTGRES,
            "0904_own": OF_OUR_OWN,
        },
    )
    fleet.code("accounts", **{"0900_away": AWAY, "0901_apart": APART, "0902_back": BACK})
    done = fleet.manage("migrate_schemas", "--schema", by_stock, "-v0")
    assert done.returncode == 0, done.stderr
    told = fleet.migrate("--jobs", "8")
    assert (told["exit"], told["migrated"], told["failed"]) == (0, 3, [])
    names = [fleet.sql(f'SELECT name, plain, lower FROM "{s}".library_alpha ORDER BY id') for s in fleet.schemas]
    assert names == [names[0]] * 4 and len(names[0]) == 4
    for schema in fleet.schemas:
        assert fleet.dump(schema) == fleet.dump(by_stock)
        assert fleet.applied(schema) == fleet.applied(by_stock) == fleet.remembered(schema)
        assert fleet.sql(f'SELECT count(*) FROM "{schema}".library_through') == [(2,)]
    # What a function gives is each schema's own.
    secrets = {fleet.sql(f'SELECT secret FROM "{schema}".library_item')[0] for schema in fleet.schemas}
    assert len(secrets) == 4


def _squash(fleet: Fleet) -> Path:
    """0900_a and 0901_b, with a migration that replaces them."""
    fleet.code("library", **{"0900_a": A, "0901_b": B})
    place = fleet.folder / fleet.modules["library"]
    first, second = A.strip().removesuffix("]"), B.partition("[")[2].strip()
    both = (place / "0900_a.py").read_text().replace(A.strip(), f"{first}, {second}")
    (place / "0900_both.py").write_text(both + '\n    replaces = [("library", "0900_a"), ("library", "0901_b")]\n')
    return place


def _above(fleet: Fleet, schema: str) -> set[str]:
    return {name for app, name in fleet.applied(schema) if app == "library" and name >= "09"}


def test_squashed_migrations_are_recorded_before_the_code_leaves_them_off(a_fleet: Callable[..., Fleet]) -> None:
    fleet = a_fleet(3, 1)
    fleet.code("library", **{"0900_a": A})
    assert fleet.manage("migrate_schemas", "--schema", fleet.workspaces["ruche-1"], "-v0").returncode == 0
    fleet.code("library", **{"0900_a": A, "0901_b": B})
    assert fleet.manage("migrate_schemas", "--schema", fleet.workspaces["ruche-2"], "-v0").returncode == 0
    place = _squash(fleet)
    # None of the replaced, one, or all: the last needs no more than the row.
    told = fleet.migrate()
    assert (told["exit"], told["migrated"], len(told["groups"])) == (0, 4, 3)
    for schema in ("public", *fleet.schemas):
        assert _above(fleet, schema) == {"0900_a", "0901_b", "0900_both"}
    assert len({fleet.dump(schema) for schema in fleet.schemas}) == 1
    # A row that says something else than its schema is set right.
    fleet.sql("UPDATE public.tenants_tenant SET applied = 'never'")
    assert fleet.migrate()["status"] == "current"
    assert all(fleet.remembered(schema) == fleet.applied(schema) for schema in fleet.schemas)
    # The code leaves them off. Then it is rolled back: the schemas are ahead.
    for name in ("0900_a.py", "0901_b.py"):
        (place / name).unlink()
    text = (place / "0900_both.py").read_text()
    (place / "0900_both.py").write_text(text.partition("    replaces")[0])
    assert fleet.migrate()["status"] == "current"
    fleet.modules.clear()
    assert fleet.migrate()["status"] == "current"
    fleet.code("library", **{"0950_color": COLOR})
    assert fleet.migrate()["migrated"] == 4


def test_histories_that_contradict_the_code(a_fleet: Callable[..., Fleet]) -> None:
    fleet = a_fleet(2, 1)
    fleet.code("library", **{"0900_a": A, "0901_b": B})
    file = fleet.folder / fleet.modules["library"] / "0901_b.py"
    text = file.read_text()
    file.write_text(text.replace("0900_a", max(path.stem for path in file.parent.glob("00*.py"))))
    # Branched: nothing is touched, and the one JSON value says why.
    told = fleet.migrate("--resume")
    assert (told["exit"], told["not_tried"], told["migrated"]) == (1, 3, 0)
    assert told["failed"][0]["schema"] == "public" and "0900_a, 0901_b" in told["failed"][0]["error"]
    file.write_text(text)
    odd = fleet.workspaces["ruche-1"]
    fleet.sql(f"INSERT INTO \"{odd}\".django_migrations (app, name, applied) VALUES ('library', '0901_b', now())")
    assert [failure["schema"] for failure in fleet.migrate("--plan")["failed"]] == [odd]
    told = fleet.migrate()
    assert (told["exit"], told["migrated"], told["not_tried"]) == (1, 2, 0)
    assert [failure["schema"] for failure in told["failed"]] == [odd]
    assert "InconsistentMigrationHistory" in told["failed"][0]["error"]
