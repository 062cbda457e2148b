"""How the console writes what is paid. Apart from its pages: templates load this one."""

from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext, pgettext


def euros(value: Decimal) -> str:
    """Euros without VAT, to the cent, and that they are."""
    return f"{plain_euros(value)} {gettext('HT')}"


def plain_euros(value: Decimal) -> str:
    """Euros to the cent."""
    shown = formats.number_format(value, decimal_pos=2, force_grouping=True)
    return pgettext("amount", "%(figure)s €") % {"figure": shown}
