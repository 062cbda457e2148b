"""MRR movements and percentages as pages show them.

Separate from the console's pages: template filters import this module, and the theme loads templates on import.
"""

from decimal import Decimal

from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from billing.models import RevenueChange
from billing.mrr.ledger import CAUSES
from ui.console_text import NOTHING, badge

Kind = RevenueChange.Kind
BADGES = {
    Kind.NEW: "good",
    Kind.REACTIVATION: "good",
    Kind.EXPANSION: "wait",
    Kind.CONTRACTION: "warn",
    Kind.CHURN: "bad",
}


def percent(value: Decimal | None) -> str:
    """A percentage with one decimal; a dash for None."""
    if value is None:
        return NOTHING
    return pgettext("share", "%(figure)s %%") % {"figure": formats.number_format(value, decimal_pos=1)}


def kind_badge(line: RevenueChange) -> SafeString:
    return badge(line.get_kind_display(), BADGES[Kind(line.kind)])


def cause(line: RevenueChange) -> str:
    """The reason of a movement in words; a reason that is not in `CAUSES` is shown as stored."""
    return str(CAUSES.get(line.reason, line.reason)) or NOTHING
