"""How the console writes states, figures and moments.

Apart from ui/console.py: templates load this one, and the theme loads templates while it is being imported.
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
    """A state in words, with a mark of its own shape. Kinds: good, wait, warn, bad, neutral."""
    return format_html('<span class="rc-badge rc-badge-{}">{}</span>', kind, text)


def two_lines(first: Any, second: Any) -> SafeString:
    """What a cell says, and below it, quieter, what goes with it."""
    return format_html('<span class="rc-two">{}<br><span class="rc-muted">{}</span></span>', first, second)


def strong(text: Any) -> SafeString:
    """What a row is called."""
    return format_html('<span class="rc-strong">{}</span>', text)


def figure(text: Any) -> SafeString:
    """A number, on the right, with figures of one width."""
    return format_html('<span class="rc-num">{}</span>', text)


def moment(value: dt.datetime | None) -> str | SafeString:
    """A date and hour in the reader's zone, the exact time on hover."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}" class="rc-nowrap">{}</time>',
        value.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S %Z"),
        formats.date_format(local, "SHORT_DATETIME_FORMAT"),
    )


def exact_euros(value: Decimal | None) -> str:
    """Euros as they are, never rounded: six decimals at least, more where there are more."""
    if value is None:
        return NOTHING
    text = f"{value:.12f}"
    digits = text[:-6] + text[-6:].rstrip("0")
    whole, _point, decimals = digits.partition(".")
    separator = formats.get_format("DECIMAL_SEPARATOR")
    grouped = formats.number_format(int(whole), force_grouping=True)
    sign = "-" if whole.startswith("-") else ""
    shown = f"{grouped.removeprefix('-')}{separator}{decimals}"
    return sign + pgettext("amount", "%(figure)s €") % {"figure": shown}


def limit_words(limit: Decimal | None) -> str:
    """A limit as it is: whole where it is whole; None: without."""
    if limit is None:
        return gettext("sans limite")
    places = len(f"{limit:f}".partition(".")[2].rstrip("0"))
    return formats.number_format(limit, decimal_pos=places, force_grouping=True)
