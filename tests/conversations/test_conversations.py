"""Who reads, who writes, what is refused; one usage event and one item an answer."""

from decimal import Decimal

import pytest
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from assistants.models import Assistant
from assistants.providers.types import Usage
from conversations import selectors, services
from conversations.models import Conversation, Message
from conversations.progress import answers_flush
from conversations.requests import newest_messages_within
from conversations.types import ConversationRefused, Result
from library.models import Item
from plans.types import TOKENS
from tenants.context import public_context
from tenants.services import ReadOnlyWorkspace, tenant_suspend
from usage import selectors as usage_selectors
from usage.models import Reservation, UsageEvent


def start(person, text="Bonjour", code="general"):
    assistant = Assistant.objects.get(code=code)
    return services.conversation_start(author=person, assistant_id=assistant.pk, text=text)


USAGE = Usage(100, 20, 0, 50)


def finish(call, text="Une **réponse**.", usage=USAGE, outcome="done", **more) -> str | None:
    return services.answer_finish(answer_id=call.answer_id, result=Result(text, outcome, usage, **more))


def test_a_finished_answer_is_saved_with_cost_and_library_item_once(people):
    conversation, call = start(people.member, "Écris un post", "posts")
    assert finish(call) == "done"
    answer = Message.objects.get(pk=call.answer_id)
    event = UsageEvent.objects.get(reference=call.answer_id)
    item = Item.objects.get(message_id=call.answer_id)
    assert (event.input_tokens, event.cache_read_tokens, event.output_tokens) == (100, 20, 50)
    assert answer.cost == event.cost > 0 and not event.is_estimate
    assert (event.member_id, event.assistant_name, event.prompt_version) == (
        people.member.pk,
        "Créateur de Posts",
        "v1",
    )
    assert (item.kind, item.author, item.conversation, item.visibility) == (
        "post",
        people.member,
        conversation,
        "private",
    )
    gauge = usage_selectors.gauge(people.home, TOKENS)
    assert (gauge.used, gauge.reserved) == (170, 0)
    # A second end changes nothing.
    assert finish(call, "autre") is None
    assert UsageEvent.objects.count() == Item.objects.count() == 1
    assert Message.objects.get(pk=call.answer_id).text == "Une **réponse**."


def test_an_answer_without_reported_usage_is_estimated(people):
    _conversation, call = start(people.member)
    finish(call, "Un début", None, "stopped")
    event = UsageEvent.objects.get()
    assert event.is_estimate and event.output_tokens > 0 and event.input_tokens > 0
    assert Message.objects.get(pk=call.answer_id).state == "interrupted"


def test_an_answer_whose_process_died_costs_its_thoughts_and_never_more_than_was_reserved(people):
    for tokens, text in ((40_000, "9" * 300), (700, "")):
        _conversation, call = start(people.member, "123456789 " * 30)
        held = Reservation.objects.get(reference=call.answer_id)
        answers_flush({call.answer_id: (text, tokens)})
        finish(call, text, None, "interrupted")
        event = UsageEvent.objects.get(reference=call.answer_id)
        assert event.is_estimate and event.input_tokens > 0
        assert event.output_tokens >= 90
        assert event.total_tokens <= Decimal(held.amounts[TOKENS])


def test_partly_estimated_usage_is_marked_as_estimate(people):
    _conversation, call = start(people.member)
    finish(call, "Un début", Usage(100, 0, 0, 30, is_estimate=True), "stopped")
    event = UsageEvent.objects.get()
    assert (event.is_estimate, event.input_tokens, event.output_tokens) == (True, 100, 30)


def test_a_refused_call_costs_nothing_and_saves_no_item(people):
    _conversation, call = start(people.member)
    assert finish(call, "", None, "failed", error_kind="auth") == "failed"
    assert UsageEvent.objects.get().cost == Decimal(0)
    assert usage_selectors.gauge(people.home, TOKENS).used == 0
    assert not Item.objects.exists()


def test_a_conversation_is_visible_to_its_author_and_when_shared_only(people):
    conversation, _call = start(people.member)
    assert selectors.access_conversation(people.member, conversation.pk)
    with pytest.raises(Http404):
        selectors.access_conversation(people.owner, conversation.pk)
    services.conversation_share(conversation=conversation, shared=True, actor=people.member)
    assert selectors.access_conversation(people.owner, conversation.pk)
    with pytest.raises(Http404):
        selectors.access_conversation(people.owner, conversation.pk, for_writing=True)


@pytest.mark.parametrize("text", ["", "   \n ", "x" * 24_001])
def test_an_invalid_question_writes_nothing(people, text):
    with pytest.raises(ConversationRefused):
        start(people.member, text)
    assert not Conversation.objects.exists() and not Reservation.objects.exists()


def test_one_answer_at_a_time(people):
    conversation, call = start(people.member)
    with pytest.raises(ConversationRefused, match="en cours"):
        services.question_ask(author=people.member, conversation=conversation, text="Encore")
    finish(call)
    services.question_ask(author=people.member, conversation=conversation, text="Encore")
    assert conversation.messages.count() == 4


def test_retry_replaces_the_last_answer_only(people):
    conversation, first = start(people.member)
    finish(first)
    second = services.question_ask(author=people.member, conversation=conversation, text="Encore")
    finish(second, "Deuxième")
    with pytest.raises(ConversationRefused):
        services.answer_retry(conversation=conversation, answer=Message.objects.get(pk=first.answer_id))
    third = services.answer_retry(conversation=conversation, answer=Message.objects.get(pk=second.answer_id))
    assert third.request.messages[-1].text == "Encore"
    assert [message.pk for message in selectors.thread(conversation)][-1] == third.answer_id
    assert len(selectors.thread(conversation)) == 4


def test_the_history_goes_to_the_provider_and_fits_its_context(people):
    conversation, call = start(people.member, "Un")
    finish(call, "mot " * 20)
    again = services.question_ask(author=people.member, conversation=conversation, text="Deux")
    assert [message.role for message in again.request.messages] == ["user", "assistant", "user"]
    from assistants.providers.types import ChatMessage

    long = [ChatMessage("user", "a" * 400), ChatMessage("assistant", "b" * 400), ChatMessage("user", "c")]
    assert newest_messages_within("", long, 330) == long[2:]
    with pytest.raises(ConversationRefused):
        newest_messages_within("", long, 100)


def test_a_suspended_workspace_generates_nothing(people):
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="t", actor="t")
    with pytest.raises(ReadOnlyWorkspace):
        start(people.member)
    assert not Conversation.objects.exists()


def test_rename_archive_pin_and_share_change_the_conversation(people, client_for):
    conversation, call = start(people.member, "Le miel de lavande")
    finish(call, "Il est blond.")
    client, url = client_for(people.member), f"/conversations/{conversation.pk}/"
    client.post(url + "rename/", {"title": "  Miel   <b>blond</b> "})
    conversation.refresh_from_db()
    assert conversation.title == "Miel <b>blond</b>"
    assert "Miel &lt;b&gt;blond&lt;/b&gt;" in client.get(url).content.decode()
    for refused in (" ", "m" * 121):
        client.post(url + "rename/", {"title": refused})
    assert Conversation.objects.get().title == "Miel <b>blond</b>"
    for query, found in (("blond", True), ("lavandes", True), ("Miel", True), ("tournesol", False)):
        page = client.get("/conversations/", {"q": query}).content.decode()
        assert (f'data-conversation="{conversation.pk}"' in page) is found, query
    client.post(url + "archive/")
    assert f'data-conversation="{conversation.pk}"' not in client.get("/conversations/").content.decode()
    assert f'data-conversation="{conversation.pk}"' in client.get("/conversations/?archived=1").content.decode()
    client.post(url + "restore/")
    assert f'data-conversation="{conversation.pk}"' in client.get("/conversations/").content.decode()


def queries_of(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


def test_pages_ask_the_same_number_of_queries_however_much_there_is(people, client_for):
    client = client_for(people.member)
    conversation, call = start(people.member)
    finish(call)
    few = [queries_of(client, path) for path in ("/conversations/", f"/conversations/{conversation.pk}/", "/")]
    for number in range(12):
        _other, call = start(people.member, f"Numéro {number}")
        finish(call)
        finish(services.question_ask(author=people.member, conversation=conversation, text=f"Question {number}"))
    many = [queries_of(client, path) for path in ("/conversations/", f"/conversations/{conversation.pk}/", "/")]
    assert many == few


def test_an_unchanged_thread_returns_204(people, client_for):
    conversation, call = start(people.member)
    path = f"/conversations/{conversation.pk}/thread/"
    client = client_for(people.member)
    seen = {"last": str(call.answer_id), "state": "streaming"}
    assert client.get(path, seen).status_code == 204
    finish(call)
    answer = Message.objects.get(pk=call.answer_id)
    assert "Une <strong>réponse</strong>." in client.get(path, seen).content.decode()
    seen["state"] = "done"
    assert client.get(path, seen).status_code == 204
    again = services.answer_retry(conversation=conversation, answer=answer)
    page = client.get(path, seen).content.decode()
    assert f"m-{again.answer_id}" in page and f"m-{answer.pk}" not in page
    assert client_for(people.admin).get(path).status_code == 404
