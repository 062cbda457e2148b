"""The whole of it, once: the supervisor, the servers, the model, the preparation, Ruche."""

from __future__ import annotations

import http.client
import json
import re
import signal
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import requests
import stripe

from embedded.wheels import is_installed
from fakes.stripe.server import Handle
from tests.run.conftest import Starter
from tests.run.people import Started, ruche

pytestmark = pytest.mark.slow


def get(port: int, path: str, host: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{port}"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_from_nothing_to_ready_and_back(state: Path, port: int, keep: Starter) -> None:
    # Without the model's wheels a key that is never used stands in for a provider of one's own.
    environment = {} if is_installed("xllamacpp") else {"OPENAI_API_KEY": "unused"}
    started = keep(ruche(state, port, **environment))
    started.wait_for("Ruche is ready", 120)

    assert get(port, "/healthz", "localhost")[0] == 200
    status, body = get(port, "/readyz", "localhost")
    assert status == 200, json.loads(body)
    assert get(port, "/accounts/login/", "demo.localhost")[0] == 200
    assert get(port, "/", "nobody.localhost")[0] == 404
    pages_and_styles_are_compressed(port)
    customer = buying_can_be_tried(started, port)

    started.signal(signal.SIGINT)
    assert started.ended() == 0
    assert started.left() == []

    again = keep(ruche(state, port, **environment))
    again.wait_for("Ruche is ready", 30)
    again.wait_for(" 0 changement(s) chez Stripe")
    assert at_stripe(again)[1].v1.customers.retrieve(customer).name == "Essai"
    again.signal(signal.SIGTERM)
    again.ended()
    assert again.left() == []
    mentions = [process.pid for process in psutil.process_iter() if str(state) in " ".join(_command(process))]
    assert mentions == []


def pages_and_styles_are_compressed(port: int) -> None:
    """The stylesheet under a name that never changes its content, for good; the page each time."""
    page = requests.get(f"http://localhost:{port}/", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip" and "</html>" in page.text
    style = re.search(r"/static/css/ruche\.[0-9a-f]{12}\.css", page.text)
    assert style is not None
    for wanted in ("br", "gzip"):
        sheet = requests.get(f"http://localhost:{port}{style[0]}", headers={"Accept-Encoding": wanted})
        assert sheet.headers["Content-Encoding"] == wanted and "immutable" in sheet.headers["Cache-Control"]
        assert int(sheet.headers["Content-Length"]) < 40_000 < len(sheet.content)
    assert requests.get(f"http://localhost:{port}/favicon.ico").content[:4] == b"\x00\x00\x01\x00"


def buying_can_be_tried(started: Started, port: int) -> str:
    """No key was given: the catalogue is at the fake, what it tells arrives and is acted on; a customer made there."""
    started.wait_for("demonstration: 3 subscribed")
    values, client = at_stripe(started)
    fake = Handle(values["STRIPE_API_BASE"], started.process)
    assert f"{fake.url}/_fake/" in started.text()
    found = client.v1.prices.list({"lookup_keys": ["ruche_plan_pro_month_eur"]}).data
    with psycopg.connect(values["DATABASE_URL"]) as connection:
        kept = connection.execute("SELECT stripe_price_id FROM billing_price WHERE lookup_key <> ''").fetchall()
    assert found[0].id in {row[0] for row in kept}

    customer = client.v1.customers.create({"name": "Essai"}).id
    fake.settled()
    told = fake.deliveries()
    assert "customer.created" in [one["type"] for one in told]
    assert {one["attempts"][-1]["status"] for one in told} == {200}
    _stored_and_acted_on(values["DATABASE_URL"], len(told))
    assert fake.violations() == []

    page = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    page.request("GET", "/accounts/login/", headers={"Host": f"demo.localhost:{port}"})
    policy = page.getresponse().headers["Content-Security-Policy"]
    page.close()
    assert f"form-action 'self' {fake.url};" in policy + ";"
    return customer


def at_stripe(started: Started) -> tuple[dict[str, str], stripe.StripeClient]:
    """What a command typed beside the run takes up, and a client that speaks to the run's Stripe."""
    values = json.loads((started.state / "environment.json").read_text())
    client = stripe.StripeClient(values["STRIPE_SECRET_KEY"], base_addresses={"api": values["STRIPE_API_BASE"]})
    return values, client


def _stored_and_acted_on(database: str, events: int) -> None:
    """All are stored when they are answered; the worker takes them one by one, and we wait for the first."""
    statement = "SELECT count(*), count(*) FILTER (WHERE processed) FROM djstripe_webhookeventtrigger WHERE valid"
    until = time.monotonic() + 30
    with psycopg.connect(database, autocommit=True) as connection:
        while True:
            stored, done = connection.execute(statement).fetchone() or (0, 0)
            assert stored == events
            if done:
                return
            assert time.monotonic() < until, "the worker did not act on an event"
            time.sleep(0.1)


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []
