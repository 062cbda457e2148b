from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from tenants.actors import COMMAND
from tenants.management.command import RucheCommand, find_tenant
from tenants.services import WorkspaceNameMismatch, tenant_close, tenant_delete_now


class Command(RucheCommand):
    help = "Close a workspace (deleted 30 days later); --now deletes it for good, once its slug is typed."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("--now", action="store_true", help="delete schema and files at once")
        parser.add_argument("--confirm", metavar="SLUG", help="the slug, typed again; asked for where not given")
        parser.add_argument("--reason", default="par la ligne de commande")

    def act(self, **options: Any) -> Any:
        tenant = find_tenant(options["slug"])
        if not options["now"]:
            ref = tenant_close(tenant_id=tenant.pk, reason=options["reason"], actor=COMMAND)
            return {"slug": ref.slug, "state": ref.state}
        typed = options["confirm"]
        if typed is None:
            typed = input(f"Pour supprimer définitivement l'espace, tapez son adresse courte ({tenant.slug}) : ")
        try:
            tenant_delete_now(tenant_id=tenant.pk, typed_slug=typed, reason=options["reason"], actor=COMMAND)
        except WorkspaceNameMismatch as error:
            raise ValidationError("L’adresse tapée n’est pas celle de l’espace : rien n’est supprimé.") from error
        return {"slug": options["slug"], "state": "deleted"}

    def describe(self, result: Any) -> None:
        self.stdout.write(f"{result['slug']} : {result['state']}")
