from typing import Any

from django.core.management.base import CommandParser

from tenants.actors import COMMAND
from tenants.management.command import RucheCommand, find_tenant
from tenants.services import tenant_resume


class Command(RucheCommand):
    help = "Bring a suspended workspace back."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("--reason", default="par la ligne de commande")

    def act(self, **options: Any) -> Any:
        tenant = find_tenant(options["slug"])
        ref = tenant_resume(tenant_id=tenant.pk, reason=options["reason"], actor=COMMAND)
        return {"slug": ref.slug, "state": ref.state}

    def describe(self, result: Any) -> None:
        self.stdout.write(f"{result['slug']} : {result['state']}")
