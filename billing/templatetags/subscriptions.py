"""Filters of the console's pages of subscriptions."""

from decimal import Decimal

from django import template

from ui.console_text import format_euros_excl_vat as written

register = template.Library()


@register.filter
def format_euros_excl_vat(value: Decimal | int) -> str:
    """To the cent, and that it is without VAT."""
    return written(Decimal(value))
