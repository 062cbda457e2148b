"""Words of people and of models on pages: shown as words, whatever they are, and never an error."""

import pytest

from conversations import stream
from conversations.models import Conversation, Message
from conversations.types import clean
from mailing.catalogue import TEMPLATES
from mailing.services import rendered
from tenants import services as tenants
from tenants.context import tenant_context
from tests.conversations.test_conversations import finish, start

SCRIPT = '"><script>alert(1)</script>'
QUOTED = "&quot;&gt;&lt;script&gt;"


@pytest.fixture
def conversation(people) -> Conversation:
    made, call = start(people.member, f"Bonjour {SCRIPT}")
    finish(call, f"# Titre {SCRIPT}\n\n{SCRIPT} <img src=x onerror=alert(1)>")
    return made


def test_no_page_executes_a_hostile_message(people, client_for, conversation):
    client = client_for(people.member)
    client.post(f"/conversations/{conversation.pk}/rename/", {"title": SCRIPT})
    from library.models import Item

    item = Item.objects.get()
    pages = [
        "/",
        "/conversations/",
        f"/conversations/?q={SCRIPT}",
        f"/conversations/{conversation.pk}/",
        "/library/",
        f"/library/?query={SCRIPT}",
        f"/library/{item.pk}/",
        f"/library/{item.pk}/edit/",
    ]
    for page in pages:
        answer = client.get(page)
        told = answer.content.decode()
        assert answer.status_code == 200, page
        assert "<script>alert" not in told and "<img src=x" not in told, page
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe-inline" not in policy, page


def test_no_page_executes_a_hostile_workspace_name(people, client_for):
    tenants.change_identity(tenant_id=people.home.id, name=SCRIPT, language="fr", brand_hue=None)
    for client, page in ((client_for(None), "/accounts/login/"), (client_for(people.owner), "/")):
        told = client.get(page).content.decode()
        assert QUOTED in told and "<script>alert" not in told
    with tenant_context(people.home):
        context = {"workspace": SCRIPT, "name": SCRIPT, "password": SCRIPT, "email": SCRIPT, "sign_in_url": "/"}
        mail = rendered(TEMPLATES["welcome"], context).html
    assert "<script>" not in mail and "&lt;script&gt;" in mail


ODD = ["\x00", "a\x00b", "'", "\\", "%", "\ud7ff\uffff", "🐝" * 100, "a" * 5000, "& | ! :*", '"']


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_characters_cause_no_error(people, client_for, conversation, odd):
    client = client_for(people.member)
    for page in ("/conversations/", "/library/"):
        for name in ("q", "query", "tag", "assistant", "kind", "page", "archived"):
            assert client.get(page, {name: odd}).status_code == 200, (page, name)
    answer = client.post(f"/conversations/{conversation.pk}/rename/", {"title": odd})
    assert answer.status_code == 302
    assert "\x00" not in Conversation.objects.get().title
    assert client.post("/conversations/new/", {"text": "", "assistant": odd}).status_code == 409
    assert client_for(None).post("/accounts/login/", {"login": odd, "password": odd}).status_code == 200
    assert Message.objects.count() == 2


def test_a_question_is_saved_without_null_characters(people):
    made, _call = start(people.member, "  Le\x00 miel\r\nest  bon 🐝 ")
    assert made.messages.get(role="user").text == "Le miel\nest  bon 🐝"


@pytest.mark.parametrize(
    ("said", "kept"),
    [("a\x00b", "ab"), ("\ud83d\udc1d", "🐝"), ("mi\ud83del", "mi\ufffdel"), ("é🐝\ufeff", "é🐝\ufeff"), ("", "")],
    ids=range(5),
)
def test_text_of_a_model_is_cleaned_for_storage(said, kept):
    assert clean(said) == kept
    clean(said).encode()


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("0", True),
        ("1732172400000-0", True),
        ("1732172400000", True),
        ("", False),
        ("-", False),
        ("1-2-3", False),
        ("$", False),
        (">", False),
        ("+", False),
        ("١٢٣", False),
        ("9" * 30, False),
        ("1-" + "9" * 30, False),
        ("0 ", False),
        ("0\n", False),
    ],
)
def test_an_invalid_stream_position_is_not_sent_to_redis(sent, taken):
    assert bool(stream._POSITION.fullmatch(sent)) is taken
