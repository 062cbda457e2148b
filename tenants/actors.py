"""Actors of the audit log that are not people; stored untranslated, translated when displayed."""

from typing import Final

from django.utils.translation import gettext_noop

# A scheduled or background job, or a rule of the platform.
SYSTEM: Final = gettext_noop("système")
# Payments: the state follows the subscription.
STRIPE: Final = "Stripe"
# A management command.
COMMAND: Final = gettext_noop("ligne de commande")
