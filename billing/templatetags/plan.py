"""Template filters of the pages of plan and payment."""

from decimal import Decimal

from django import template
from django.utils import formats
from django.utils.translation import gettext as _

from billing.pages import selection
from billing.subscription_types import Choice
from tax.countries import name_of

register = template.Library()

country_name = register.filter("country_name", name_of)


@register.filter
def choice_url(choice: Choice, name: str) -> str:
    """The path of the page `name` with the choice in its query string."""
    return selection.url_with_choice(name, choice)


@register.filter
def percent(value: Decimal) -> str:
    """A rate without trailing zeros, in the reader's language: "20 %", "8,5 %", in English "20%"."""
    shown = formats.number_format(value.normalize(), use_l10n=True) if value else "0"
    return _("%(rate)s %%") % {"rate": shown}


@register.filter
def each_period(interval: str) -> str:
    """The words for "per month" or "per year"."""
    return _("par an") if interval == "year" else _("par mois")
