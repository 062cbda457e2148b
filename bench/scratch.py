"""A copy of the migrations of `library` in an importable package, to which a benchmark adds migrations."""

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
def copied_migrations() -> Iterator[dict[str, str]]:
    """Environment variables of a process that uses the copy, which is deleted at the end."""
    parent = tempfile.mkdtemp(prefix="ruche-bench-migrations-")
    try:
        shutil.copytree(ROOT / "library" / "migrations", Path(parent) / PACKAGE, ignore=shutil.ignore_patterns("*.pyc"))
        python_path = os.pathsep.join(filter(None, [parent, os.environ.get("PYTHONPATH", "")]))
        yield {"BENCH_MIGRATIONS": PACKAGE, "PYTHONPATH": python_path, "DJANGO_SETTINGS_MODULE": "bench.site.fleet"}
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def directory() -> Path:
    """Directory of the copy, in a process with that environment."""
    return Path(str(importlib.import_module(PACKAGE).__file__)).parent


def add(kind: str, folder: Path) -> str:
    """Write the next migration, of a kind in `KINDS`, in that order. Returns its name."""
    last = max(path.stem for path in folder.glob("[0-9]*.py"))
    name = f"{int(last[:4]) + 1:04}_bench_{kind}"
    text = _MIGRATION.format(after=last, operation=_OPERATIONS[kind])
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    return name
