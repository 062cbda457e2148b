"""A date says the same in every country that reads it."""

import datetime as dt

import pytest
from django import forms
from django.utils import formats, translation
from django.utils.formats import get_format

MOMENT = dt.datetime(2026, 12, 11, 17, 5)
NAMES = ("DATE_FORMAT", "DATETIME_FORMAT", "SHORT_DATE_FORMAT", "SHORT_DATETIME_FORMAT", "MONTH_DAY_FORMAT")


@pytest.mark.parametrize("name", NAMES)
def test_an_english_date_names_its_month(name):
    with translation.override("en"):
        shown = formats.date_format(MOMENT, name)
    assert shown.startswith("11 Dec") and "/" not in shown and "p.m." not in shown


def test_french_stays_as_the_french_write_it():
    with translation.override("fr"):
        assert formats.date_format(MOMENT, "DATE_FORMAT") == "11 décembre 2026"
        assert formats.date_format(MOMENT, "SHORT_DATE_FORMAT") == "11/12/2026"


def test_what_is_typed_in_english_is_never_guessed():
    with translation.override("en"):
        field = forms.DateField()
        assert field.clean("2026-12-11") == field.clean("11 Dec 2026") == MOMENT.date()
        with pytest.raises(forms.ValidationError):
            field.clean("11/12/2026")
        assert get_format("FIRST_DAY_OF_WEEK") == 1
