"""Images generated from answers: request and reservation, job, library item, settlement of the cost."""

import asyncio
import logging
import re
import time
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from assistants import selectors as catalogue
from assistants.costs import image_bound, image_cost
from assistants.ends import model_ended
from assistants.providers.bounds import input_token_bound
from assistants.providers.images import generate_image
from assistants.providers.registry import close_providers, get_provider
from assistants.providers.types import ChatMessage, GeneratedImage, ProviderError, ProviderNotConfigured, Usage
from conversations.models import Message
from conversations.types import ConversationRefused
from events.catalogue import ImageFailed, ImageMade
from events.services import record
from library import services as library
from plans.types import AI_EUROS
from tenants.executors import give_back_connection
from tenants.ids import new_id
from tenants.queue import enqueue
from tenants.services import ReadOnlyWorkspace
from ui.markdown import plain_title
from usage import services as usage_services
from usage.types import Act, Hold, QuotaExceeded

log = logging.getLogger(__name__)
ACT = "image"
SIZE = "1024x1024"
# Maximum length of a prompt.
MAX_PROMPT_LENGTH: Final = 4_000
# Error kind of an image that was probably charged by the provider but is not available; the user pays for it.
LOST: Final = "lost"
ImageState = Message.ImageState


def image_request(*, answer: Message) -> None:
    """Reserve the price of one image and enqueue its generation. Does nothing if it is requested already.

    Raises `ConversationRefused`, `QuotaExceeded` or `ReadOnlyWorkspace`; then nothing is changed.
    """
    with transaction.atomic():
        answer = Message.objects.select_for_update(of=("self",)).get(pk=answer.pk)
        if answer.image_state in (ImageState.MAKING, ImageState.DONE):
            return
        model_and_price = catalogue.image_model()
        if model_and_price is None or answer.state != Message.State.DONE:
            raise ConversationRefused(_("Aucun modèle d’image n’est disponible. Prévenez votre opérateur."))
        model, price = model_and_price
        act = Act(ACT, new_id())
        usage_services.reserve(act, {AI_EUROS: image_bound(_prompt_bound(answer), price)})
        Message.objects.filter(pk=answer.pk).update(
            image_state=ImageState.MAKING, image_error="", image_reference=act.reference, image_price_id=None
        )
        _enqueue(answer, act.reference, model.pk, price.pk)


def make_image(*, answer_id: str, reference: str, model_id: str, price_id: str) -> None:
    """Job: call the provider once, save the image and settle its cost.

    A second run does nothing, since the first call may have been charged; `settle_abandoned_image` settles the image
    of a job that died.
    """
    answer = Message.objects.select_related("conversation__author").get(pk=UUID(answer_id))
    reservation = usage_services.hold_of(UUID(reference))
    if reservation is None or answer.image_state != ImageState.MAKING:
        return
    price = catalogue.price(UUID(price_id))
    if not _claim(answer, UUID(reference), price.pk):
        log.warning("image asked already answer=%s reference=%s", answer_id, reference)
        return
    give_back_connection()
    started = time.monotonic()
    error_kind, item_id, usage, cost = "", None, None, Decimal(0)
    try:
        generated = asyncio.run(_generate(price.model.provider, price.model.name, answer.text))
    except (ProviderError, ProviderNotConfigured) as error:
        if (
            isinstance(error, ProviderError)
            and error.ends_the_model
            and _retry_with_fallback(answer, UUID(reference), price.model.pk)
        ):
            return
        error_kind = getattr(error, "kind", "unknown")
        if isinstance(error, ProviderError) and error.may_be_paid:
            error_kind, usage = LOST, error.usage
            cost = image_cost(usage, price) if usage else reservation.amounts[AI_EUROS]
        log.warning("image failed answer=%s provider=%s paid=%s %s", answer_id, price.model.provider, cost, error)
    else:
        usage, cost = generated.usage, image_cost(generated.usage, price)
        try:
            item_id = _save_in_library(answer, generated, price.model.name, price.model.provider, cost)
        except Exception:
            # The provider has charged for the image, even if it cannot be saved.
            log.exception("image not kept answer=%s", answer_id)
            error_kind = LOST
    latency_ms = int((time.monotonic() - started) * 1000)
    _finish(answer, reservation, price.pk, cost, usage, item_id, error_kind, latency_ms)


def _claim(answer: Message, reference: UUID, price_id: UUID) -> bool:
    """Commit that the provider is being called, before the call. False if an earlier run has done so.

    Also extends the reservation, since the job may have waited in the queue for long.
    """
    unclaimed = Message.objects.filter(
        pk=answer.pk, image_state=ImageState.MAKING, image_reference=reference, image_price_id=None
    )
    with transaction.atomic():
        usage_services.extend_hold(reference)
        return unclaimed.update(image_price_id=price_id) == 1


def _finish(
    answer: Message,
    reservation: Hold,
    price_id: UUID,
    cost: Decimal,
    usage: Usage | None,
    item_id: UUID | None,
    error_kind: str,
    latency_ms: int,
) -> None:
    """Record and settle an image, generated or failed, and update its answer. `cost` in euros."""
    price = catalogue.price(price_id)
    messages = Message.objects.filter(pk=answer.pk, image_reference=answer.image_reference)
    with transaction.atomic():
        if not usage_services.settle(reservation.id, {AI_EUROS: cost}):
            # Settled as abandoned meanwhile. The image is still shown, unless another one was requested.
            if item_id:
                messages.update(image_state=ImageState.DONE, image_item_id=item_id, image_error="")
            return
        version = catalogue.route_of(cast(UUID, answer.prompt_version_id), cast(UUID, answer.price_id))
        author = answer.conversation.author
        usage_services.meter(
            member_id=author.pk,
            member_email=author.email,
            assistant_id=version.assistant.pk,
            assistant_name=version.assistant.name,
            prompt_version_id=version.version.pk,
            prompt_version=str(version.version),
            reference=answer.image_reference,
            provider=price.model.provider,
            model=price.model.name,
            price_id=price.pk,
            images=1 if item_id else 0,
            input_tokens=usage.input_tokens if usage else 0,
            output_tokens=usage.output_tokens if usage else 0,
            cost=cost,
            latency_ms=latency_ms,
            outcome="done" if item_id else "failed",
            error_kind=error_kind,
        )
        values: dict[str, Any] = {"actor_id": author.pk, "answer_id": answer.pk, "cost": cost}
        record(
            ImageMade(subject_id=item_id, **values)
            if item_id
            else ImageFailed(subject_id=cast(UUID, answer.image_reference), **values)
        )
        state = ImageState.DONE if item_id else ImageState.FAILED
        messages.update(image_state=state, image_item_id=item_id, image_error=error_kind)


def _retry_with_fallback(answer: Message, reference: UUID, ended_id: UUID) -> bool:
    """Mark the image model as ended and enqueue the image with its successor. False if there is none or no quota."""
    model_ended(model_id=ended_id)
    model_and_price = catalogue.image_model()
    if model_and_price is None:
        return False
    model, price = model_and_price
    try:
        with transaction.atomic():
            reservation = usage_services.hold_of(reference)
            if reservation is None:
                return True
            usage_services.settle(reservation.id, {})
            # The ended model has charged nothing, so the call may be repeated.
            Message.objects.filter(pk=answer.pk, image_reference=reference).update(image_price_id=None)
            usage_services.reserve(Act(ACT, reference), {AI_EUROS: image_bound(_prompt_bound(answer), price)})
            _enqueue(answer, reference, model.pk, price.pk)
    except (QuotaExceeded, ReadOnlyWorkspace) as error:
        log.warning("no fallback answer=%s model=%s: %s", answer.pk, model.name, error)
        return False
    return True


def _enqueue(answer: Message, reference: UUID, model_id: UUID, price_id: UUID) -> None:
    enqueue(
        make_image,
        answer_id=str(answer.pk),
        reference=str(reference),
        model_id=str(model_id),
        price_id=str(price_id),
    )


async def _generate(provider: str, model: str, prompt: str) -> GeneratedImage:
    try:
        return await generate_image(get_provider(provider), model, _image_prompt(prompt), SIZE)
    finally:
        await close_providers()


def _prompt_bound(answer: Message) -> int:
    """Upper bound of the tokens of the image's prompt."""
    return input_token_bound("", [ChatMessage("user", _image_prompt(answer.text))])


_BLOCK = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n(.+?)(?:\n[ \t]*(?:```|~~~)|\Z)", re.DOTALL | re.MULTILINE)
_LABEL = re.compile(r"^[*_# ]*prompt[^:\n]{0,40}:[*_ ]*", re.IGNORECASE)


def _image_prompt(text: str) -> str:
    """The image prompt in an answer: its first code block, else its first paragraph that does not end with a colon.

    The assistant is instructed to start with the prompt in one paragraph, but models often announce it first.
    """
    text = text.replace("\r\n", "\n").strip()
    block = _BLOCK.search(text)
    if block and block[1].strip():
        return block[1].strip()[:MAX_PROMPT_LENGTH]
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text)]
    candidates = (part for part in paragraphs if part.strip("*_# ") and not part.rstrip("*_ ").endswith(":"))
    first = next(candidates, paragraphs[0])
    return (_LABEL.sub("", first) or first)[:MAX_PROMPT_LENGTH]


def _save_in_library(answer: Message, image: GeneratedImage, model: str, provider: str, cost: Decimal) -> UUID:
    conversation = answer.conversation
    item = library.item_save_image(
        author_id=conversation.author_id,
        conversation_id=conversation.pk,
        title=conversation.title or plain_title(answer.text),
        prompt=_image_prompt(answer.text),
        data=image.data,
        provenance={
            "assistant": conversation.assistant.name,
            "provider": provider,
            "model": model,
            "cost": format(cost, "f"),
        },
    )
    return item.pk


def settle_abandoned_image(reference: UUID) -> bool:
    """Settle an image whose job died: at zero if the provider was not called, else at the reserved maximum.

    Returns whether it was charged. The user may request the image again.
    """
    answer = (
        Message.objects.select_related("conversation__author")
        .filter(image_reference=reference, image_state=ImageState.MAKING)
        .first()
    )
    reservation = usage_services.hold_of(reference)
    if answer is None or reservation is None:
        return False
    not_called = Message.objects.filter(pk=answer.pk, image_reference=reference, image_price_id=None)
    if not_called.update(image_state=ImageState.FAILED, image_error="unknown"):
        return False
    answer.refresh_from_db(fields=["image_price_id"])
    log.warning("image lost answer=%s paid=%s", answer.pk, reservation.amounts[AI_EUROS])
    _finish(answer, reservation, cast(UUID, answer.image_price_id), reservation.amounts[AI_EUROS], None, None, LOST, 0)
    return True
