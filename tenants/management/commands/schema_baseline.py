import difflib
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants import baseline_build
from tenants.baseline import baseline_path


class Command(BaseCommand):
    help = "Write schema/public.sql and schema/tenant.sql from a migrate-from-zero; --check only compares."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail where the files are not what migrations give")
        parser.add_argument("--add", action="store_true", help="start from the stored files: only newer migrations run")

    def handle(self, *args: Any, **options: Any) -> None:
        built = baseline_build.build(onto_stored=options["add"])
        if options["check"]:
            self._check(built)
            return
        changed = baseline_build.write(built)
        names = ", ".join(path.name for path in changed)
        self.stdout.write(f"schema/: {names or 'nothing'} changed")

    def _check(self, built: dict[str, str]) -> None:
        for kind, sql in built.items():
            path = baseline_path(kind)
            stored = path.read_text(encoding="utf-8") if path.exists() else ""
            if stored != sql:
                difference = difflib.unified_diff(stored.splitlines(), sql.splitlines(), path.name, "migrations", n=1)
                self.stderr.write("\n".join(list(difference)[:60]))
                raise CommandError(f"schema/{path.name} is not what the migrations give: run schema_baseline.")
        self.stdout.write("schema/ is current")
