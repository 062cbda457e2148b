"""Migrations that a measure adds to those of the app `library`: a copy of them, in a package that Python finds."""

import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.servers import ROOT

PACKAGE = "bench_migrations"
KINDS = ("addfield", "addindex", "runpython")
_OPERATIONS = {
    "addfield": 'migrations.AddField("item", "bench", models.CharField(max_length=40, default="", db_default=""))',
    "addindex": 'migrations.AddIndex("item", models.Index(fields=["bench"], name="library_item_bench"))',
    "runpython": "migrations.RunPython(fill)",
}
_MIGRATION = """
from django.db import migrations, models


def fill(apps, _editor):
    apps.get_model("library", "Item").objects.filter(bench="").update(bench="x")


class Migration(migrations.Migration):
    dependencies = [("library", "{after}")]
    operations = [{operation}]
"""


@contextmanager
def copied() -> Iterator[dict[str, str]]:
    """What the environment of a process must hold to find the copy; it goes at the end."""
    above = tempfile.mkdtemp(prefix="ruche-bench-migrations-")
    try:
        shutil.copytree(ROOT / "library" / "migrations", Path(above) / PACKAGE, ignore=shutil.ignore_patterns("*.pyc"))
        found = os.pathsep.join(filter(None, [above, os.environ.get("PYTHONPATH", "")]))
        yield {"BENCH_MIGRATIONS": PACKAGE, "PYTHONPATH": found, "DJANGO_SETTINGS_MODULE": "bench.site.fleet"}
    finally:
        shutil.rmtree(above, ignore_errors=True)


def here() -> Path:
    """The copy's directory, in a process that has found it."""
    return Path(str(importlib.import_module(PACKAGE).__file__)).parent


def add(kind: str, directory: Path) -> str:
    """Write the next migration, of one of `KINDS` in their order. Its name."""
    last = max(path.stem for path in directory.glob("[0-9]*.py"))
    name = f"{int(last[:4]) + 1:04}_bench_{kind}"
    text = _MIGRATION.format(after=last, operation=_OPERATIONS[kind])
    (directory / f"{name}.py").write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    return name
