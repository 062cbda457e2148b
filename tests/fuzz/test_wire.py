"""Requests refused before Django: web sockets, other encodings, hostile characters."""

import asyncio

import pytest

from config.asgi import application


async def _socket() -> list[dict]:
    sent: list[dict] = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": "/conversations/", "headers": [], "query_string": b""}
    await asyncio.wait_for(application(scope, receive, send), 5)
    return sent


def test_websocket_is_refused():
    """ASGI: closing before accepting is what a server answers as 403."""
    assert asyncio.run(_socket()) == [{"type": "websocket.close", "code": 1000, "reason": ""}]


@pytest.mark.parametrize("kind", ["utf-16", "utf-7", "idna", "nonsense"])
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/", "/language/"])
def test_form_in_another_encoding_is_refused(client_for, people, kind, path):
    """With the forgery check on, which reads the form before the view does."""
    client = client_for(None)
    client.handler.enforce_csrf_checks = True
    client.raise_request_exception = False
    client.get("/accounts/login/")
    answer = client.generic(
        "POST", path, b"login=a&password=b", content_type=f"application/x-www-form-urlencoded; charset={kind}"
    )
    assert answer.status_code in (400, 403)
    assert "<h1" in answer.content.decode()


def test_extreme_dates_never_cause_a_500(client_for, people):
    for path in ("/library/?until=9999-12-31&since=0001-01-01", "/library/?since=9999-12-31"):
        assert client_for(people.member).get(path).status_code == 200
    for table in ("accounts/auditentry", "usage/usageevent", "mailing/outboxmessage"):
        page = client_for(people.operator).get(f"/admin/{table}/?at_to=9999-12-31&at_from=0001-01-01")
        assert page.status_code in (200, 302)
