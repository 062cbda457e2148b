"""Write the index of addresses anew from the accounts of every workspace."""

from typing import Any

from django.core.management.base import BaseCommand

from signup.directory import rebuild


class Command(BaseCommand):
    help = "Write the index behind « find my workspaces » anew: once after the update, and after SECRET_KEY changed."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rebuild()} accounts indexed")
