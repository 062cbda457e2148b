"""`fleet_migrate`: the same schema as stock's, many at once, a failure stops no other."""

import psycopg
import pytest

from tests.fleet.fleet import COLOR, insert_item

pytestmark = pytest.mark.committed
SHORT_TITLES = """
    operations = [
        migrations.AddField("item", "color", models.CharField(max_length=7, default="", db_default="")),
        migrations.AddConstraint(
            "item", models.CheckConstraint(condition=~models.Q(title="forbidden"), name="title_is_allowed")
        ),
    ]
"""
# Everything that goes through the schema editor: a table, its rows' rights, links, an index, SQL by hand, a change of
# type, a constraint whose name Django looks up.
MANY = """
def count(apps, editor):
    Item = apps.get_model("library", "Item")
    Shelf = apps.get_model("library", "Shelf")
    Shelf.objects.create(name=f"{Item.objects.count()} items")
---
    operations = [
        migrations.CreateModel(
            "Shelf",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=40, unique=True)),
                ("first", models.ForeignKey("library.item", models.CASCADE, null=True)),
                ("items", models.ManyToManyField("library.item", related_name="shelves")),
            ],
            options={"unique_together": {("name", "first")}},
        ),
        migrations.AddIndex("item", models.Index(fields=["created_at", "title"], name="item_by_day_and_title")),
        migrations.RunSQL("COMMENT ON COLUMN library_item.title IS 'as it is shown: 100%'", migrations.RunSQL.noop),
        migrations.RunPython(count, migrations.RunPython.noop),
        migrations.AlterField("shelf", "name", models.CharField(max_length=80)),
    ]
"""
THEN = """
    operations = [
        migrations.AlterUniqueTogether("shelf", set()),
        migrations.RenameField("shelf", "first", "foremost"),
    ]
"""


def test_a_column_for_everybody(a_fleet):
    fleet = a_fleet(4, 2)
    fleet.code("library", **{"0900_color": COLOR})
    planned = fleet.migrate("--plan")
    assert (planned["status"], planned["not_tried"], fleet.having("color")) == ("plan", 6, set())
    assert planned["groups"] == [{"schemas": 6, "migrations": ["library.0900_color"]}]
    told = fleet.migrate("--jobs", "3")
    assert (told["exit"], told["status"], told["migrated"], told["failed"]) == (0, "migrated", 6, [])
    assert fleet.having("color") == set(fleet.schemas)
    for schema in fleet.schemas:
        assert ("library", "0900_color") in fleet.applied(schema)
        assert fleet.remembered(schema) == fleet.applied(schema)
    # In public the migration is recorded, and makes no table.
    assert ("library", "0900_color") in fleet.applied("public")
    assert fleet.columns("public", "library_item") == set()
    again = fleet.migrate()
    assert (again["status"], again["migrated"], again["groups"]) == ("current", 0, [])


def test_it_gives_the_schema_that_stock_gives(a_fleet):
    fleet = a_fleet(3, 1)
    by_stock = fleet.workspaces["ruche-0"]
    for schema in fleet.schemas:
        insert_item(fleet, schema, "one")
    fleet.code("library", **{"0900_many": MANY, "0901_then": THEN, "0902_color": COLOR})
    done = fleet.manage("migrate_schemas", "--schema", by_stock, "-v0")
    assert done.returncode == 0, done.stderr
    told = fleet.migrate()
    assert (told["exit"], told["migrated"], told["failed"]) == (0, 3, [])
    expected = fleet.dump(by_stock)
    assert "library_shelf" in expected and "GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE" in expected
    for schema in fleet.schemas:
        assert fleet.dump(schema) == expected
        assert fleet.applied(schema) == fleet.applied(by_stock) == fleet.remembered(schema)
        assert fleet.sql(f'SELECT name FROM "{schema}".library_shelf') == [("1 items",)]
        # The application may use what was made.
        with psycopg.connect(fleet.app_url) as app:
            app.execute(f"INSERT INTO \"{schema}\".library_shelf (name) VALUES ('two')".encode())
    assert fleet.migrate()["status"] == "current"


def test_a_schema_that_fails_stops_no_other_and_is_mended(a_fleet):
    fleet = a_fleet(4, 1)
    bad = fleet.workspaces["ruche-2"]
    insert_item(fleet, bad, "forbidden")
    for slug in ("ruche-1", "ruche-2"):
        fleet.sql(
            "INSERT INTO public.tenants_domain (id, domain, is_primary, tenant_id)"
            " SELECT gen_random_uuid(), %s, true, id FROM public.tenants_tenant WHERE slug = %s",
            f"{slug}.localhost",
            slug,
        )
    before, applied = fleet.dump(bad), fleet.applied(bad)
    fleet.code("library", **{"0900_short": SHORT_TITLES})
    told = fleet.migrate("--canary", "ruche-0")
    assert (told["exit"], told["status"], told["migrated"], told["not_tried"]) == (1, "failed", 4, 0)
    (failure,) = told["failed"]
    assert (failure["schema"], failure["slug"]) == (bad, "ruche-2")
    assert "title_is_allowed" in failure["error"] and failure["migration"] == "library.0900_short"
    # Rolled back whole, and remembered.
    assert (fleet.dump(bad), fleet.applied(bad)) == (before, applied)
    assert fleet.having("color") == set(fleet.schemas) - {bad}
    assert fleet.sql("SELECT schema_name, tries FROM public.tenants_schemafailure") == [(bad, 1)]
    # Its people see a plain page; everybody else works.
    asked = fleet.ask("/accounts/login/", "ruche-1.localhost", "ruche-2.localhost")
    assert asked["ruche-1.localhost"][0] == 200
    status, retry, page = asked["ruche-2.localhost"]
    assert (status, retry) == (503, "60") and "Cet espace est mis à jour" in page
    # Still failing, then mended.
    assert fleet.migrate("--resume")["failed"][0]["schema"] == bad
    assert fleet.sql("SELECT tries FROM public.tenants_schemafailure") == [(2,)]
    fleet.sql(f"UPDATE \"{bad}\".library_item SET title = 'allowed'")
    mended = fleet.migrate("--resume")
    assert (mended["exit"], mended["migrated"], mended["failed"]) == (0, 1, [])
    assert fleet.having("color") == set(fleet.schemas)
    assert fleet.dump(bad) == fleet.dump(fleet.workspaces["ruche-1"])
    assert fleet.sql("SELECT 1 FROM public.tenants_schemafailure") == []
    assert fleet.ask("/accounts/login/", "ruche-2.localhost")["ruche-2.localhost"][0] == 200


def test_a_canary_that_fails_stops_everything(a_fleet):
    fleet = a_fleet(3, 1)
    insert_item(fleet, fleet.workspaces["ruche-1"], "forbidden")
    fleet.code("library", **{"0900_short": SHORT_TITLES})
    told = fleet.migrate("--canary", "ruche-1")
    assert (told["exit"], told["migrated"], told["not_tried"]) == (1, 0, 3)
    assert [failure["slug"] for failure in told["failed"]] == ["ruche-1"]
    assert fleet.having("color") == set()
    assert fleet.migrate("--canary", "nobody")["code"] == "unknown"


def test_a_migration_that_fails_everywhere_is_not_tried_a_thousand_times(a_fleet):
    fleet = a_fleet(6, 0)
    fleet.code("library", **{"0900_wrong": 'operations = [migrations.RunSQL("SELECT 1 / 0", "SELECT 1")]\n'})
    # RunSQL runs in public too, as stock has it: public stops the deployment before any workspace is touched.
    done = fleet.manage("fleet_migrate", "--json")
    assert done.returncode != 0 and "division by zero" in done.stderr
    told = fleet.migrate("--resume")
    assert (len(told["failed"]), told["not_tried"], told["migrated"]) == (3, 3, 0)


PYTHON = """
import os

def note(apps, editor):
    with open(os.environ["RUCHE_TEST_NOTES"], "a") as notes:
        notes.write(f"{id(apps)}\\n")
    Item = apps.get_model("library", "Item")
    for item in Item.objects.all():
        item.title = item.title + " seen"
        item.save(update_fields=["title"])
---
    operations = [migrations.RunPython(note, migrations.RunPython.noop)]
"""


def test_python_runs_in_each_schema_with_one_rendered_state(a_fleet, tmp_path, monkeypatch):
    notes = tmp_path / "notes"
    monkeypatch.setenv("RUCHE_TEST_NOTES", str(notes))
    fleet = a_fleet(5, 1)
    for slug, schema in fleet.workspaces.items():
        insert_item(fleet, schema, slug)
    fleet.code("library", **{"0900_color": COLOR, "0901_note": PYTHON})
    told = fleet.migrate("--jobs", "2")
    assert (told["migrated"], told["failed"]) == (6, [])
    for slug, schema in fleet.workspaces.items():
        assert fleet.sql(f'SELECT title FROM "{schema}".library_item') == [(f"{slug} seen",)]
    ran = notes.read_text().split()
    assert len(ran) == 6 and len(set(ran)) == 1


CONCURRENTLY = """
    atomic = False
    operations = [AddIndexConcurrently("item", models.Index(fields=["title"], name="item_title_now"))]
"""
UNIQUE_CONCURRENTLY = """
    atomic = False
    operations = [
        migrations.RunSQL("CREATE UNIQUE INDEX CONCURRENTLY item_title_once ON library_item (title)", "SELECT 1")
    ]
"""


def test_what_cannot_run_in_a_transaction_runs_the_stock_way(a_fleet):
    fleet = a_fleet(3, 1)
    fleet.code(
        "library", **{"0900_color": COLOR, "0901_index": CONCURRENTLY, "0902_again": COLOR.replace("color", "ink")}
    )
    told = fleet.migrate()
    assert (told["exit"], told["migrated"]) == (0, 4)
    found = fleet.sql("SELECT schemaname FROM pg_indexes WHERE indexname = 'item_title_now'")
    assert {row[0] for row in found} == set(fleet.schemas)
    assert fleet.having("ink") == set(fleet.schemas)
    assert all(fleet.remembered(schema) == fleet.applied(schema) for schema in fleet.schemas)


def test_an_index_that_failed_half_way_is_cleared_and_made(a_fleet):
    fleet = a_fleet(3, 0)
    bad = fleet.workspaces["ruche-1"]
    for _number in range(2):
        insert_item(fleet, bad, "twice")
    fleet.code("library", **{"0900_color": COLOR, "0901_unique": UNIQUE_CONCURRENTLY})
    told = fleet.migrate("--resume")
    assert [failure["schema"] for failure in told["failed"]] == [bad] and told["migrated"] == 2
    # What came before it is kept, and recorded.
    assert bad in fleet.having("color") and fleet.remembered(bad) == fleet.applied(bad)
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    assert fleet.sql(invalid) == [(1,)]
    fleet.sql(f'UPDATE "{bad}".library_item SET title = id::text')
    mended = fleet.migrate("--resume")
    assert (mended["migrated"], mended["failed"], fleet.sql(invalid)) == (1, [], [(0,)])
    assert fleet.dump(bad) == fleet.dump(fleet.workspaces["ruche-0"])


UNIQUE = """
    operations = [
        migrations.CreateModel(
            "Shelf",
            [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=9, unique=True))],
        )
    ]
"""
NOT_UNIQUE = 'operations = [migrations.AlterField("shelf", "name", models.CharField(max_length=9))]\n'


def test_a_constraint_of_another_name_is_found_by_its_own(a_fleet):
    fleet = a_fleet(3, 0)
    fleet.code("library", **{"0900_shelf": UNIQUE})
    assert fleet.migrate()["exit"] == 0
    other = fleet.workspaces["ruche-1"]
    fleet.sql(f'ALTER TABLE "{other}".library_shelf RENAME CONSTRAINT library_shelf_name_key TO once_cloned')
    fleet.code("library", **{"0900_shelf": UNIQUE, "0901_free": NOT_UNIQUE})
    told = fleet.migrate()
    assert (told["exit"], told["migrated"]) == (0, 3)
    assert sorted(group["schemas"] for group in told["groups"]) == [1, 2]
    assert fleet.dump(other) == fleet.dump(fleet.workspaces["ruche-0"])
    assert (
        fleet.sql("SELECT conname FROM pg_constraint WHERE conname IN ('library_shelf_name_key', 'once_cloned')") == []
    )


def test_schemas_at_different_points_are_each_taken_from_where_they_are(a_fleet):
    fleet = a_fleet(4, 0)
    fleet.code("library", **{"0900_color": COLOR})
    half = fleet.workspaces["ruche-3"]
    assert fleet.manage("migrate_schemas", "--schema", half, "-v0").returncode == 0
    fleet.code("library", **{"0900_color": COLOR, "0901_ink": COLOR.replace("color", "ink")})
    told = fleet.migrate()
    assert sorted((group["schemas"], len(group["migrations"])) for group in told["groups"]) == [(1, 1), (3, 2)]
    assert len({fleet.dump(schema) for schema in fleet.schemas}) == 1
