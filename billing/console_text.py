"""How the console writes what is paid. Apart from its pages: templates load this one."""

from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext, pgettext


def euros(value: Decimal) -> str:
    """Euros without VAT, to the cent, and that they are."""
    shown = formats.number_format(value, decimal_pos=2, force_grouping=True)
    return f"{pgettext('amount', '%(figure)s €') % {'figure': shown}} {gettext('HT')}"
