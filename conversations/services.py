"""A question asked, its answer opened, flushed, ended; and what people do with their conversations.

Before a call its upper bound is reserved; whatever happens after, exactly one usage event is written and the
reservation settled, in the transaction that ends the answer.
"""

import logging
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from assistants import selectors as catalogue
from assistants.costs import cost_of
from assistants.providers.bounds import estimate_tokens
from assistants.providers.types import ChatMessage, Usage
from assistants.selectors import Line
from conversations import leases, live, selectors
from conversations.asking import ask
from conversations.changes import conversation_archive, conversation_pin, conversation_rename, conversation_share
from conversations.counted import History, history, told
from conversations.limits import places_here, too_many
from conversations.models import Conversation, Message
from conversations.types import Call, ConversationRefused, Result, clean
from events import catalogue as facts
from events.services import record
from library import services as library
from plans.types import EUROS, TOKENS
from tenants.services import require_writable
from ui.markdown import plain_title
from usage import services as usage_services
from usage.types import Act

__all__ = [
    "ACT",
    "MAX_QUESTION",
    "answer_finish",
    "answer_retry",
    "answer_stop",
    "close_abandoned_answer",
    "conversation_archive",
    "conversation_pin",
    "conversation_rename",
    "conversation_share",
    "conversation_start",
    "question_ask",
]
log = logging.getLogger(__name__)
Role, State = Message.Role, Message.State
MAX_QUESTION = 24_000
ACT = "answer"


def conversation_start(*, author: User, assistant_id: UUID, text: str) -> tuple[Conversation, Call]:
    """A new conversation with its first question. Raises as `question_ask` does; then nothing is left."""
    text = _question(text)
    with transaction.atomic():
        require_writable()
        conversation = Conversation.objects.create(
            author=author, assistant_id=assistant_id, title=plain_title(text, 60) or _("Nouvelle conversation")
        )
        record(facts.ConversationBegun(subject_id=conversation.pk, actor_id=author.pk, assistant_id=assistant_id))
        # Nobody else knows it yet: there is nothing to lock, and nothing was said before.
        call = _ask(conversation, text, ([], None))
    return conversation, call


def question_ask(*, author: User, conversation: Conversation, text: str) -> Call:
    """Save a question and open its answer, its bound reserved.

    Raises `ConversationRefused`, `QuotaExceeded`, `ReadOnlyWorkspace` or `NoModel`; then nothing is written.
    """
    text = _question(text)
    with transaction.atomic():
        _lock_idle(conversation)
        return _ask(conversation, text, history(selectors.thread(conversation)))


def _question(text: str) -> str:
    """What was typed, as it is kept. Raises `ConversationRefused`."""
    text = clean(text.replace("\r\n", "\n")).strip()
    if not text:
        raise ConversationRefused(_("Écrivez d’abord votre message."))
    if len(text) > MAX_QUESTION:
        raise ConversationRefused(
            _("Votre message compte %(count)s caractères ; le maximum est %(most)s. Raccourcissez-le ou coupez-le.")
            % {"count": len(text), "most": MAX_QUESTION}
        )
    return text


def _ask(conversation: Conversation, text: str, before: History) -> Call:
    said, counted = before
    Message.objects.create(conversation=conversation, role=Role.USER, text=text)
    return _open_answer(conversation, ([*said, ChatMessage("user", text)], counted))


def answer_retry(*, conversation: Conversation, answer: Message) -> Call:
    """Ask again for the last answer: a new one takes its place. Raises as `question_ask` does."""
    with transaction.atomic():
        _lock_idle(conversation)
        shown = selectors.thread(conversation)
        if not shown or shown[-1].pk != answer.pk:
            raise ConversationRefused(_("Seule la dernière réponse peut être refaite."))
        Message.objects.filter(pk=answer.pk).update(replaced_at=timezone.now())
        return _open_answer(conversation, history(selectors.thread(conversation)))


def _lock_idle(conversation: Conversation) -> None:
    """One answer at a time: a double click asks once."""
    Conversation.objects.select_for_update().get(pk=conversation.pk)
    for answer_id in selectors.open_answers(conversation):
        if leases.is_made(answer_id):
            raise ConversationRefused(_("Une réponse est en cours : attendez sa fin ou arrêtez-la."))
        close_abandoned_answer(answer_id)


def _open_answer(conversation: Conversation, said: History) -> Call:
    line = catalogue.line_for(conversation.assistant_id)
    asked = ask(line, *said)
    answer = Message(
        conversation=conversation,
        role=Role.ASSISTANT,
        state=State.STREAMING,
        prompt_version_id=line.version.pk,
        provider=line.model.provider,
        model=line.model.name,
        price_id=line.price.pk,
        is_demonstration=line.model.is_demonstration,
        prompt_messages=len(asked.request.messages),
    )
    usage_services.reserve(Act(ACT, answer.pk), asked.amounts)
    # The lease comes before the row can be seen.
    try:
        leases.take(answer.pk, conversation.author_id, places_here())
    except leases.NoPlace as full:
        raise too_many(full) from None
    answer.save(force_insert=True)
    Conversation.objects.filter(pk=conversation.pk).update(active_at=timezone.now(), archived_at=None)
    return Call(answer.pk, conversation.author_id, line.model.provider, asked.request)


_STATES = {"done": State.DONE, "stopped": State.INTERRUPTED, "interrupted": State.INTERRUPTED, "failed": State.FAILED}


def answer_finish(*, answer_id: UUID, result: Result) -> str | None:
    """End an answer: text, state, usage event, reservation, library, fact, in one transaction.

    Returns the state it is in now; None where somebody else had ended it (nothing changes then).
    """
    with transaction.atomic():
        answer = Message.objects.select_for_update(of=("self",)).filter(pk=answer_id, state=State.STREAMING).first()
        if answer is None:
            return None
        usage = result.usage or _estimated(answer, result)
        answer.text = result.text
        answer.state = _STATES[result.outcome]
        answer.stopped = result.outcome == "stopped"
        answer.error_kind = result.error_kind
        answer.finished_at = timezone.now()
        line = _line_of(answer)
        answer.tokens, answer.cost = usage.total_tokens, cost_of(usage, line.price)
        answer.prompt_tokens = told(result.usage)
        answer.save()
        _settle(answer, line, result, usage)
        record(_fact_of(answer, line))
        if answer.text.strip() and answer.state != State.FAILED:
            _save_in_library(answer, line)
    return answer.state


def _line_of(answer: Message) -> Line:
    """What the answer was asked with: an answer of an assistant always keeps both keys."""
    return catalogue.line_of(cast(UUID, answer.prompt_version_id), cast(UUID, answer.price_id))


def _estimated(answer: Message, result: Result) -> Usage:
    """What a call that was not counted took at most: of an answer whose process died, or that nobody ever answered.

    Nothing where the provider refused it outright; never more than was reserved.
    """
    if not result.text and result.error_kind not in ("timeout", "cut", ""):
        return Usage(0, 0, 0, 0)
    line = _line_of(answer)
    before = answer.conversation.messages.filter(pk__lt=answer.pk, replaced_at=None).values_list("text", flat=True)
    asked = estimate_tokens(line.version.text) + sum(estimate_tokens(text) for text in before)
    written = max(estimate_tokens(result.text), answer.tokens - asked)
    held = usage_services.held_by(answer.pk)
    most = int(held.amounts[TOKENS]) if held else asked + written
    asked = min(asked, most)
    return Usage(asked, 0, 0, min(written, most - asked), is_estimate=True)


def _settle(answer: Message, line: Line, result: Result, usage: Usage) -> None:
    author = answer.conversation.author
    usage_services.meter(
        member_id=author.pk,
        member_email=author.email,
        assistant_id=line.assistant.pk,
        assistant_name=line.assistant.name,
        prompt_version_id=line.version.pk,
        prompt_version=str(line.version),
        reference=answer.pk,
        provider=answer.provider,
        model=answer.model,
        price_id=line.price.pk,
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
        cost=answer.cost,
        is_estimate=usage.is_estimate and usage.total_tokens > 0,
        latency_ms=result.latency_ms,
        first_token_ms=result.first_token_ms,
        outcome=result.outcome,
        error_kind=result.error_kind,
    )
    held = usage_services.held_by(answer.pk)
    if held is not None:
        usage_services.settle(held.id, {TOKENS: Decimal(usage.total_tokens), EUROS: answer.cost})


def _fact_of(answer: Message, line: Line) -> facts.Fact:
    """How the answer has ended."""
    values: dict[str, Any] = {
        "subject_id": answer.pk,
        "actor_id": answer.conversation.author_id,
        "conversation_id": answer.conversation_id,
        "assistant_id": line.assistant.pk,
        "tokens": answer.tokens,
        "cost": answer.cost,
    }
    if answer.state == State.INTERRUPTED:
        return facts.AnswerStopped(**values, by_person=answer.stopped)
    return facts.AnswerFailed(**values) if answer.state == State.FAILED else facts.AnswerFinished(**values)


def _save_in_library(answer: Message, line: Line) -> None:
    conversation = answer.conversation
    library.item_save_answer(
        message_id=answer.pk,
        conversation_id=conversation.pk,
        author_id=conversation.author_id,
        title=plain_title(answer.text) or conversation.title,
        text=answer.text,
        # An image's prompt is a text until the image is made.
        kind="text" if line.assistant.produces == "image" else line.assistant.produces,
        provenance={
            "assistant": line.assistant.name,
            "prompt_version": str(line.version),
            "provider": answer.provider,
            "model": answer.model,
            "tokens": str(answer.tokens),
            "cost": format(answer.cost, "f"),
        },
    )


def close_abandoned_answer(answer_id: UUID) -> bool:
    """End an answer whose process died: its text so far is kept. False while somebody still makes it."""
    if leases.is_made(answer_id):
        usage_services.extend_act(answer_id)
        return True
    saved = Message.objects.filter(pk=answer_id, state=State.STREAMING).values_list("text", flat=True).first()
    if saved is None:
        return False
    text = max(saved, live.text_so_far(answer_id), key=len)
    state = answer_finish(answer_id=answer_id, result=Result(text=text, outcome="interrupted"))
    if state is not None:
        log.warning("answer closed as interrupted id=%s characters=%s", answer_id, len(text))
        live.close_log(answer_id, state, len(text))
    return True


def answer_stop(*, answer: Message) -> None:
    """Stop an answer that comes; what has come is kept."""
    leases.ask_to_stop(answer.pk)
