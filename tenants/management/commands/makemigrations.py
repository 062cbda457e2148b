from importlib import invalidate_caches
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import makemigrations

from tenants import migration_lint


class Command(makemigrations.Command):
    """Django's own, and what it has written is linted: the file stays, to be changed or given its reason."""

    def handle(self, *app_labels: str, **options: Any) -> None:
        self.keys: list[tuple[str, str]] = []
        super().handle(*app_labels, **options)
        if self.dry_run:
            return
        invalidate_caches()
        _count, refused = migration_lint.lint(self.keys)
        if refused:
            told = "\n".join(str(one) for one in refused)
            raise CommandError(f"Written, but refused as it stands; change the file, then migrations_lint:\n{told}")

    def write_migration_files(self, changes: dict[str, list[Any]], *args: Any, **kwargs: Any) -> None:
        super().write_migration_files(changes, *args, **kwargs)
        self.keys += [(label, migration.name) for label, found in changes.items() for migration in found]
