"""What the pages of plan and payment ask for beside the interface's own filters."""

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
    """The path of a page, with the choice in it."""
    return selection.url_with_choice(name, choice)


@register.filter
def percent(value: Decimal) -> str:
    """A rate: 20 %, 8,5 %, and in English 20%."""
    shown = formats.number_format(value.normalize(), use_l10n=True) if value else "0"
    return _("%(rate)s %%") % {"rate": shown}


@register.filter
def each_period(interval: str) -> str:
    """Per month, per year."""
    return _("par an") if interval == "year" else _("par mois")
