"""Filters of the page of revenue."""

from decimal import Decimal

from django import template

from billing.models import RevenueChange
from billing.mrr import words

register = template.Library()
register.filter("euros", words.euros)
register.filter("signed_euros", words.signed)
register.filter("percent", words.percent)
register.filter("kind_badge", words.kind_badge)
register.filter("cause", words.cause)


@register.filter
def minus_euros(value: Decimal) -> str:
    """What was lost, which the figures count without a sign."""
    return words.signed(-value)


@register.filter
def move_euros(line: RevenueChange) -> str:
    return words.signed(line.after_euros - line.before_euros)
