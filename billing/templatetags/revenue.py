"""Template filters of the console's page of revenue."""

from decimal import Decimal

from django import template

from billing.models import RevenueChange
from billing.mrr import presenters
from ui.console_text import format_euros, format_signed_euros

register = template.Library()
register.filter("euros", format_euros)
register.filter("signed_euros", format_signed_euros)
register.filter("percent", presenters.percent)
register.filter("kind_badge", presenters.kind_badge)
register.filter("cause", presenters.cause)


@register.filter
def minus_euros(value: Decimal) -> str:
    """A loss, which is a positive amount in the figures, with a minus sign."""
    return format_signed_euros(-value)


@register.filter
def move_euros(line: RevenueChange) -> str:
    return format_signed_euros(line.after_euros - line.before_euros)
