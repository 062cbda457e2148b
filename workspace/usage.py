"""The page of what the workspace uses, for its owner and admins."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import ALL_STATES, MANAGERS, access
from accounts.http import MemberRequest
from accounts.models import Role
from billing import entitlements, usage
from billing.meters import Meter, Unit, meter_of
from billing.selectors import add_ons_for
from billing.types import Right, Source, SourceKind
from ui.templatetags.ui import filesize, money, number, tokens

_WRITERS: dict[Unit, Callable[[Any], str]] = {
    Unit.TOKENS: tokens,
    Unit.EUROS: money,
    Unit.BYTES: filesize,
    Unit.PIECES: number,
}


@access(MANAGERS, states=ALL_STATES)
@require_GET
def show(request: MemberRequest) -> HttpResponse:
    """Gauges, the last months, a forecast, and what to do."""
    tenant, rights = request.tenant, entitlements.of(request.tenant)
    months = usage.months()
    history = [_past(past) for past in usage.history(tenant)]
    context = {
        "plan_name": rights.plan_name,
        "gauges": [gauge_shown(line) for line in usage.lines(tenant)],
        "modules": [_module(right) for right in usage.modules(tenant)],
        "options": add_ons_for(tenant),
        "months": months,
        "history": history,
        "latest_first": [
            {"date": month, "cells": [{"label": row["label"], "text": row["cells"][at]["text"]} for row in history]}
            for at, month in reversed(list(enumerate(months)))
        ],
        "is_owner": request.user.role == Role.OWNER,
    }
    return render(request, "home/usage.html", context)


def gauge_shown(line: usage.Line) -> dict[str, Any]:
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


def _module(right: Right) -> dict[str, str]:
    return {"label": _(right.label), "source": source_text(right.source)}


def _past(past: usage.Past) -> dict[str, Any]:
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
