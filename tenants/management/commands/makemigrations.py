from importlib import invalidate_caches
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import makemigrations

from tenants import migration_lint


class Command(makemigrations.Command):
    """Django's command, which also lints the new migrations. A refused file is kept, to be changed or excused."""

    def handle(self, *app_labels: str, **options: Any) -> None:
        self.keys: list[tuple[str, str]] = []
        super().handle(*app_labels, **options)
        if self.dry_run:
            return
        invalidate_caches()
        _count, refused = migration_lint.lint(self.keys)
        if refused:
            details = "\n".join(str(refusal) for refusal in refused)
            raise CommandError(f"Written, but refused as it stands; change the file, then migrations_lint:\n{details}")

    def write_migration_files(self, changes: dict[str, list[Any]], *args: Any, **kwargs: Any) -> None:
        super().write_migration_files(changes, *args, **kwargs)
        self.keys += [
            (label, migration.name) for label, new_migrations in changes.items() for migration in new_migrations
        ]
