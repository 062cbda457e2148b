"""Limits and uses in display units: storage in gigabytes, budgets in euros."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext, pgettext

from plans.meters import METERS, Kind, Unit, meter_of
from ui.console_text import limit_words
from ui.labels import without_unit

GIGABYTE = Decimal(10**9)


def _gigabytes() -> str:
    """The unit's sign. The context keeps it apart from the button "Go" of Django's own catalogues ("Envoyer")."""
    return pgettext("gigabytes", "Go")


def unit_size(key: str) -> Decimal:
    """The size of the display unit in the meter's own unit."""
    return GIGABYTE if meter_of(key).unit is Unit.BYTES else Decimal(1)


def right_name(key: str) -> str:
    """The label of a right with its display unit, or with "module"."""
    meter = METERS.get(key)
    if meter is None:
        return key
    name = without_unit(gettext(meter.label))
    if meter.kind is Kind.MODULE:
        return f"{name} · {gettext('module')}"
    unit = {Unit.BYTES: _gigabytes(), Unit.EURO: "€"}.get(meter.unit)
    return f"{name} ({unit})" if unit else name


def right_label(key: str) -> str:
    """The label of a right without its unit, which is shown with amounts."""
    return without_unit(right_name(key))


def right_choices() -> list[tuple[str, str]]:
    """Key and label of every right."""
    return [(key, right_name(key)) for key in METERS]


def format_quantity(key: str, amount: Decimal | None) -> str:
    """An amount of a meter with its unit: 5 Go, 100 €, 1 000 000; None is unlimited."""
    if amount is None:
        return limit_words(None)
    unit = meter_of(key).unit
    if unit is Unit.BYTES:
        # Rounded to the megabyte.
        return f"{limit_words((amount / GIGABYTE).quantize(Decimal('0.001'), ROUND_HALF_UP))}\u00a0{_gigabytes()}"
    if unit is Unit.EURO:
        return pgettext("amount", "%(figure)s €") % {"figure": limit_words(amount)}
    return limit_words(amount)
