"""Where no key of Stripe is given, a fake takes its place; where one is, or where the fake cannot run, none does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from embedded import banner, stripe_fake
from embedded.run import answers
from embedded.state import ROOT, State
from fakes.stripe import server
from tests.run.conftest import Starter
from tests.run.people import Started, stand_in

PAGES = "https://checkout.stripe.com https://billing.stripe.com https://invoice.stripe.com"


@pytest.fixture
def place(state: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.delenv("STRIPE_SECRET_KEY", raising=False)
    return State(state)


def environment(started: Started) -> dict[str, str]:
    found: dict[str, str] = json.loads((started.state / "environment.json").read_text())
    return found


def test_a_key_brings_no_fake(place: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_" + "1" * 24)
    assert stripe_fake.create(place) is None
    assert not (place.directory / "stripe").exists()
    assert "your STRIPE_SECRET_KEY" in banner.text("http://localhost:1", place.directory, place.log_file)


def test_without_the_tests_there_is_no_fake(place: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_fake, "MAIN", place.directory / "absent.py")
    assert stripe_fake.create(place) is None
    assert "off, without STRIPE_SECRET_KEY" in banner.text("http://localhost:1", place.directory, place.log_file)


def test_port_and_secret_are_those_of_the_last_run(place: State) -> None:
    first, second = stripe_fake.create(place), stripe_fake.create(place)
    assert first is not None
    assert second is not None
    assert first.environment() == second.environment()
    for name in ("webhook_secret", "last.json"):
        assert (place.directory / "stripe" / name).stat().st_mode & 0o777 == 0o600
    assert first.environment()["STRIPE_WEBHOOK_SECRET"] not in " ".join(first.program("http://localhost:1").command)


def test_the_key_is_the_fakes() -> None:
    assert stripe_fake.KEY == server.KEY


@pytest.mark.parametrize("base_url", ["http://localhost:8000", "https://ruche.example"])
def test_webhooks_go_where_ruche_expects_them(base_url: str, settings: Any) -> None:
    from billing.stripe.endpoint import endpoint_url

    settings.RUCHE_BASE_URL = base_url
    assert stripe_fake.webhook_address(f"{base_url}/") == endpoint_url()


def test_the_fake_is_one_of_the_children(state: Path, port: int, keep: Starter) -> None:
    started = keep(stand_in(state, port, STRIPE_SECRET_KEY=""))
    started.wait_for("Ruche is ready")
    url = environment(started)["STRIPE_API_BASE"]
    assert f"The simulated Stripe: {url}/_fake/" in started.text()
    assert "test card 4242 4242 4242 4242" in started.text()
    started.wait_for("push ended with status 4: going on all the same")

    with urllib.request.urlopen(f"{url}/_fake/", timeout=10) as page:
        assert "<strong>Aucun argent ne circule</strong>" in page.read().decode()

    number = int(url.rpartition(":")[2])
    child = json.loads((state / "run" / "stripe.json").read_text())
    os.kill(child["pid"], 9)
    started.wait_for("stripe was killed by signal 9; starting it again")
    until = time.monotonic() + 15
    while not answers(number, "/_fake/health"):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert started.text().count("pushing") == 1


def test_a_fake_that_does_not_start_is_left_out(state: Path, port: int, keep: Starter) -> None:
    (state / "stripe").mkdir(parents=True)
    state.chmod(0o711)
    (state / "stripe" / "state.json").write_text("{")
    started = keep(stand_in(state, port, STRIPE_SECRET_KEY=""))
    started.wait_for("Ruche is ready")
    assert "nothing can be bought in this run" in started.text()
    assert "off, without STRIPE_SECRET_KEY" in started.text()
    assert not [name for name in environment(started) if name.startswith("STRIPE")]


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        ({}, ""),
        ({"STRIPE_API_BASE": "http://127.0.0.1:9"}, ""),
        ({"STRIPE_SECRET_KEY": "sk_live_" + "0" * 24}, PAGES),
        ({"STRIPE_SECRET_KEY": stripe_fake.KEY, "STRIPE_API_BASE": "http://127.0.0.1:9/api/"}, "http://127.0.0.1:9"),
    ],
)
def test_a_form_may_end_on_stripes_pages_where_stripe_is_on(given: dict[str, str], targets: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE")}
    asked = "from config.settings import CONTENT_SECURITY_POLICY as P; print(*P['DIRECTIVES']['form-action'])"
    said = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env=clean | given, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["'self'", *targets.split()]
