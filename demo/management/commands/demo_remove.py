from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from demo.removal import remove_demo
from tenants.management.command import RucheCommand


class Command(RucheCommand):
    help = "Remove the demonstration: its workspaces, figures, mails and subscriptions. It is not created again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def act(self, **options: Any) -> Any:
        if not options["yes"] and input("Retirer la démonstration, pour de bon ? (oui) ").strip().lower() != "oui":
            raise ValidationError("Rien n’est retiré.", code="not_confirmed")
        return {"removed": remove_demo(actor="console")}

    def describe(self, result: Any) -> None:
        for slug in result["removed"]:
            self.stdout.write(f"{slug} : retiré")
        self.stdout.write("La démonstration est retirée. Le compte opérateur reste : changez-en le mot de passe.")
