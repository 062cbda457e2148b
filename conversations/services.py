"""Services that ask a question, open its answer and end it.

The upper bound of a call is reserved before the call. The transaction that ends the answer writes exactly one usage
event and settles the reservation, also after an error.
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
from assistants.selectors import Route
from conversations import answer_log, leases, selectors
from conversations.changes import conversation_archive, conversation_pin, conversation_rename, conversation_share
from conversations.limits import concurrency_limits, too_many_answers
from conversations.models import Conversation, Message
from conversations.prompt_counts import History, counted_prompt_tokens, history
from conversations.requests import build_request
from conversations.types import Call, ConversationRefused, Result, clean
from events import catalogue as facts
from events.services import record
from library import services as library
from plans.types import AI_EUROS, TOKENS
from tenants.services import require_writable
from ui.markdown import plain_title
from usage import services as usage_services
from usage.types import Act

__all__ = [
    "ACT",
    "MAX_QUESTION_LENGTH",
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
MAX_QUESTION_LENGTH = 24_000
ACT = "answer"


def conversation_start(*, author: User, assistant_id: UUID, text: str) -> tuple[Conversation, Call]:
    """Create a conversation with its first question. Raises like `question_ask`; then nothing is created."""
    text = _clean_question(text)
    with transaction.atomic():
        require_writable()
        conversation = Conversation.objects.create(
            author=author, assistant_id=assistant_id, title=plain_title(text, 60) or _("Nouvelle conversation")
        )
        record(facts.ConversationBegun(subject_id=conversation.pk, actor_id=author.pk, assistant_id=assistant_id))
        # Not visible to other transactions: no lock is needed.
        call = _ask(conversation, text, ([], None))
    return conversation, call


def question_ask(*, author: User, conversation: Conversation, text: str) -> Call:
    """Save a question and open its answer, with the upper bound reserved.

    Raises `ConversationRefused`, `QuotaExceeded`, `ReadOnlyWorkspace` or `NoModel`; then nothing is written.
    """
    text = _clean_question(text)
    with transaction.atomic():
        _lock_idle(conversation)
        return _ask(conversation, text, history(selectors.thread(conversation)))


def _clean_question(text: str) -> str:
    """Clean a question. Raises `ConversationRefused` if it is empty or too long."""
    text = clean(text.replace("\r\n", "\n")).strip()
    if not text:
        raise ConversationRefused(_("Écrivez d’abord votre message."))
    if len(text) > MAX_QUESTION_LENGTH:
        raise ConversationRefused(
            _("Votre message compte %(count)s caractères ; le maximum est %(most)s. Raccourcissez-le ou coupez-le.")
            % {"count": len(text), "most": MAX_QUESTION_LENGTH}
        )
    return text


def _ask(conversation: Conversation, text: str, previous: History) -> Call:
    messages, prompt_count = previous
    Message.objects.create(conversation=conversation, role=Role.USER, text=text)
    return _open_answer(conversation, ([*messages, ChatMessage("user", text)], prompt_count))


def answer_retry(*, conversation: Conversation, answer: Message) -> Call:
    """Replace the last answer with a new one. Raises like `question_ask`."""
    with transaction.atomic():
        _lock_idle(conversation)
        messages = selectors.thread(conversation)
        if not messages or messages[-1].pk != answer.pk:
            raise ConversationRefused(_("Seule la dernière réponse peut être refaite."))
        Message.objects.filter(pk=answer.pk).update(replaced_at=timezone.now())
        return _open_answer(conversation, history(selectors.thread(conversation)))


def _lock_idle(conversation: Conversation) -> None:
    """Lock the conversation. Raises `ConversationRefused` while an answer is being generated (double click)."""
    Conversation.objects.select_for_update().get(pk=conversation.pk)
    for answer_id in selectors.open_answers(conversation):
        if leases.is_generating(answer_id):
            raise ConversationRefused(_("Une réponse est en cours : attendez sa fin ou arrêtez-la."))
        close_abandoned_answer(answer_id)


def _open_answer(conversation: Conversation, messages_and_count: History) -> Call:
    route = catalogue.route_for(conversation.assistant_id)
    bounded = build_request(route, *messages_and_count)
    answer = Message(
        conversation=conversation,
        role=Role.ASSISTANT,
        state=State.STREAMING,
        prompt_version_id=route.version.pk,
        provider=route.model.provider,
        model=route.model.name,
        price_id=route.price.pk,
        is_demonstration=route.model.is_demonstration,
        prompt_messages=len(bounded.request.messages),
    )
    usage_services.reserve(Act(ACT, answer.pk), bounded.amounts)
    # Before the row is committed: otherwise another process could close the answer as abandoned.
    try:
        leases.acquire(answer.pk, conversation.author_id, concurrency_limits())
    except leases.LimitReached as reached:
        raise too_many_answers(reached) from None
    answer.save(force_insert=True)
    Conversation.objects.filter(pk=conversation.pk).update(active_at=timezone.now(), archived_at=None)
    return Call(answer.pk, conversation.author_id, route.model.provider, bounded.request)


_STATES = {"done": State.DONE, "stopped": State.INTERRUPTED, "interrupted": State.INTERRUPTED, "failed": State.FAILED}


def answer_finish(*, answer_id: UUID, result: Result) -> str | None:
    """End an answer in one transaction: text, state, usage event, settlement, library item, fact.

    Returns the new state; None if the answer had been ended before (then nothing is changed).
    """
    with transaction.atomic():
        answer = Message.objects.select_for_update(of=("self",)).filter(pk=answer_id, state=State.STREAMING).first()
        if answer is None:
            return None
        usage = result.usage or _estimated_usage(answer, result)
        answer.text = result.text
        answer.state = _STATES[result.outcome]
        answer.stopped = result.outcome == "stopped"
        answer.error_kind = result.error_kind
        answer.finished_at = timezone.now()
        route = _route_of(answer)
        answer.tokens, answer.cost = usage.total_tokens, cost_of(usage, route.price)
        answer.prompt_tokens = counted_prompt_tokens(result.usage)
        answer.save()
        _meter_and_settle(answer, route, result, usage)
        record(_ending_fact(answer, route))
        if answer.text.strip() and answer.state != State.FAILED:
            _save_in_library(answer, route)
    return answer.state


def _route_of(answer: Message) -> Route:
    """The assistant, prompt version, model and price of an answer."""
    return catalogue.route_of(cast(UUID, answer.prompt_version_id), cast(UUID, answer.price_id))


def _estimated_usage(answer: Message, result: Result) -> Usage:
    """Estimated usage of a call that the provider did not count (process died, timeout), at most what was reserved.

    Zero if the provider rejected the call.
    """
    if not result.text and result.error_kind not in ("timeout", "cut", ""):
        return Usage(0, 0, 0, 0)
    route = _route_of(answer)
    previous_texts = answer.conversation.messages.filter(pk__lt=answer.pk, replaced_at=None).values_list(
        "text", flat=True
    )
    prompt_tokens = estimate_tokens(route.version.text) + sum(estimate_tokens(text) for text in previous_texts)
    output_tokens = max(estimate_tokens(result.text), answer.tokens - prompt_tokens)
    reservation = usage_services.hold_of(answer.pk)
    reserved = int(reservation.amounts[TOKENS]) if reservation else prompt_tokens + output_tokens
    prompt_tokens = min(prompt_tokens, reserved)
    return Usage(prompt_tokens, 0, 0, min(output_tokens, reserved - prompt_tokens), is_estimate=True)


def _meter_and_settle(answer: Message, route: Route, result: Result, usage: Usage) -> None:
    author = answer.conversation.author
    usage_services.meter(
        member_id=author.pk,
        member_email=author.email,
        assistant_id=route.assistant.pk,
        assistant_name=route.assistant.name,
        prompt_version_id=route.version.pk,
        prompt_version=str(route.version),
        reference=answer.pk,
        provider=answer.provider,
        model=answer.model,
        price_id=route.price.pk,
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
    reservation = usage_services.hold_of(answer.pk)
    if reservation is not None:
        usage_services.settle(reservation.id, {TOKENS: Decimal(usage.total_tokens), AI_EUROS: answer.cost})


def _ending_fact(answer: Message, route: Route) -> facts.Fact:
    """The fact that records how the answer ended."""
    values: dict[str, Any] = {
        "subject_id": answer.pk,
        "actor_id": answer.conversation.author_id,
        "conversation_id": answer.conversation_id,
        "assistant_id": route.assistant.pk,
        "tokens": answer.tokens,
        "cost": answer.cost,
    }
    if answer.state == State.INTERRUPTED:
        return facts.AnswerStopped(**values, by_person=answer.stopped)
    return facts.AnswerFailed(**values) if answer.state == State.FAILED else facts.AnswerFinished(**values)


def _save_in_library(answer: Message, route: Route) -> None:
    conversation = answer.conversation
    library.item_save_answer(
        message_id=answer.pk,
        conversation_id=conversation.pk,
        author_id=conversation.author_id,
        title=plain_title(answer.text) or conversation.title,
        text=answer.text,
        # The answer of an image assistant is the prompt; the image is saved as an item of its own.
        kind="text" if route.assistant.produces == "image" else route.assistant.produces,
        provenance={
            "assistant": route.assistant.name,
            "prompt_version": str(route.version),
            "provider": answer.provider,
            "model": answer.model,
            "tokens": str(answer.tokens),
            "cost": format(answer.cost, "f"),
        },
    )


def close_abandoned_answer(answer_id: UUID) -> bool:
    """End an answer whose process died, with its text so far. False if the answer is not open."""
    if leases.is_generating(answer_id):
        usage_services.extend_hold(answer_id)
        return True
    saved_text = Message.objects.filter(pk=answer_id, state=State.STREAMING).values_list("text", flat=True).first()
    if saved_text is None:
        return False
    text = max(saved_text, answer_log.text_so_far(answer_id), key=len)
    state = answer_finish(answer_id=answer_id, result=Result(text=text, outcome="interrupted"))
    if state is not None:
        log.warning("answer closed as interrupted id=%s characters=%s", answer_id, len(text))
        answer_log.close_log(answer_id, state, len(text))
    return True


def answer_stop(*, answer: Message) -> None:
    """Request the end of an answer in progress; its text so far is kept."""
    leases.request_stop(answer.pk)


def reassign(*, author: User, heir: User) -> int:
    """Make the conversations of a person another's, in the caller's transaction. Returns their number."""
    return Conversation.objects.filter(author=author).update(author=heir)
