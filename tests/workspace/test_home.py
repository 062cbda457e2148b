"""The home page of the team: what to resume, what is under way, what is new, what one did, what is left."""

import io

import pytest
from django.utils import timezone

from assistants.models import Assistant
from conversations.models import Conversation, Message
from library import services as library
from library.models import Item
from notifications.models import Notification
from workspace.onboarding import samples


@pytest.fixture
def busy(people):
    """The member has a conversation with an answer under way, files, acts and a notification."""
    assistant = Assistant.objects.get(code="general")
    thread = Conversation.objects.create(author=people.member, assistant=assistant, title="Mon fil")
    Message.objects.create(conversation=thread, role="user", text="Question")
    Message.objects.create(conversation=thread, role="assistant", state="streaming", text="Voi")
    item = library.item_upload(author=people.member, file=io.BytesIO(b"Bonjour"), name="note.txt", size=7)
    Item.objects.filter(pk=item.pk).update(reading="waiting")
    Notification.objects.create(
        recipient=people.member,
        kind="item_published",
        group="one",
        subject_id=item.pk,
        actor=people.owner,
        updated_at=timezone.now(),
    )
    return thread, item


def test_member_sees_what_is_theirs(people, client_for, busy):
    thread, item = busy
    page = client_for(people.member).get("/")
    under_way = {row["label"]: row["url"] for row in page.context["under_way"]}
    assert under_way == {
        "Une réponse s’écrit": f"/conversations/{thread.pk}/",
        "Un fichier est lu": f"/library/{item.pk}/",
    }
    assert [act["label"] for act in page.context["acts"]] == ["Fichier ajouté"]
    assert page.context["acts"][0]["url"] == f"/library/{item.pk}/"
    assert len(page.context["news"]) == 1 and "quotas" not in page.context
    text = page.content.decode()
    assert "Mon fil" in text and "note" in text and "Votre activité" in text


def test_nobody_sees_what_is_anothers(people, client_for, busy):
    page = client_for(people.owner).get("/")
    assert page.context["under_way"] == [] and page.context["news"] == []
    assert "Mon fil" not in page.content.decode()
    assert all(act["url"] == "" for act in page.context["acts"])
    assert page.context["plan_name"] and len(page.context["quotas"]) == 3


def test_an_act_on_what_is_gone_keeps_its_line_without_a_title(people, client_for, busy):
    _thread, item = busy
    item.delete()
    act = client_for(people.member).get("/").context["acts"][0]
    assert (act["label"], act["title"], act["url"]) == ("Fichier ajouté", "", "")


@pytest.mark.parametrize(("role", "most"), [("member", 12), ("owner", 11)])
def test_queries_do_not_grow_with_what_there_is(people, client_for, busy, django_assert_max_num_queries, role, most):
    person = getattr(people, role)
    client = client_for(person)
    client.get("/")
    with django_assert_max_num_queries(most):
        client.get("/")
    samples.samples_add(actor=person, language="fr")
    for number in range(8):
        file = io.BytesIO(b"Bonjour")
        library.item_upload(author=person, file=file, name=f"n{number}.txt", size=7)
    with django_assert_max_num_queries(most + 1):
        assert client.get("/").status_code == 200
