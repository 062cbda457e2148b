"""Gauges, past months and modules of a workspace as its pages show them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from plans.meters import Meter, Unit, meter_of
from plans.types import Right, Source, SourceKind
from ui.templatetags.ui import filesize, money, number, tokens
from usage import overview

_WRITERS: dict[Unit, Callable[[Any], str]] = {
    Unit.TOKENS: tokens,
    Unit.EUROS: money,
    Unit.BYTES: filesize,
    Unit.PIECES: number,
}


def gauge_shown(line: overview.Line) -> dict[str, Any]:
    """As components/progress.html shows it."""
    gauge, shown = line.gauge, _WRITERS[line.meter.unit]
    used = shown(gauge.used + gauge.reserved)
    return {
        "label": _short(gauge.label),
        "percent": gauge.percent,
        "soft": gauge.soft_percent,
        "text": _("%(used)s sur %(limit)s") % {"used": used, "limit": shown(gauge.limit)}
        if gauge.limit is not None
        else _("%(used)s, sans limite") % {"used": used},
        "source": source_text(gauge.source) if gauge.source else "",
        "forecast": shown(_round(line.forecast, line.meter)) if line.forecast else "",
        "will_exceed": line.will_exceed,
    }


def source_text(source: Source) -> str:
    """Where a right comes from, in people's words. The reason of an exception is the operator's own."""
    until = formats.date_format(source.until, "DATE_FORMAT") if source.until else ""
    if source.kind is SourceKind.OVERRIDE:
        return _("Dérogation jusqu’au %(date)s") % {"date": until} if until else _("Dérogation de votre opérateur")
    if source.kind is SourceKind.ADD_ON:
        said = _("Option %(name)s") % {"name": _(source.name)}
        return _("%(option)s, jusqu’au %(date)s") % {"option": said, "date": until} if until else said
    return _("Offre %(name)s") % {"name": source.name} if source.name else _("Pour tous les espaces")


def module_shown(right: Right) -> dict[str, str]:
    return {"label": _(right.label), "source": source_text(right.source)}


def past_shown(past: overview.Past) -> dict[str, Any]:
    shown = _WRITERS[past.meter.unit]
    return {
        "label": _short(past.label),
        "cells": [{"text": shown(used), "percent": int(used * 100 / past.most)} for used in past.used],
    }


def amount_shown(key: str, amount: Decimal | None) -> str:
    """An amount of a meter, in its unit."""
    return _("sans limite") if amount is None else _WRITERS[meter_of(key).unit](amount)


def _round(amount: Decimal | None, meter: Meter) -> Decimal | None:
    """A forecast is not known to the cent."""
    return amount if amount is None or meter.unit is Unit.EUROS else amount.quantize(Decimal(1))


def _short(label: str) -> str:
    """Without the unit, which the amount beside it has."""
    return label.split(" (")[0]
