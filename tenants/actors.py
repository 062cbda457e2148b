"""Whose act it is where no person acts: written into the audit log as it is, translated where it is read."""

from typing import Final

from django.utils.translation import gettext_noop

# The clock, a job, a rule of the platform.
SYSTEM: Final = gettext_noop("système")
# Whoever may run commands on the machine.
COMMAND: Final = gettext_noop("ligne de commande")
