"""Filters of the console's pages of subscriptions."""

from decimal import Decimal

from django import template

from billing.console_text import euros

register = template.Library()


@register.filter
def euros_excl_vat(value: Decimal | int) -> str:
    """To the cent, and that it is without VAT."""
    return euros(Decimal(value))
