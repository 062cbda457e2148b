"""Pages of conversations."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import TEAM, access
from accounts.http import MemberRequest
from assistants.selectors import answers_by_demonstration, assistants_offered
from conversations import generation, selectors, services
from conversations.images import image_request
from conversations.models import Conversation, Message
from conversations.presenters import Refusal, answer_context, refusal_for, thread_context
from conversations.types import Call, ConversationRefused, clean
from tenants.context import TenantRef


def _list_context(request: MemberRequest) -> dict[str, Any]:
    query, archived = clean(request.GET.get("q", "")).strip()[:200], "archived" in request.GET
    rows = list(selectors.conversation_list(request.user, query=query, archived=archived))
    return {"groups": selectors.group_by_day(rows), "query": query, "archived": archived}


@access(TEAM)
@require_GET
def index(request: MemberRequest) -> HttpResponse:
    """The list with the composer of a new conversation; for htmx only the list."""
    context = _list_context(request)
    if request.htmx and request.htmx.target == "conversation-list":
        return render(request, "conversations/_list.html", context)
    return render(request, "conversations/index.html", context | _composer_context(request))


def _composer_context(
    request: MemberRequest, text: str = "", refusal: Refusal | None = None, choice: str = ""
) -> dict[str, Any]:
    assistants = assistants_offered()
    selected = _select_assistant(assistants, choice or request.GET.get("assistant", ""))
    context = {"assistants": assistants, "selected": selected, "text": text, "refusal": refusal}
    return context | {"is_demonstration": answers_by_demonstration()}


def _select_assistant(assistants: list[Any], choice: str) -> Any:
    """The assistant with the given code or key, else the first; None if no assistant is offered."""
    return next(
        (assistant for assistant in assistants if choice in (assistant.code, str(assistant.pk))),
        assistants[0] if assistants else None,
    )


@access(TEAM)
@require_POST
async def start(request: MemberRequest) -> HttpResponse:
    """Ask the first question of a new conversation."""
    tenant: TenantRef = request.tenant

    def work() -> tuple[Conversation, Call] | HttpResponse:
        text, choice = request.POST.get("text", ""), request.POST.get("assistant", "")
        try:
            assistant = _select_assistant(assistants_offered(), choice)
            if assistant is None:
                raise ConversationRefused(_("Aucun assistant n’est proposé pour le moment."))
            return services.conversation_start(author=request.user, assistant_id=assistant.pk, text=text)
        except Exception as error:
            refusal = refusal_for(error)
            context = _list_context(request) | _composer_context(request, text, refusal, choice)
            return render(request, "conversations/index.html", context, status=refusal.status)

    outcome = await sync_to_async(work)()
    if isinstance(outcome, HttpResponse):
        return outcome
    conversation, call = outcome
    generation.start(tenant, call)
    return redirect("conversations:detail", conversation.pk)


@access(TEAM)
@require_GET
def detail(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = selectors.access_conversation(request.user, conversation_id)
    return render(request, "conversations/detail.html", _thread_page_context(request, conversation))


def _thread_page_context(request: MemberRequest, conversation: Conversation) -> dict[str, Any]:
    for answer_id in selectors.open_answers(conversation):
        services.close_abandoned_answer(answer_id)
    return _list_context(request) | thread_context(request.user, conversation)


@access(TEAM)
@require_GET
def thread(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """The current messages; 204 if `last` and `state` still are key and state of the last message."""
    conversation = selectors.access_conversation(request.user, conversation_id)
    if (request.GET.get("last"), request.GET.get("state")) == selectors.last_message_state(conversation):
        return HttpResponse(status=204)
    return render(request, "conversations/_change.html", thread_context(request.user, conversation))


@access(TEAM)
@require_POST
async def ask(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """Ask the next question; for htmx only the two new articles."""

    def work(conversation: Conversation) -> Call:
        return services.question_ask(author=request.user, conversation=conversation, text=request.POST.get("text", ""))

    return await _ask(request, conversation_id, work, shown=2)


@access(TEAM)
@require_POST
async def retry(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Replace the last answer with a new one."""

    def work(conversation: Conversation) -> Call:
        _conversation, answer = selectors.access_answer(request.user, conversation_id, message_id, for_writing=True)
        return services.answer_retry(conversation=conversation, answer=answer)

    return await _ask(request, conversation_id, work, shown=1)


async def _ask(request: MemberRequest, conversation_id: UUID, work: Any, *, shown: int) -> HttpResponse:
    def in_request() -> tuple[Conversation, Call | Refusal]:
        conversation = selectors.access_conversation(request.user, conversation_id, for_writing=True)
        try:
            return conversation, work(conversation)
        except Exception as error:
            return conversation, refusal_for(error)

    conversation, outcome = await sync_to_async(in_request)()
    if isinstance(outcome, Call):
        generation.start(request.tenant, outcome)
    return await sync_to_async(_question_response)(request, conversation, outcome, shown)


def _question_response(
    request: MemberRequest, conversation: Conversation, outcome: Call | Refusal, shown: int
) -> HttpResponse:
    if isinstance(outcome, Refusal):
        context: dict[str, Any] = {"refusal": outcome, "text": request.POST.get("text", "")}
        if request.htmx:
            return render(request, "conversations/_refusal.html", context, status=outcome.status)
        page = _thread_page_context(request, conversation) | context
        return render(request, "conversations/detail.html", page, status=outcome.status)
    if not request.htmx:
        return redirect(f"{reverse('conversations:detail', args=[conversation.pk])}#m-{outcome.answer_id}")
    context = thread_context(request.user, conversation)
    context["articles"] = context["articles"][-shown:]
    return render(request, "conversations/_change.html", context)


@access(TEAM)
@require_GET
def message(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """The current state of one answer."""
    conversation, answer = selectors.access_answer(request.user, conversation_id, message_id)
    if answer.state == Message.State.STREAMING:
        services.close_abandoned_answer(answer.pk)
        answer.refresh_from_db()
    return render(request, "conversations/_change.html", answer_context(request.user, conversation, answer))


@access(TEAM)
@require_POST
def image(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Request the image of an answer."""
    conversation, answer = selectors.access_answer(request.user, conversation_id, message_id, for_writing=True)
    try:
        image_request(answer=answer)
    except Exception as error:
        return _question_response(request, conversation, refusal_for(error), 0)
    if not request.htmx:
        return redirect("conversations:detail", conversation.pk)
    answer.refresh_from_db()
    return render(request, "conversations/_change.html", answer_context(request.user, conversation, answer))


@access(TEAM, writes_when_read_only=True)
@require_POST
def stop(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    conversation, answer = selectors.access_answer(request.user, conversation_id, message_id, for_writing=True)
    services.answer_stop(answer=answer)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("conversations:detail", conversation.pk)


# -- changes of a conversation


def _redirect_to_detail(request: MemberRequest, conversation: Conversation) -> HttpResponse:
    return redirect("conversations:detail", conversation.pk)


@access(TEAM)
@require_http_methods(["POST"])
def rename(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = selectors.access_conversation(request.user, conversation_id, for_writing=True)
    try:
        services.conversation_rename(conversation=conversation, title=request.POST.get("title", ""))
    except ConversationRefused as error:
        messages.error(request, str(error))
    return _redirect_to_detail(request, conversation)


@access(TEAM)
@require_POST
def archive(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = selectors.access_conversation(request.user, conversation_id, for_writing=True)
    services.conversation_archive(conversation=conversation, archived=True)
    undo = reverse("conversations:restore", args=[conversation.pk])
    messages.success(request, _("Conversation archivée."), extra_tags=f"undo:{undo}")
    return redirect("conversations:list")


@access(TEAM)
@require_POST
def restore(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = selectors.access_conversation(request.user, conversation_id, for_writing=True)
    services.conversation_archive(conversation=conversation, archived=False)
    return _redirect_to_detail(request, conversation)


@access(TEAM)
@require_POST
def pin(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """Pin or unpin in the user's own list; readers may pin as well as the author."""
    conversation = selectors.access_conversation(request.user, conversation_id)
    pinned: bool = conversation.pinned  # type: ignore[attr-defined]
    services.conversation_pin(conversation=conversation, person=request.user, pinned=not pinned)
    return _redirect_to_detail(request, conversation)


@access(TEAM)
@require_POST
def share(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = selectors.access_conversation(request.user, conversation_id, for_writing=True)
    shared = conversation.visibility != Conversation.Visibility.WORKSPACE
    services.conversation_share(conversation=conversation, shared=shared, actor=request.user)
    messages.success(
        request,
        _("Tout l’espace peut lire cette conversation.") if shared else _("Vous seul lisez cette conversation."),
    )
    return _redirect_to_detail(request, conversation)
