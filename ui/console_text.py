"""HTML of states, figures and dates in the console.

Separate from ui/console.py: templates load it, and the theme loads templates while it is imported.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

NOTHING = "—"


def badge(text: Any, kind: str = "neutral") -> SafeString:
    """A state as text with a symbol. Kinds: good, wait, warn, bad, neutral."""
    return format_html('<span class="rc-badge rc-badge-{}">{}</span>', kind, text)


def two_lines(first: Any, second: Any) -> SafeString:
    """The content of a cell, with a muted second line."""
    return format_html('<span class="rc-two">{}<br><span class="rc-muted">{}</span></span>', first, second)


def strong(text: Any) -> SafeString:
    """The name of a row, in bold."""
    return format_html('<span class="rc-strong">{}</span>', text)


def figure(text: Any) -> SafeString:
    """A right-aligned number with tabular figures."""
    return format_html('<span class="rc-num">{}</span>', text)


def moment(value: dt.datetime | None) -> str | SafeString:
    """A date and time in the reader's time zone, with the exact time as its title."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}" class="rc-nowrap">{}</time>',
        value.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S %Z"),
        formats.date_format(local, "SHORT_DATETIME_FORMAT"),
    )


def format_exact_euros(value: Decimal | None) -> str:
    """An amount in euros, not rounded, with at least six decimals."""
    if value is None:
        return NOTHING
    text = f"{value:.12f}"
    digits = text[:-6] + text[-6:].rstrip("0")
    integer_part, _point, decimals = digits.partition(".")
    separator = formats.get_format("DECIMAL_SEPARATOR")
    grouped = formats.number_format(int(integer_part), force_grouping=True)
    sign = "-" if integer_part.startswith("-") else ""
    amount = f"{grouped.removeprefix('-')}{separator}{decimals}"
    return sign + pgettext("amount", "%(figure)s €") % {"figure": amount}


def limit_words(limit: Decimal | None) -> str:
    """A limit without trailing zeros; None is unlimited."""
    if limit is None:
        return gettext("sans limite")
    places = len(f"{limit:f}".partition(".")[2].rstrip("0"))
    return formats.number_format(limit, decimal_pos=places, force_grouping=True)


def format_euros(value: Decimal | None) -> str:
    """An amount in euros to the cent; a dash for None."""
    if value is None:
        return NOTHING
    figure = formats.number_format(value, decimal_pos=2, force_grouping=True)
    return pgettext("amount", "%(figure)s €") % {"figure": figure}


def format_signed_euros(value: Decimal) -> str:
    """An amount in euros to the cent with its sign, a true minus; none for zero."""
    sign = ("+" if value > 0 else "\u2212") if value else ""
    return f"{sign}{format_euros(abs(value))}"


def format_euros_excl_vat(value: Decimal | int) -> str:
    """An amount in euros to the cent, marked as being without VAT."""
    return f"{format_euros(Decimal(value))} {gettext('HT')}"
