"""Template contexts of threads, rendered messages (articles) and user-facing refusals."""

import logging
from collections.abc import Container
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.access import MANAGERS
from accounts.models import User
from assistants.providers.types import message_for
from assistants.selectors import NoModel, answers_by_demonstration, image_model
from conversations import selectors
from conversations.models import Conversation, Message
from conversations.types import ConversationRefused, TooManyAnswers
from library import selectors as library
from plans.types import AI_EUROS
from tenants.logs import request_id
from tenants.services import ReadOnlyWorkspace
from ui.markdown import render_cached
from usage.types import QuotaExceeded

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal:
    """Why a question was refused and what to do. `status` is the HTTP status of the response."""

    title: str
    text: str
    status: int


@dataclass(frozen=True)
class Article:
    """A message as shown. `notice` says why an answer ended early."""

    message: Message
    notice: str
    can_retry: bool
    can_make_image: bool = False
    image_notice: str = ""
    is_image_deleted: bool = False

    @property
    def html(self) -> SafeString | str:
        """The rendered text. Evaluated lazily, since a page may show only some articles of a thread."""
        is_finished = self.message.role == Message.Role.ASSISTANT and self.message.state != Message.State.STREAMING
        return render_cached(self.message.text) if is_finished else self.message.text


def refusal_for(error: Exception) -> Refusal:
    """Convert an error to a refusal for the user. Re-raises errors that the middleware handles."""
    if isinstance(error, QuotaExceeded):
        return _quota_refusal(error)
    if isinstance(error, TooManyAnswers):
        return Refusal(_("Trop de réponses à la fois"), str(error), 429)
    if isinstance(error, ConversationRefused):
        return Refusal(_("Message non envoyé"), str(error), 409)
    if isinstance(error, NoModel):
        log.error("no model can answer for assistant %s: no provider or no price in force", error)
        text = _("Aucun modèle n’est disponible pour cet assistant. Prévenez votre opérateur.")
        return Refusal(_("Assistant indisponible"), text, 503)
    if isinstance(error, (ReadOnlyWorkspace, Http404, BadRequest, SuspiciousOperation)):
        raise error
    log.exception("question not taken")
    text = _(
        "Votre message n’a pas été envoyé. Réessayez ; si cela se répète, donnez cette référence à votre "
        "opérateur : %(id)s"
    ) % {"id": request_id.get()}
    return Refusal(_("Un imprévu est survenu"), text, 500)


def _quota_refusal(error: QuotaExceeded) -> Refusal:
    gauge = error.gauge
    taken = gauge.used + gauge.reserved

    def format_amount(amount: Any) -> str:
        in_euros = gauge.key == AI_EUROS
        figure = number_format(amount, 2 if in_euros else 0, use_l10n=True, force_grouping=True)
        return pgettext("amount", "%(figure)s €") % {"figure": figure} if in_euros else figure

    text = _(
        "Offre %(plan)s : %(used)s utilisés ou réservés sur %(limit)s ce mois-ci, et cette demande peut en prendre "
        "%(wanted)s. Raccourcissez la demande, attendez le mois prochain, ou passez à une offre supérieure."
    ) % {
        "plan": error.plan_name,
        "used": format_amount(taken),
        "limit": format_amount(gauge.limit),
        "wanted": format_amount(error.wanted),
    }
    return Refusal(_("Quota atteint : %(meter)s") % {"meter": gauge.label}, text, 429)


def _notice(message: Message) -> str:
    if message.state == Message.State.FAILED:
        return _failure(message.error_kind or "unknown", message)
    if message.error_kind == "length":
        return _("La réponse a atteint sa longueur maximale. Demandez la suite pour la continuer.")
    if message.state == Message.State.DONE and message.error_kind:
        return str(message_for(message.error_kind))  # type: ignore[arg-type]
    if message.state != Message.State.INTERRUPTED:
        return ""
    if message.stopped:
        return _("Réponse arrêtée à votre demande. Ce qui était écrit est gardé.")
    if message.error_kind:
        return str(message_for(message.error_kind))  # type: ignore[arg-type]
    return _("La réponse a été interrompue. Ce qui était écrit est gardé ; vous pouvez réessayer.")


def _failure(kind: str, message: Message) -> str:
    """Why an answer or its image failed; for an unknown cause, with the message's key as reference to the log."""
    text = str(message_for(kind))  # type: ignore[arg-type]
    if kind != "unknown":
        return text
    return text + " " + _("Référence : %(id)s.") % {"id": message.pk}


def _article(
    message: Message, can_retry: bool, makes_images: bool = False, existing_images: Container[UUID | None] = ()
) -> Article:
    is_streaming = message.state == Message.State.STREAMING
    return Article(
        message,
        _notice(message),
        can_retry=can_retry and not is_streaming,
        can_make_image=makes_images and message.state == Message.State.DONE and message.image_state in ("", "failed"),
        is_image_deleted=message.image_state == "done" and message.image_item_id not in existing_images,
        image_notice=_failure(message.image_error or "unknown", message) if message.image_state == "failed" else "",
    )


def thread_context(user: User, conversation: Conversation) -> dict[str, Any]:
    """Template context of the thread: articles, totals, and flags of what the user may do."""
    messages = selectors.thread(conversation)
    is_author = conversation.author_id == user.pk
    last = messages[-1].pk if messages else None
    makes_images = is_author and conversation.assistant.produces == "image" and image_model() is not None
    images = library.existing_items(message.image_item_id for message in messages if message.image_item_id)
    articles = [
        _article(
            message,
            is_author and message.pk == last and message.role == Message.Role.ASSISTANT,
            makes_images and message.role == Message.Role.ASSISTANT,
            images,
        )
        for message in messages
    ]
    answers = [article.message for article in articles if article.message.role == Message.Role.ASSISTANT]
    return {
        "conversation": conversation,
        "articles": articles,
        "is_author": is_author,
        "is_demonstration": bool(answers and answers[-1].is_demonstration)
        or (is_author and answers_by_demonstration()),
        "makes_images": makes_images,
        "shows_cost": is_author or user.role in MANAGERS,
        "total_cost": sum(answer.cost for answer in answers),
        "total_tokens": sum(answer.tokens for answer in answers),
        "last_answer": answers[-1] if answers else None,
    }


def answer_context(user: User, conversation: Conversation, answer: Message) -> dict[str, Any]:
    """Template context of one article."""
    context = thread_context(user, conversation)
    matches = [article for article in context["articles"] if article.message.pk == answer.pk]
    context["article"] = matches[0] if matches else _article(answer, False)
    return context
