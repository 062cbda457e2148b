"""Pages of conversations, and the stream of an answer."""

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
from conversations.presenters import Refusal, answer_context, refusal_of, thread_context
from conversations.types import Call, ConversationRefused, clean
from tenants.context import TenantRef


def _sidebar(request: MemberRequest) -> dict[str, Any]:
    query, archived = clean(request.GET.get("q", "")).strip()[:200], "archived" in request.GET
    rows = list(selectors.conversation_list(request.user, query=query, archived=archived))
    return {"groups": selectors.by_day(rows), "query": query, "archived": archived}


@access(TEAM)
@require_GET
def index(request: MemberRequest) -> HttpResponse:
    """The list, and the composer of a new conversation; for htmx, the list alone."""
    context = _sidebar(request)
    if request.htmx and request.htmx.target == "conversation-list":
        return render(request, "conversations/_list.html", context)
    return render(request, "conversations/index.html", context | _new(request))


def _new(request: MemberRequest, text: str = "", refusal: Refusal | None = None, chosen: str = "") -> dict[str, Any]:
    offered = assistants_offered()
    picked = _picked(offered, chosen or request.GET.get("assistant", ""))
    given = {"assistants": offered, "picked": picked, "text": text, "refusal": refusal}
    return given | {"is_demonstration": answers_by_demonstration()}


def _picked(offered: list[Any], chosen: str) -> Any:
    """The assistant named, by code or key; else the first; None where none is offered."""
    return next((one for one in offered if chosen in (one.code, str(one.pk))), offered[0] if offered else None)


@access(TEAM)
@require_POST
async def start(request: MemberRequest) -> HttpResponse:
    """Ask the first question of a new conversation."""
    tenant: TenantRef = request.tenant

    def work() -> tuple[Conversation, Call] | HttpResponse:
        text, chosen = request.POST.get("text", ""), request.POST.get("assistant", "")
        try:
            picked = _picked(assistants_offered(), chosen)
            if picked is None:
                raise ConversationRefused(_("Aucun assistant n’est proposé pour le moment."))
            return services.conversation_start(author=request.user, assistant_id=picked.pk, text=text)
        except Exception as error:
            refusal = refusal_of(error)
            context = _sidebar(request) | _new(request, text, refusal, chosen)
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
    return render(request, "conversations/detail.html", _detail(request, conversation))


def _detail(request: MemberRequest, conversation: Conversation) -> dict[str, Any]:
    for answer_id in selectors.open_answers(conversation):
        services.close_abandoned_answer(answer_id)
    return _sidebar(request) | thread_context(request.user, conversation)


@access(TEAM)
@require_GET
def thread(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """The messages as they are now; 204 where `last` and `state`, the last shown, still say how the thread ends."""
    conversation = selectors.access_conversation(request.user, conversation_id)
    if (request.GET.get("last"), request.GET.get("state")) == selectors.last_shown(conversation):
        return HttpResponse(status=204)
    return render(request, "conversations/_change.html", thread_context(request.user, conversation))


@access(TEAM)
@require_POST
async def ask(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """Ask the next question; for htmx, the two new articles alone."""

    def work(conversation: Conversation) -> Call:
        return services.question_ask(author=request.user, conversation=conversation, text=request.POST.get("text", ""))

    return await _ask(request, conversation_id, work, shown=2)


@access(TEAM)
@require_POST
async def retry(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Ask again for the last answer."""

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
            return conversation, refusal_of(error)

    conversation, outcome = await sync_to_async(in_request)()
    if isinstance(outcome, Call):
        generation.start(request.tenant, outcome)
    return await sync_to_async(_after_asking)(request, conversation, outcome, shown)


def _after_asking(
    request: MemberRequest, conversation: Conversation, outcome: Call | Refusal, shown: int
) -> HttpResponse:
    if isinstance(outcome, Refusal):
        context: dict[str, Any] = {"refusal": outcome, "text": request.POST.get("text", "")}
        if request.htmx:
            return render(request, "conversations/_refusal.html", context, status=outcome.status)
        page = _detail(request, conversation) | context
        return render(request, "conversations/detail.html", page, status=outcome.status)
    if not request.htmx:
        return redirect(f"{reverse('conversations:detail', args=[conversation.pk])}#m-{outcome.answer_id}")
    context = thread_context(request.user, conversation)
    context["articles"] = context["articles"][-shown:]
    return render(request, "conversations/_change.html", context)


@access(TEAM)
@require_GET
def message(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """One answer as it is now."""
    conversation, answer = selectors.access_answer(request.user, conversation_id, message_id)
    if answer.state == Message.State.STREAMING:
        services.close_abandoned_answer(answer.pk)
        answer.refresh_from_db()
    return render(request, "conversations/_change.html", answer_context(request.user, conversation, answer))


@access(TEAM)
@require_POST
def image(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Have the image of an answer made."""
    conversation, answer = selectors.access_answer(request.user, conversation_id, message_id, for_writing=True)
    try:
        image_request(answer=answer)
    except Exception as error:
        return _after_asking(request, conversation, refusal_of(error), 0)
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


# -- what people do with a conversation


def _changed(request: MemberRequest, conversation: Conversation) -> HttpResponse:
    return redirect("conversations:detail", conversation.pk)


@access(TEAM)
@require_http_methods(["POST"])
def rename(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = selectors.access_conversation(request.user, conversation_id, for_writing=True)
    try:
        services.conversation_rename(conversation=conversation, title=request.POST.get("title", ""))
    except ConversationRefused as error:
        messages.error(request, str(error))
    return _changed(request, conversation)


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
    return _changed(request, conversation)


@access(TEAM)
@require_POST
def pin(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """Whoever reads a conversation may pin it: on their own list."""
    conversation = selectors.access_conversation(request.user, conversation_id)
    pinned: bool = conversation.pinned  # type: ignore[attr-defined]
    services.conversation_pin(conversation=conversation, person=request.user, pinned=not pinned)
    return _changed(request, conversation)


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
    return _changed(request, conversation)
