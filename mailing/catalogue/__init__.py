"""Every mail of the platform: what it is for, its words in both languages, what its words may name."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from mailing.catalogue.account import ACCOUNT
from mailing.catalogue.advice import ADVICE
from mailing.catalogue.entry import ENTRY
from mailing.catalogue.operators import OPERATORS
from mailing.catalogue.subscriptions import SUBSCRIPTIONS
from mailing.catalogue.types import MailTemplate
from mailing.catalogue.workspace import WORKSPACE_LIFE

# (label, templates) in the order of the console.
FAMILIES: Final = (
    (_("Arrivée"), ENTRY),
    (_("Compte"), ACCOUNT),
    (_("Espace"), WORKSPACE_LIFE),
    (_("Abonnement"), SUBSCRIPTIONS),
    (_("Opérateurs"), OPERATORS),
    (_("Séquences"), ADVICE),
)
TEMPLATES: Final[dict[str, MailTemplate]] = {
    template.key: template for _label, templates in FAMILIES for template in templates
}
