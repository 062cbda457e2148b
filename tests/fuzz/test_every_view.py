"""Each view, by what it declares that it takes. In `make test` a sample that meets every view and every value;
RUCHE_FUZZ=all (tests/deep) sends everything to everybody.
"""

import logging
import os
import re
import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.signals import got_request_exception
from django.db import transaction
from django.http import StreamingHttpResponse
from django.test import Client

from accounts.access import OPERATORS
from tests.fuzz import values
from tests.fuzz.inputs import offered, read_by_code
from tests.isolation.urls import Objects, Url, every_url, fill

EVERYTHING = os.environ.get("RUCHE_FUZZ") == "all"
SLOWEST_SECONDS = 5.0
# An endless answer: tests/live reads it.
ENDLESS = ("conversations:stream", "notifications:live")
# A fault in one of these ends the session that the next request needs.
ENDS_SESSION = ("account_logout", "admin:logout", "account_change_password", "account_set_password")
ROLES = ("owner", "member", "learner", "nobody") if EVERYTHING else ("owner",)
URLS = [url for url in every_url() if url.name not in ENDLESS]


class Probe:
    """Sends one request inside a savepoint that is rolled back, and keeps what went wrong."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.wrong: list[str] = []
        self.sent = 0
        self.error: BaseException | None = None

    def _heard(self, sender: Any, **_: Any) -> None:
        import sys

        self.error = sys.exc_info()[1]

    def send(self, method: str, path: str, query: str | bytes = "", **extra: Any) -> Any:
        """One request; `query` as it stands after the question mark."""
        self.error = None
        self.sent += 1
        begun = time.monotonic()
        raw = query if isinstance(query, str) else query.decode("latin-1")
        with transaction.atomic():
            response = self.client.generic(method, path, QUERY_STRING=raw, **extra)
            if not isinstance(response, StreamingHttpResponse):
                response.content  # noqa: B018 - rendered here, inside the savepoint
            transaction.set_rollback(True)
        seconds = time.monotonic() - begun
        description = f"{method} {path}?{raw[:160]!r} {str(extra)[:160]}"
        if response.status_code >= 500 and response.status_code != 503:
            self.wrong.append(f"{response.status_code} {description}: {self.error!r}")
        elif seconds > SLOWEST_SECONDS:
            self.wrong.append(f"{seconds:.1f} s {description}")
        elif not response.streaming and b"Traceback (most recent call last)" in response.content:
            self.wrong.append(f"stack trace {description}")
        return response

    def __enter__(self) -> "Probe":
        got_request_exception.connect(self._heard, weak=False)
        logging.disable(logging.CRITICAL)
        return self

    def __exit__(self, *_: object) -> None:
        got_request_exception.disconnect(self._heard)
        logging.disable(logging.NOTSET)


@pytest.fixture
def objects(people: Any) -> Objects:
    return Objects(people)


def probe_for(url: Url, role: str, objects: Objects, people: Any, client_for: Any) -> Probe:
    if url.access and url.access.roles == OPERATORS:
        client = client_for(people.operator)
    elif url.host == "public":
        client = client_for(None, host="localhost")
    elif url.host == "content":
        client = client_for(None, host=objects.content_host)
    elif role == "nobody":
        client = client_for(None)
    else:
        # The member's own objects are what the addresses name: an owner would get a 404 before the view reads a thing.
        client = client_for(people.member if role == "owner" and url.arguments else getattr(people, role))
    client.raise_request_exception = False
    return Probe(client)


def path_of(url: Url, objects: Objects) -> str:
    if url.name.startswith("admin:"):
        return admin_path(url)
    return objects.path(url)


def admin_path(url: Url) -> str:
    """A page of the console, of an existing row where there is one."""
    from django.apps import apps

    key: Any = values.ZERO_UUID
    match = re.match(r"admin:([a-z]+)_([a-z]+)_", url.name)
    if match and (model := _model(apps, *match.groups())) is not None and (row := model._default_manager.first()):
        key = row.pk
    given = dict.fromkeys(url.arguments, "1") | {"object_id": key, "app_label": "tenants"}
    return fill(url.route, given).replace("(?P", "").split("(")[0]


def _model(apps: Any, app: str, name: str) -> Any:
    try:
        return apps.get_model(app, name)
    except LookupError:
        return None


def chosen(url: Url, everything: tuple[Any, ...], share: int) -> tuple[Any, ...]:
    """All of them, or one in `share`: another part for each address, so that each value meets many addresses."""
    if EVERYTHING:
        return everything
    first = sum(url.name.encode() + url.route.encode()) % share
    return everything[first::share]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("url", URLS, ids=str)
def test_hostile_parameters_never_cause_a_500(url, role, objects, people, client_for):
    with probe_for(url, role, objects, people, client_for) as probe:
        path = path_of(url, objects)
        page = probe.send("GET", path)
        text = "" if page.streaming else page.content.decode(errors="replace")
        names = sorted(offered(path, text) | (read_by_code() if not url.name.startswith("admin:") else set()))
        for value in chosen(url, values.TEXTS, 6):
            probe.send("GET", path, urlencode(dict.fromkeys(names, value)))
            if url.name not in ENDS_SESSION:
                form = urlencode(dict.fromkeys(names, value)).encode()
                probe.send("POST", path, data=form, content_type="application/x-www-form-urlencoded")
        for raw in chosen(url, values.RAW, 4):
            probe.send("GET", path, raw)
            if url.name not in ENDS_SESSION:
                probe.send("POST", path, data=raw, content_type="application/x-www-form-urlencoded")
        if url.name not in ENDS_SESSION:
            for kind, body in chosen(url, values.BODIES, 6):
                probe.send("POST", path, data=body, content_type=kind)
        for headers in chosen(url, values.HEADERS, 5):
            probe.send("GET", path, headers=headers)
        for method in chosen(url, values.METHODS, 6):
            probe.send(method, path)
    assert not probe.wrong, f"{len(probe.wrong)} of {probe.sent}:\n" + "\n".join(probe.wrong[:12])


@pytest.mark.parametrize("url", [url for url in URLS if url.arguments], ids=str)
def test_hostile_paths_never_cause_a_500(url, objects, people, client_for):
    with probe_for(url, "owner", objects, people, client_for) as probe:
        for argument in chosen(url, values.ARGUMENTS, 2):
            filled = fill(url.route, dict.fromkeys(url.arguments, argument)).replace("(?P", "").split("(")[0]
            for method in ("GET", "POST"):
                probe.send(method, quote(filled, safe="/%"))
    assert not probe.wrong, "\n".join(probe.wrong[:12])


def test_faulty_view_is_detected(settings, people, client_for):
    """A view that fails is seen as such: the probe hears the error, and the status counts."""
    settings.TENANT_URLCONF = "tests.fuzz.faulty_urls"
    client = client_for(people.owner)
    client.raise_request_exception = False
    with Probe(client) as probe:
        probe.send("GET", "/fault/")
    assert len(probe.wrong) == 1 and "ZeroDivisionError" in probe.wrong[0]


def test_inputs_are_found_in_pages_and_in_code():
    assert {"page", "q", "assistant", "text", "until"} <= read_by_code()
    assert offered("/a/", '<input name="b"><a href="?c=1&d=">x</a><a href="/z/?e=1">y</a>') == {"b", "c", "d"}
