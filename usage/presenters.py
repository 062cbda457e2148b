"""Gauges, past months and modules of a workspace as its pages show them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from plans.meters import Meter, Unit, meter_of
from plans.types import Right, Source, SourceKind
from ui.labels import without_unit
from ui.templatetags.ui import filesize, money, number, tokens
from usage import overview

_FORMATTERS: dict[Unit, Callable[[Any], str]] = {
    Unit.TOKENS: tokens,
    Unit.EURO: money,
    Unit.BYTES: filesize,
    Unit.PIECES: number,
}


def gauge_context(meter_use: overview.MeterUse) -> dict[str, Any]:
    """Variables of components/progress.html."""
    gauge, format_value = meter_use.gauge, _FORMATTERS[meter_use.meter.unit]
    used = format_value(gauge.used + gauge.reserved)
    return {
        "label": without_unit(gauge.label),
        "percent": gauge.percent,
        "soft": gauge.soft_percent,
        "text": _("%(used)s sur %(limit)s") % {"used": used, "limit": format_value(gauge.limit)}
        if gauge.limit is not None
        else _("%(used)s, sans limite") % {"used": used},
        "source": source_text(gauge.source) if gauge.source else "",
        "forecast": format_value(_round_forecast(meter_use.forecast, meter_use.meter)) if meter_use.forecast else "",
        "will_exceed": meter_use.will_exceed,
    }


def source_text(source: Source) -> str:
    """The source of a right in words. The reason of an override is not shown: it is for the operator only."""
    until = formats.date_format(source.until, "DATE_FORMAT") if source.until else ""
    if source.kind is SourceKind.OVERRIDE:
        return _("Dérogation jusqu’au %(date)s") % {"date": until} if until else _("Dérogation de votre opérateur")
    if source.kind is SourceKind.ADD_ON:
        add_on = _("Option %(name)s") % {"name": _(source.name)}
        return _("%(option)s, jusqu’au %(date)s") % {"option": add_on, "date": until} if until else add_on
    return _("Offre %(name)s") % {"name": source.name} if source.name else _("Pour tous les espaces")


def module_context(right: Right) -> dict[str, str]:
    return {"label": _(right.label), "source": source_text(right.source)}


def history_context(history: overview.MeterHistory) -> dict[str, Any]:
    format_value = _FORMATTERS[history.meter.unit]
    return {
        "label": without_unit(history.label),
        "cells": [{"text": format_value(used), "percent": int(used * 100 / history.maximum)} for used in history.used],
    }


def format_amount(key: str, amount: Decimal | None) -> str:
    """An amount of a meter with its unit; None is unlimited."""
    return _("sans limite") if amount is None else _FORMATTERS[meter_of(key).unit](amount)


def _round_forecast(amount: Decimal | None, meter: Meter) -> Decimal | None:
    """A forecast in whole units, except for euros."""
    return amount if amount is None or meter.unit is Unit.EURO else amount.quantize(Decimal(1))
