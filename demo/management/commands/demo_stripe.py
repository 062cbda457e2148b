from typing import Any

from django.core.management import call_command

from demo.subscriptions import subscribe_demo
from tenants.management.command import RucheCommand


class Command(RucheCommand):
    help = "Embedded run: push the catalogue to the simulated Stripe and subscribe the workspaces of the demonstration."

    def act(self, **options: Any) -> Any:
        call_command("billing_push", stdout=self.stdout)
        return {"subscribed": subscribe_demo()}

    def describe(self, result: Any) -> None:
        self.stdout.write(f"demonstration: {len(result['subscribed'])} subscribed")
