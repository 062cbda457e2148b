"""What templates show of a thread: articles with their rendering, and refusals in people's words."""

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
from plans.types import EUROS
from tenants.logs import request_id
from tenants.services import ReadOnlyWorkspace
from ui.markdown import render_cached
from usage.types import QuotaExceeded

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal:
    """Why a question was not taken, and the way out. `status` is the answer's HTTP status."""

    title: str
    text: str
    status: int


@dataclass(frozen=True)
class Article:
    """One message as it is shown. `notice` says why an answer ended early."""

    message: Message
    notice: str
    can_retry: bool
    can_make_image: bool = False
    image_notice: str = ""
    image_gone: bool = False

    @property
    def html(self) -> SafeString | str:
        """Made when the template shows it: a page of one article renders one."""
        is_whole = self.message.role == Message.Role.ASSISTANT and self.message.state != Message.State.STREAMING
        return render_cached(self.message.text) if is_whole else self.message.text


def refusal_of(error: Exception) -> Refusal:
    """In people's words. Re-raises what is not a refusal."""
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
    held = gauge.used + gauge.reserved

    def shown(amount: Any) -> str:
        in_euros = gauge.key == EUROS
        figure = number_format(amount, 2 if in_euros else 0, use_l10n=True, force_grouping=True)
        return pgettext("amount", "%(figure)s €") % {"figure": figure} if in_euros else figure

    text = _(
        "Offre %(plan)s : %(used)s utilisés ou réservés sur %(limit)s ce mois-ci, et cette demande peut en prendre "
        "%(wanted)s. Raccourcissez la demande, attendez le mois prochain, ou passez à une offre supérieure."
    ) % {
        "plan": error.plan_name,
        "used": shown(held),
        "limit": shown(gauge.limit),
        "wanted": shown(error.wanted),
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
    """Why an answer or its image failed; where the cause is not known, with the reference that the log has."""
    said = str(message_for(kind))  # type: ignore[arg-type]
    if kind != "unknown":
        return said
    return said + " " + _("Référence : %(id)s.") % {"id": message.pk}


def _article(
    message: Message, can_retry: bool, makes_images: bool = False, kept_images: Container[UUID | None] = ()
) -> Article:
    streaming = message.state == Message.State.STREAMING
    return Article(
        message,
        _notice(message),
        can_retry=can_retry and not streaming,
        can_make_image=makes_images and message.state == Message.State.DONE and message.image_state in ("", "failed"),
        image_gone=message.image_state == "done" and message.image_item_id not in kept_images,
        image_notice=_failure(message.image_error or "unknown", message) if message.image_state == "failed" else "",
    )


def thread_context(user: User, conversation: Conversation) -> dict[str, Any]:
    """Context of the thread: articles, whether one may write, and whether the demonstration model answers."""
    said = selectors.thread(conversation)
    mine = conversation.author_id == user.pk
    last = said[-1].pk if said else None
    makes_images = mine and conversation.assistant.produces == "image" and image_model() is not None
    images = library.kept(message.image_item_id for message in said if message.image_item_id)
    articles = [
        _article(
            message,
            mine and message.pk == last and message.role == Message.Role.ASSISTANT,
            makes_images and message.role == Message.Role.ASSISTANT,
            images,
        )
        for message in said
    ]
    answers = [article.message for article in articles if article.message.role == Message.Role.ASSISTANT]
    return {
        "conversation": conversation,
        "articles": articles,
        "mine": mine,
        "is_demonstration": bool(answers and answers[-1].is_demonstration) or (mine and answers_by_demonstration()),
        "makes_images": makes_images,
        "shows_cost": mine or user.role in MANAGERS,
        "total_cost": sum(answer.cost for answer in answers),
        "total_tokens": sum(answer.tokens for answer in answers),
        "last_answer": answers[-1] if answers else None,
    }


def answer_context(user: User, conversation: Conversation, answer: Message) -> dict[str, Any]:
    """Context of one article."""
    context = thread_context(user, conversation)
    found = [article for article in context["articles"] if article.message.pk == answer.pk]
    context["article"] = found[0] if found else _article(answer, False)
    return context
