from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from tenants.context import public_context
from tenants.first_run import bring_up_to_date, seed_catalogue
from tenants.pool import refill_ready_schemas
from website.static_files import collect_if_changed


class Command(BaseCommand):
    help = "Migrate the database and seed the catalogue; in the embedded run also the demonstration."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"database: {bring_up_to_date()}")
        seed_catalogue()
        with public_context():
            refill_ready_schemas()
        if settings.RUCHE_EMBEDDED:
            if collect_if_changed():
                self.stdout.write("static files: collected and compressed")
            self.stdout.write(f"demo workspace: {import_string(settings.DEMONSTRATION)()}")
