from typing import Any

from django.core.management.base import CommandParser

from tenants.actors import COMMAND
from tenants.management.command import RucheCommand
from tenants.services import tenant_create


class Command(RucheCommand):
    help = "Make a workspace: schema, domain, owner, welcome mail. On failure nothing of it is left."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--email", required=True, help="the owner's address")
        parser.add_argument("--plan", default="starter")
        parser.add_argument("--password", help="the owner's first password; generated where not given")
        parser.add_argument("--language", default="fr", choices=["fr", "en"])

    def act(self, **options: Any) -> Any:
        created = tenant_create(
            slug=options["slug"],
            name=options["name"],
            email=options["email"],
            plan=options["plan"],
            password=options["password"],
            language=options["language"],
            actor=COMMAND,
        )
        return {
            "id": str(created.tenant.id),
            "slug": created.tenant.slug,
            "name": created.tenant.name,
            "schema": created.tenant.schema_name,
            "domain": created.tenant.domain,
            "url": created.url,
            "email": created.email,
            "password": created.password,
            "plan": created.tenant.plan_code,
            "state": created.tenant.state,
            "must_change_password": options["password"] is None,
        }

    def describe(self, result: Any) -> None:
        self.stdout.write(f"Espace « {result['name']} » créé : {result['url']}")
        self.stdout.write(f"Connexion : {result['email']} / {result['password']}")
