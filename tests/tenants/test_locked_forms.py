"""A workspace that may only be read shows its forms disabled, with the reason and the way out, before anybody types."""

from html.parser import HTMLParser

import pytest

from tenants import services
from tests.isolation.urls import Objects

CONTROLS = {"button", "textarea", "select", "input"}


class Open(HTMLParser):
    """What one could send of a page's own forms: controls of POST forms in <main> that nothing disables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[tuple[str, dict]] = []
        self.found: list[str] = []
        self.seen = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in CONTROLS and given.get("type") != "hidden" and self._in_a_form():
            self.seen += 1
            if not any(name == "fieldset" and "disabled" in held for name, held in self.stack):
                self.found.append(self.get_starttag_text())
        if tag in ("main", "form", "fieldset"):
            self.stack.append((tag, given))

    def handle_endtag(self, tag):
        if self.stack and self.stack[-1][0] == tag:
            self.stack.pop()

    def _in_a_form(self):
        names = [name for name, _ in self.stack]
        return "main" in names and any(name == "form" and held.get("method") == "post" for name, held in self.stack)


@pytest.fixture
def pages(people):
    objects = Objects(people)
    item = objects.item.pk
    return [
        "/conversations/",
        f"/conversations/{objects.conversation.pk}/",
        "/library/upload/",
        f"/library/{item}/",
        f"/library/{item}/edit/",
        f"/library/{item}/share/",
        "/settings/identity/",
        "/settings/brand/",
    ]


def test_forms_are_disabled_and_say_why(people, client_for, pages):
    clients = [client_for(people.owner), client_for(people.member)]
    for path in pages:
        page = Open(next(c for c in clients if c.get(path).status_code == 200).get(path).content.decode())
        assert page.found, f"{path}: in an open workspace there is something to send"
    services.tenant_suspend(tenant_id=people.home.id, reason="impayé", actor="test")
    for path in pages:
        for client, way_out in zip(clients, ("Réglez son offre", "Demandez à son propriétaire"), strict=True):
            answer = client.get(path)
            if answer.status_code != 200:
                continue
            page = Open(answer.content.decode())
            assert page.found == [], path
            if page.seen:
                notice = answer.content.decode().partition("data-read-only")[2]
                assert way_out in notice, path
                assert ("/settings/plan/" in notice) == (client is clients[0]), path
