from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants import migration_lint


class Command(BaseCommand):
    help = "Refuse migrations that would stop a running fleet and do not say why they may. Asks no database."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        count, refused = migration_lint.lint()
        if refused:
            raise CommandError("\n".join(str(refusal) for refusal in refused))
        self.stdout.write(f"migrations: {count} read, none refused")
