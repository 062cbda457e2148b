"""A call that repeats what the provider has counted reserves that; nobody teaches the bound to be too low."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.utils import timezone

from assistants.providers.bounds import input_token_bound, messages_bound
from assistants.providers.types import ChatMessage, Usage
from conversations import services
from conversations.models import Conversation, Message
from conversations.prompt_counts import PromptCount, input_bound
from plans.types import TOKENS
from tests.conversations.test_conversations import finish, start
from tests.providers.test_bounds import COUNTED, DEAREST, FRENCH, HOSTILE
from usage import selectors

VERSION = UUID(int=1)
EASY = [ChatMessage("user", FRENCH * 20), ChatMessage("assistant", FRENCH * 5)]
# What the two take with 120 tokens of instructions, as a tokeniser counts.
TOLD = 120 + 53 * 20 + 20
KNOWN = PromptCount("openai", "gpt", VERSION, TOLD, 1, 1)


def line(model: str = "gpt", provider: str = "openai", version: UUID = VERSION) -> SimpleNamespace:
    return SimpleNamespace(
        model=SimpleNamespace(name=model, provider=provider),
        version=SimpleNamespace(pk=version, text="Sois bref. " * 40),
    )


def test_a_previous_count_replaces_the_bound_of_its_messages():
    kept = [*EASY, ChatMessage("user", "Et ensuite ?")]
    by_script = input_token_bound(line().version.text, kept)
    bound = input_bound(line(), kept, 0, KNOWN)
    assert bound == TOLD + messages_bound(kept[1:]) + 64
    assert bound < by_script * 0.7


@pytest.mark.parametrize(
    "text", [text for text, _ in [*COUNTED.values(), *HOSTILE]], ids=range(len(COUNTED) + len(HOSTILE))
)
def test_costly_text_after_counted_prose_keeps_its_full_bound(text: str):
    counts = {**dict(COUNTED.values()), **dict(HOSTILE)}
    kept = [*EASY, ChatMessage("user", text)]
    assert input_bound(line(), kept, 0, KNOWN) >= TOLD + 53 * 5 + counts[text]


def test_a_ratio_learnt_from_prose_is_no_upper_bound():
    """Why there is none: words that take nearly all of their bound, where prose takes a third."""
    prose, counted = COUNTED["french"]
    learnt = counted / messages_bound([ChatMessage("user", prose)])
    hard = " ".join(DEAREST * 20)
    assert learnt * 1.5 * messages_bound([ChatMessage("user", hard)]) < 1920


@pytest.mark.parametrize(
    ("asked", "known", "dropped"),
    [
        (line("gpt-mini"), KNOWN, 0),
        (line(provider="anthropic"), KNOWN, 0),
        (line(version=UUID(int=2)), KNOWN, 0),
        (line(), None, 0),
        # Nothing of what was counted is sent any more.
        (line(), KNOWN, 1),
        # More is sent than was counted: the model's context has grown since.
        (line(), replace(KNOWN, end=2), 0),
        # A server that counts only what its cache did not have.
        (line(), replace(KNOWN, tokens=40), 0),
        (line(), replace(KNOWN, tokens=TOLD // 3), 0),
    ],
    ids=["model", "provider", "version", "unknown", "dropped", "more", "cache", "a third"],
)
def test_a_count_of_another_prompt_is_ignored(asked, known, dropped):
    kept = [*EASY, ChatMessage("user", "Et ensuite ?")]
    assert input_bound(asked, kept, dropped, known) == input_token_bound(asked.version.text, kept)


def test_a_count_bounds_a_truncated_prompt():
    said = [ChatMessage("user", "Début. " * 50), ChatMessage("assistant", "Oui."), *EASY, ChatMessage("user", "Et ?")]
    known = PromptCount("openai", "gpt", VERSION, TOLD + 200, 3, 3)
    assert input_bound(line(), said[2:], 2, known) == TOLD + 200 + messages_bound(said[3:]) + 64


class TestKept:
    TEXT = FRENCH * 30

    def asked(self, people, usage: Usage) -> tuple[Conversation, int]:
        conversation, call = start(people.member, self.TEXT)
        finish(call, "Bien reçu.", usage)
        again = services.question_ask(author=people.member, conversation=conversation, text="Et ensuite ?")
        return conversation, again.request.input_bound or 0

    def by_script(self, conversation: Conversation) -> int:
        call_texts = [ChatMessage("user", one.text) for one in conversation.messages.order_by("id") if one.text]
        answer = conversation.messages.filter(role="assistant").first()
        version = services._route_of(answer).version.text
        return input_token_bound(version, call_texts)

    def test_the_next_question_reserves_the_previous_count(self, people):
        conversation, bound = self.asked(people, Usage(500, 1000, 300, 40))
        first = conversation.messages.filter(role="assistant").order_by("id")[0]
        assert (first.prompt_tokens, first.prompt_messages) == (1800, 1)
        assert 1800 < bound < 2100 < self.by_script(conversation)

    def test_an_estimated_count_is_ignored(self, people):
        conversation, bound = self.asked(people, Usage(500, 1000, 300, 40, is_estimate=True))
        assert bound == self.by_script(conversation)

    def test_a_count_older_than_a_day_is_ignored(self, people):
        conversation, call = start(people.member, self.TEXT)
        finish(call, "Bien reçu.", Usage(1800, 0, 0, 40))
        Message.objects.filter(pk=call.answer_id).update(finished_at=timezone.now() - timedelta(days=2))
        again = services.question_ask(author=people.member, conversation=conversation, text="Et ensuite ?")
        assert again.request.input_bound == self.by_script(conversation)

    def test_the_bound_is_reserved(self, people):
        _conversation, bound = self.asked(people, Usage(1800, 0, 0, 40))
        gauge = selectors.gauge(people.home, TOKENS)
        assert gauge.reserved >= bound
