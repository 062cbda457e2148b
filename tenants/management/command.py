"""Base of management commands: public context, readable errors, and `--json` output."""

import json
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.actors import COMMAND
from tenants.context import public_context


class RucheCommand(BaseCommand):
    """Subclasses implement `act`, whose result `--json` prints, and `describe`, which prints it as text."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json = options["json"]
        try:
            with public_context():
                result = self.act(**options)
        except ValidationError as error:
            self.refuse(" ".join(error.messages), error.error_list[0].code or "invalid", as_json)
        if as_json:
            self.stdout.write(json.dumps(result, default=str, ensure_ascii=False))
        else:
            self.describe(result)

    def refuse(self, message: str, code: str, as_json: bool) -> None:
        """Exit with code 1 and print the reason."""
        if as_json:
            self.stdout.write(json.dumps({"error": message, "code": code}, ensure_ascii=False))
            sys.exit(1)
        raise CommandError(message)

    def act(self, **options: Any) -> Any:
        raise NotImplementedError

    def describe(self, result: Any) -> None:
        raise NotImplementedError


class ChangeOfState(RucheCommand):
    """A service that takes a workspace to another state, by its slug and with a reason."""

    service: ClassVar[Callable[..., Any]]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("--reason", default="par la ligne de commande")

    def act(self, **options: Any) -> Any:
        tenant = find_tenant(options["slug"])
        ref = type(self).service(tenant_id=tenant.pk, reason=options["reason"], actor=COMMAND)
        return {"slug": ref.slug, "state": ref.state}

    def describe(self, result: Any) -> None:
        self.stdout.write(f"{result['slug']} : {result['state']}")


def find_tenant(slug: str) -> Any:
    """A workspace by its slug. Raises `ValidationError`."""
    from tenants.models import Tenant

    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise ValidationError(f"Aucun espace « {slug} » : voyez tenant_list.", code="unknown")
    return tenant
