"""A pin is a person's own."""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from conversations import selectors, services
from conversations.models import Conversation, Pin
from tenants.context import public_context
from tenants.services import tenant_suspend


@pytest.fixture
def shared(people):
    """Of the member, read by the whole workspace; the assistant is one of the catalogue."""
    from assistants.selectors import assistants_offered

    made = [
        Conversation.objects.create(
            author=people.member, assistant=assistants_offered()[0], title=title, visibility="workspace"
        )
        for title in ("Première", "Seconde")
    ]
    return made[0]


def order(user) -> list[str]:
    return [row.title for row in selectors.conversation_list(user)]


def test_a_reader_pins_a_conversation_in_their_own_list(people, client_for, shared):
    client, path = client_for(people.admin), f"/conversations/{shared.pk}/"
    assert "Épingler" in client.get(path).content.decode()
    assert client.post(path + "pin/").status_code == 302
    assert "Désépingler" in client.get(path).content.decode()
    assert "Épinglées" in client.get("/conversations/").content.decode()
    assert (order(people.admin), order(people.member)) == (["Première", "Seconde"], ["Seconde", "Première"])
    assert "Épinglées" not in client_for(people.member).get("/conversations/").content.decode()
    client.post(path + "pin/")
    assert not Pin.objects.exists()


def test_a_pin_is_set_once(people, shared):
    for _ in range(2):
        services.conversation_pin(conversation=shared, person=people.member, pinned=True)
    assert Pin.objects.count() == 1


def test_an_invisible_conversation_cannot_be_pinned(people, client_for, shared):
    Conversation.objects.update(visibility="private")
    assert client_for(people.admin).post(f"/conversations/{shared.pk}/pin/").status_code == 404
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="t", actor="t")
    assert client_for(people.member).post(f"/conversations/{shared.pk}/pin/").status_code == 403
    assert not Pin.objects.exists()


def test_what_was_pinned_before_is_its_author_s(people, shared):
    with connection.cursor() as cursor:
        pinned = "UPDATE conversations_conversation SET pinned_at = '2026-05-01T10:00Z' WHERE id = %s"
        cursor.execute(pinned, [shared.pk])
    migration = import_module("conversations.migrations.0006_pins_of_authors")
    before = MigrationLoader(None).project_state(("conversations", "0005_pins"))
    for _ in range(2):
        migration.give_to_authors(before.apps, None)
    [pin] = Pin.objects.all()
    assert (pin.person_id, pin.conversation_id, pin.created_at.year, pin.created_at.month) == (
        people.member.pk,
        shared.pk,
        2026,
        5,
    )
