"""Options of the console's charts: few rounded ticks, whole up to the highest value."""

from datetime import date

import pytest
from django.utils import translation

from ui import console_charts


@pytest.mark.parametrize(
    ("maximum", "step"),
    [(0, 1), (-3, 1), (0.3, 0.1), (1, 0.5), (4, 1), (4.1, 2), (37, 10), (40, 10), (41, 20), (1_234_567, 500_000)],
)
def test_step_is_the_smallest_rounded_one_with_four_steps(maximum, step):
    assert console_charts.rounded_step(maximum) == pytest.approx(step)


@pytest.mark.parametrize(
    ("minimum", "maximum", "ends"),
    [(0, 0, (0, 1)), (0, 0.27, (0, 0.3)), (0, 37, (0, 40)), (-12, 37, (-20, 40)), (-37, 0, (-40, 10))],
)
def test_axis_ends_at_the_ticks_around_the_values(minimum, maximum, ends):
    axis = console_charts.options(maximum, minimum=minimum)["scales"]["y"]
    assert (axis["min"], axis["max"]) == ends


def test_amounts_have_their_currency_and_the_decimals_of_the_step():
    ticks = console_charts.options(0.3, in_euros=True)["scales"]["y"]["ticks"]
    assert ticks["format"] == {
        "style": "currency",
        "currency": "EUR",
        "minimumFractionDigits": 1,
        "maximumFractionDigits": 1,
    }


def test_only_stacked_bars_have_a_legend():
    assert not console_charts.options(1)["plugins"]["legend"]["display"]
    assert console_charts.options(1, is_stacked=True)["plugins"]["legend"]["display"]


def test_days_and_months_are_short_in_both_languages():
    day = date(2026, 11, 28)
    with translation.override("fr"):
        assert (console_charts.short_day(day), console_charts.short_month(day)) == ("28 nov.", "nov. 2026")
    with translation.override("en"):
        assert console_charts.short_month(day) == "Nov. 2026"
        assert "28" in console_charts.short_day(day)
