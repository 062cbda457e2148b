from typing import Any

from billing.stripe import catalogue, endpoint
from tenants.management.command import RucheCommand


class Command(RucheCommand):
    help = "Make plans, options and prices known to Stripe. Idempotent: a second run does nothing."

    def act(self, **options: Any) -> Any:
        return [{"did": action, "what": target} for action, target in catalogue.push()]

    def describe(self, result: Any) -> None:
        for row in result:
            self.stdout.write(f"{row['did']:<20} {row['what']}")
        self.stdout.write(f"{len(result)} changement(s) chez Stripe.")
        self.stdout.write(f"Adresse des webhooks : {endpoint.endpoint_url()}")
