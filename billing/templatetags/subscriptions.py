"""Template filters of the console's pages of subscriptions."""

from django import template

from ui.console_text import format_euros_excl_vat

register = template.Library()
register.filter("format_euros_excl_vat", format_euros_excl_vat)
