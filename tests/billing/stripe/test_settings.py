"""The key decides: its prefix tells live from test, and a live one never meets another server."""

import runpy
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

LIVE, TEST = "sk_live_" + "0" * 24, "rk_test_" + "0" * 24


@pytest.fixture
def read(monkeypatch) -> Any:
    def make(**given: str) -> dict[str, Any]:
        for name in ("STRIPE_SECRET_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET", "SELLER_COUNTRY", "VAT_OSS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(settings.BASE_DIR / "config/settings/billing.py"))

    return make


def test_without_a_key_it_is_off(read):
    found = read(STRIPE_API_BASE="")
    assert (found["STRIPE_LIVE_SECRET_KEY"], found["STRIPE_TEST_SECRET_KEY"]) == ("", "")
    assert not found["STRIPE_LIVE_MODE"] and "STRIPE_API_HOST" not in found


def test_the_prefix_tells(read):
    live, test = read(STRIPE_SECRET_KEY=LIVE), read(STRIPE_SECRET_KEY=TEST, STRIPE_API_BASE="http://127.0.0.1:1/")
    assert (live["STRIPE_LIVE_MODE"], live["STRIPE_LIVE_SECRET_KEY"], live["STRIPE_TEST_SECRET_KEY"]) == (
        True,
        LIVE,
        "",
    )
    assert (test["STRIPE_LIVE_MODE"], test["STRIPE_TEST_SECRET_KEY"]) == (False, TEST)
    assert test["STRIPE_API_HOST"] == "http://127.0.0.1:1" and "STRIPE_API_HOST" in test["__all__"]


@pytest.mark.parametrize(
    "given",
    [
        {"STRIPE_SECRET_KEY": "pk_test_" + "0" * 24},
        {"STRIPE_SECRET_KEY": "sk_test_short"},
        {"STRIPE_SECRET_KEY": LIVE, "STRIPE_API_BASE": "http://127.0.0.1:1"},
    ],
)
def test_what_cannot_be_meant_is_refused(given, read):
    with pytest.raises(ImproperlyConfigured) as refused:
        read(**given)
    assert given["STRIPE_SECRET_KEY"] not in str(refused.value)


def test_who_sells_is_in_the_union(read):
    home, abroad = read(), read(SELLER_COUNTRY="be", VAT_OSS="true")
    assert (home["SELLER_COUNTRY"], home["VAT_OSS"]) == ("FR", False)
    assert (abroad["SELLER_COUNTRY"], abroad["VAT_OSS"]) == ("BE", True)
    with pytest.raises(ImproperlyConfigured, match="SELLER_COUNTRY"):
        read(SELLER_COUNTRY="CH")
