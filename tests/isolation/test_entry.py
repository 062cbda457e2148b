"""What the matrix of roles leaves open: authors get in, reading changes nothing, no method or host helps."""

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib import admin
from django.test import AsyncClient, Client

from tenants.context import public_context, tenant_context
from tests.isolation.test_matrix import counts, picture
from tests.isolation.urls import Objects, every_url, fill
from tests.people import PASSWORD

TENANT = [url for url in every_url() if url.host == "tenant"]
PUBLIC = [url for url in every_url() if url.host == "public"]
GUARDED = [url for url in TENANT if url.access and url.access.roles is not None]
# A form that any of these views could take.
FORM = {"title": "Pris", "text": "Pris", "tags": "pris", "days": "7", "visibility": "workspace", "name": "Pris"}
# A text has no file of its own, nobody here an invoice, and an endless answer is read in tests/live.
WITHOUT_ANSWER = {"avatar", "library:file", "library:thumbnail", "plan_document", "conversations:stream"}
OTHER_METHODS = ("head", "options", "put", "patch", "delete")


@pytest.fixture
def objects(people) -> Objects:
    return Objects(people)


@pytest.fixture(autouse=True)
def no_answer_is_made(monkeypatch: Any) -> None:
    """What is tried is the door; nobody speaks to a provider."""
    monkeypatch.setattr("conversations.generation.start", lambda tenant, call: None)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("url", [url for url in GUARDED if url.name not in WITHOUT_ANSWER], ids=str)
def test_the_author_gets_in(url, method, objects, client_for, people):
    who = people.member if people.member.role in url.access.roles else people.owner
    answer = getattr(client_for(who), method)(objects.path(url), FORM)
    if url.name == "conversations:image":
        return  # whether images are made is the operator's choice
    assert answer.status_code not in (401, 403, 404, 500)


@pytest.mark.parametrize("url", [url for url in TENANT if url.name not in WITHOUT_ANSWER], ids=str)
def test_reading_changes_nothing(url, objects, client_for, people):
    client = client_for(
        people.owner if url.access.roles and people.member.role not in url.access.roles else people.member
    )
    before = counts(), [{**row, "opens": 0} for row in picture(objects)]
    client.get(objects.path(url))
    assert (counts(), [{**row, "opens": 0} for row in picture(objects)]) == before


@pytest.mark.parametrize("url", GUARDED, ids=str)
def test_no_method_is_a_way_in(url, objects, client_for, people):
    before = counts(), picture(objects)
    persons = (people.learner, people.promoter, people.member)
    signed_out, refused = client_for(None), [client_for(one) for one in persons if one.role not in url.access.roles]
    for method in OTHER_METHODS:
        assert getattr(signed_out, method)(objects.path(url)).status_code == 302
        for client in refused:
            assert getattr(client, method)(objects.path(url)).status_code == 403
    assert (counts(), picture(objects)) == before


@pytest.mark.parametrize("url", [url for url in GUARDED if url.arguments], ids=str)
def test_what_stands_next_door_is_no_more_there_than_what_never_was(url, objects, client_for, people):
    """The same answer for a neighbour's key and for one that nobody has, with a whole form sent along."""
    before = counts(), picture(objects)
    client = client_for(people.stranger)
    path, nobodys = objects.path(url), fill(url.route, {name: str(uuid4()) for name in url.arguments})
    for method in ("get", "post"):
        theirs, none = getattr(client, method)(path, FORM), getattr(client, method)(nobodys, FORM)
        assert theirs.status_code == none.status_code
        assert theirs.status_code in ((404, 405) if people.stranger.role in url.access.roles else (403,))
    assert (counts(), picture(objects)) == before
    with tenant_context(people.away):
        assert not apps.get_model("conversations.Conversation").objects.exists()


@pytest.mark.parametrize("url", GUARDED, ids=str)
def test_the_operators_session_is_nobody_in_a_workspace(url, objects, client_for, people):
    before = counts(), picture(objects)
    client = client_for(people.operator)
    for method in ("get", "post"):
        answer = getattr(client, method)(objects.path(url), FORM, headers={"host": people.home.domain})
        assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
    assert (counts(), picture(objects)) == before


def public_path(url: Any) -> str:
    """A path of the console, with the key of a row that is there."""
    values: dict[str, Any] = {"queue_index": 0, "scheduler_index": 0, "connection_index": 0, "app_label": "tenants"}
    for name in url.arguments:
        values.setdefault(name, "x")
    if "version_id" in url.arguments:
        values |= {"object_id": uuid4(), "version_id": uuid4()}
    elif "object_id" in url.arguments:
        values["object_id"] = key_of_a_row(url.route)
    if "(?P<url>" in url.route:
        return "/admin/nowhere"
    return fill(url.route, values).replace("[\\w]+)?/?", "").replace("/?", "/").rstrip("?")


def key_of_a_row(route: str) -> Any:
    for model in admin.site._registry:
        if f"{model._meta.app_label}/{model._meta.model_name}/" in route and model._meta.managed:
            with public_context():
                return getattr(model._default_manager.first(), "pk", "1")
    return "1"


PUBLIC_GUARDED = [url for url in PUBLIC if url.access and url.access.roles is not None]


def test_nobody_of_a_workspace_enters_the_platform(client_for, people):
    """All of it at once: each URL of the public host that is not open, signed out and with members' cookies."""
    with public_context():
        before = counts_of_public()
    wrong, visitors = [], [client_for(person) for person in (None, people.owner, people.member)]
    for url in PUBLIC_GUARDED:
        path = public_path(url)
        for client in visitors:
            for method in ("get", "post"):
                answer = getattr(client, method)(path, headers={"host": "localhost"})
                fine = answer.status_code == 302 and "/accounts/login/" in answer["Location"]
                if not (fine or answer.status_code in (301, 404)):
                    wrong.append((str(url), method, answer.status_code))
    with public_context():
        assert (wrong, counts_of_public()) == ([], before)


def counts_of_public() -> dict[str, int]:
    from tenants.grants import models_of

    skipped = {"django_session"}
    return {
        model._meta.db_table: model._base_manager.count()
        for model in models_of("public")
        if model._meta.db_table not in skipped
    }


def test_the_operator_reads_the_whole_console_and_changes_nothing(client_for, people):
    client = client_for(people.operator)
    with public_context():
        before = counts_of_public()
    urls = [url for url in PUBLIC_GUARDED if "logout" not in url.name and not _of_what_is_gone(url)]
    statuses = {str(url): client.get(public_path(url)).status_code for url in urls}
    assert {name: status for name, status in statuses.items() if status not in (200, 301, 302, 403, 404, 405)} == {}
    assert sum(status == 200 for status in statuses.values()) > 30, "the paths are real ones"
    with public_context():
        assert counts_of_public() == before


def _of_what_is_gone(url: Any) -> bool:
    """The queue's own pages of a job, a worker or a scheduler that is not there raise."""
    return "django_rq" in url.name and bool({*url.arguments} - {"queue_index"})


class AsyncAt(AsyncClient):
    """Django's own would put its `testserver` before the host that is asked for."""

    def _base_scope(self, **request: Any) -> Any:
        scope = super()._base_scope(**request)
        return scope | {"headers": [pair for pair in scope["headers"] if pair != (b"host", b"testserver")]}


def test_an_asynchronous_request_is_met_by_the_same_door(client_for, people, objects):
    """Under ASGI, where a context could get lost between threads."""
    path = f"/conversations/{objects.conversation.pk}/"

    def ask(person: Any, at: str) -> int:
        client = AsyncAt(headers={"host": at})
        if person is not None:
            client.cookies["session"] = client_for(person).cookies["session"].value
        return async_to_sync(client.get)(path, headers={"host": at}).status_code

    assert ask(people.member, people.home.domain) == 200
    assert ask(people.learner, people.home.domain) == 403
    assert ask(people.owner, people.home.domain) == 404
    assert ask(people.stranger, people.away.domain) == 404
    assert ask(people.stranger, people.home.domain) == 302
    assert ask(None, people.home.domain) == 302
    assert ask(people.member, "unknown.localhost") == 404


class TestForgedForms:
    """Another site, or another workspace's page, cannot make one's browser act here."""

    def browser(self, host: str) -> tuple[Client, str]:
        client = Client(enforce_csrf_checks=True, headers={"host": host})
        page = client.get("/accounts/login/")
        return client, str(page.context["csrf_token"])

    def sign_in(self, client: Client, token: str, **headers: str) -> Any:
        form = {"login": "member@atelier.test", "password": PASSWORD, "csrfmiddlewaretoken": token}
        return client.post("/accounts/login/", form, headers=headers)

    def test_a_token_of_the_page_is_needed(self, people):
        client, token = self.browser(people.home.domain)
        assert self.sign_in(client, "").status_code == 403
        assert self.sign_in(client, "x" * 64).status_code == 403
        assert self.sign_in(client, token).status_code == 302

    def test_the_neighbours_token_is_not_it(self, people):
        client, _token = self.browser(people.home.domain)
        _other, token = self.browser(people.away.domain)
        assert self.sign_in(client, token).status_code == 403

    @pytest.mark.parametrize("origin", ["http://voisine.localhost", "http://localhost", "https://evil.example", "null"])
    def test_a_page_of_elsewhere_is_refused_even_with_it(self, people, origin):
        client, token = self.browser(people.home.domain)
        assert self.sign_in(client, token, origin=origin).status_code == 403

    def test_every_view_that_writes_asks_for_it(self, people, objects, client_for):
        client = client_for(people.member)
        client.handler.enforce_csrf_checks = True
        before = counts(), picture(objects)
        for url in GUARDED:
            if people.member.role in url.access.roles:
                assert client.post(objects.path(url), FORM).status_code == 403, url
        assert (counts(), picture(objects)) == before


def test_a_planted_session_key_is_not_taken_over(people):
    client = Client(headers={"host": people.home.domain})
    client.cookies["session"] = planted = "a" * 32
    client.post("/accounts/login/", {"login": "member@atelier.test", "password": PASSWORD})
    assert client.cookies["session"].value != planted
    signed_out = Client(headers={"host": people.home.domain})
    signed_out.cookies["session"] = planted
    assert signed_out.get("/").status_code == 302


def test_cookies_are_of_one_host_and_out_of_reach_of_scripts(people):
    client = Client(headers={"host": people.home.domain})
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "member@atelier.test", "password": PASSWORD})
    for name in ("session", "csrf"):
        cookie = client.cookies[name]
        assert (cookie["domain"], cookie["httponly"], cookie["samesite"]) == ("", True, "Lax"), name
