"""Options of the console's charts: a few rounded ticks, localised amounts, short dates."""

import datetime as dt
import math
from typing import Any

from django.utils import formats
from django.utils.translation import get_language, pgettext

GREY = "#737373"
TICKS = 4


def rounded_step(maximum: float) -> float:
    """Smallest step of 1, 2 or 5 times a power of ten with which at most `TICKS` steps reach `maximum`."""
    if maximum <= 0:
        return 1.0
    raw = maximum / TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    return float(next((m * power for m in (1, 2, 5) if m * power >= raw * 0.999999), 10 * power))


def options(
    maximum: float, *, in_euros: bool = False, minimum: float = 0.0, is_stacked: bool = False
) -> dict[str, Any]:
    """Options of Chart.js for values from `minimum` (0 or less) to `maximum`.

    Stacked bars have a legend, since colours alone do not identify them.
    """
    step = rounded_step(max(maximum, -minimum))
    decimals = max(0, -math.floor(math.log10(step)))
    number_format: dict[str, Any] = {"minimumFractionDigits": decimals, "maximumFractionDigits": decimals}
    if in_euros:
        number_format |= {"style": "currency", "currency": "EUR"}
    else:
        number_format = {"notation": "compact", "maximumFractionDigits": 1}
    ticks = {"color": GREY}
    axis = {"stacked": is_stacked, "border": {"width": 0}}
    ends = {
        "min": round(math.floor(minimum / step) * step, decimals),
        "max": round(math.ceil(maximum / step) * step, decimals) or step,
    }
    legend = {"position": "bottom", "labels": {"color": GREY, "boxHeight": 8, "boxWidth": 8, "usePointStyle": True}}
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "locale": get_language(),
        "maxBarThickness": 22,
        "datasets": {"line": {"borderWidth": 2, "pointStyle": False}},
        "plugins": {"legend": {**legend, "display": is_stacked}},
        "scales": {
            "x": {**axis, "grid": {"display": False}, "ticks": {**ticks, "maxTicksLimit": 6, "maxRotation": 0}},
            "y": {
                **axis,
                **ends,
                "grid": {"tickWidth": 0},
                "ticks": {**ticks, "stepSize": step, "format": number_format},
            },
        },
    }


def short_day(day: dt.date) -> str:
    """« 28 nov. »"""
    return formats.date_format(day, pgettext("chart", "j N"))


def short_month(day: dt.date) -> str:
    """« nov. 2026 »"""
    return formats.date_format(day, "N Y")
