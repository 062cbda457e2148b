from typing import Any

from django.core.management.base import CommandParser

from billing.stripe import reconcile
from billing.stripe.client import client
from tenants.management.command import RucheCommand


class Command(RucheCommand):
    help = "Hold every workspace against Stripe and list what differs; --repair follows Stripe."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--repair", action="store_true", help="follow Stripe where it differs")

    def act(self, **options: Any) -> Any:
        client()
        return [difference.shown() for difference in reconcile.reconcile(repair=options["repair"])]

    def describe(self, result: Any) -> None:
        for row in result:
            note = "  (à voir à la main)" if row["for_people"] else ""
            self.stdout.write(f"{row['slug']:<20} {row['what']:<16} {row['ours']} → {row['theirs']}{note}")
        self.stdout.write(f"{len(result)} écart(s) avec Stripe.")
