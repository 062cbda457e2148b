"""How pages write revenue: amounts to the cent, without VAT, and what a line of the ledger is.

Apart from the console's pages: templates load this one, and the theme loads templates while it is being imported.
"""

from decimal import Decimal

from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from billing.models import RevenueChange
from billing.mrr.ledger import CAUSES
from ui.console_text import NOTHING, badge
from ui.console_text import format_euros as plain_euros

Kind = RevenueChange.Kind
BADGES = {
    Kind.NEW: "good",
    Kind.REACTIVATION: "good",
    Kind.EXPANSION: "wait",
    Kind.CONTRACTION: "warn",
    Kind.CHURN: "bad",
}


def euros(value: Decimal | None) -> str:
    return NOTHING if value is None else plain_euros(value)


def signed(value: Decimal) -> str:
    """With its sign, a true minus."""
    sign = ("+" if value > 0 else "\u2212") if value else ""
    return f"{sign}{euros(abs(value))}"


def percent(value: Decimal | None) -> str:
    """A share of a hundred, with one decimal."""
    if value is None:
        return NOTHING
    return pgettext("share", "%(figure)s %%") % {"figure": formats.number_format(value, decimal_pos=1)}


def kind_badge(line: RevenueChange) -> SafeString:
    return badge(line.get_kind_display(), BADGES[Kind(line.kind)])


def cause(line: RevenueChange) -> str:
    """Why, in words. What the code does not know any more is shown as it is."""
    return str(CAUSES.get(line.reason, line.reason)) or NOTHING
