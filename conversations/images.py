"""The image made of an answer: asked for by a click, reserved, made by a job, kept in the library, costed."""

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
from plans.types import EUROS
from tenants.executors import give_back_connection
from tenants.ids import new_id
from tenants.queue import enqueue
from tenants.services import ReadOnlyWorkspace
from ui.markdown import plain_title
from usage import services as usage_services
from usage.types import Act, Held, QuotaExceeded

log = logging.getLogger(__name__)
ACT = "image"
SIZE = "1024x1024"
# Of a prompt.
MOST_CHARACTERS: Final = 4_000
# Paid, as far as is known, and not there: people are told that it counts.
LOST: Final = "lost"
ImageState = Message.ImageState


def image_request(*, answer: Message) -> None:
    """Reserve the price of one image and have it made. A second click asks for nothing more.

    Raises `ConversationRefused`, `QuotaExceeded` or `ReadOnlyWorkspace`; then nothing is changed.
    """
    with transaction.atomic():
        answer = Message.objects.select_for_update(of=("self",)).get(pk=answer.pk)
        if answer.image_state in (ImageState.MAKING, ImageState.DONE):
            return
        found = catalogue.image_model()
        if found is None or answer.state != Message.State.DONE:
            raise ConversationRefused(_("Aucun modèle d’image n’est disponible. Prévenez votre opérateur."))
        model, price = found
        act = Act(ACT, new_id())
        usage_services.reserve(act, {EUROS: image_bound(_prompt_bound(answer), price)})
        Message.objects.filter(pk=answer.pk).update(
            image_state=ImageState.MAKING, image_error="", image_reference=act.reference, image_price_id=None
        )
        _enqueue(answer, act.reference, model.pk, price.pk)


def make_image(*, answer_id: str, reference: str, model_id: str, price_id: str) -> None:
    """Job: ask the provider once, keep the image, settle what was paid.

    A second run does nothing: a provider that was asked may have been paid, and `give_up_image` settles what a run
    that died has left.
    """
    answer = Message.objects.select_related("conversation__author").get(pk=UUID(answer_id))
    held = usage_services.held_by(UUID(reference))
    if held is None or answer.image_state != ImageState.MAKING:
        return
    price = catalogue.price(UUID(price_id))
    if not _claim(answer, UUID(reference), price.pk):
        log.warning("image asked already answer=%s reference=%s", answer_id, reference)
        return
    give_back_connection()
    started = time.monotonic()
    error_kind, item_id, usage, cost = "", None, None, Decimal(0)
    try:
        made = asyncio.run(_call(price.model.provider, price.model.name, answer.text))
    except (ProviderError, ProviderNotConfigured) as error:
        if (
            isinstance(error, ProviderError)
            and error.ends_the_model
            and _fall_back(answer, UUID(reference), price.model.pk)
        ):
            return
        error_kind = getattr(error, "kind", "unknown")
        if isinstance(error, ProviderError) and error.may_be_paid:
            error_kind, usage = LOST, error.usage
            cost = image_cost(usage, price) if usage else held.amounts[EUROS]
        log.warning("image failed answer=%s provider=%s paid=%s %s", answer_id, price.model.provider, cost, error)
    else:
        usage, cost = made.usage, image_cost(made.usage, price)
        try:
            item_id = _keep(answer, made, price.model.name, price.model.provider, cost)
        except Exception:
            # Whatever kept it from the library, it is paid.
            log.exception("image not kept answer=%s", answer_id)
            error_kind = LOST
    latency_ms = int((time.monotonic() - started) * 1000)
    _finish(answer, held, price.pk, cost, usage, item_id, error_kind, latency_ms)


def _claim(answer: Message, reference: UUID, price_id: UUID) -> bool:
    """Write down, committed before the provider is asked, that it is asked; False where it was.

    What is reserved is held from now on: the job may have waited for long.
    """
    mine = Message.objects.filter(
        pk=answer.pk, image_state=ImageState.MAKING, image_reference=reference, image_price_id=None
    )
    with transaction.atomic():
        usage_services.extend_act(reference)
        return mine.update(image_price_id=price_id) == 1


def _finish(
    answer: Message,
    held: Held,
    price_id: UUID,
    cost: Decimal,
    usage: Usage | None,
    item_id: UUID | None,
    error_kind: str,
    latency_ms: int,
) -> None:
    """Meter and settle an image, made or not, and tell its answer. `cost` in euros."""
    price = catalogue.price(price_id)
    shown_by = Message.objects.filter(pk=answer.pk, image_reference=answer.image_reference)
    with transaction.atomic():
        if not usage_services.settle(held.id, {EUROS: cost}):
            # Given up meanwhile, and billed then. What came all the same is shown, unless another one was asked for.
            if item_id:
                shown_by.update(image_state=ImageState.DONE, image_item_id=item_id, image_error="")
            return
        version = catalogue.line_of(cast(UUID, answer.prompt_version_id), cast(UUID, answer.price_id))
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
        told: dict[str, Any] = {"actor_id": author.pk, "answer_id": answer.pk, "cost": cost}
        record(
            ImageMade(subject_id=item_id, **told)
            if item_id
            else ImageFailed(subject_id=cast(UUID, answer.image_reference), **told)
        )
        state = ImageState.DONE if item_id else ImageState.FAILED
        shown_by.update(image_state=state, image_item_id=item_id, image_error=error_kind)


def _fall_back(answer: Message, reference: UUID, gone_id: UUID) -> bool:
    """The model is gone: have the same image made by what stands in its place. False where nothing does."""
    model_ended(model_id=gone_id)
    found = catalogue.image_model()
    if found is None:
        return False
    model, price = found
    try:
        with transaction.atomic():
            held = usage_services.held_by(reference)
            if held is None:
                return True
            usage_services.settle(held.id, {})
            # The model that is gone refused: the next one may be asked.
            Message.objects.filter(pk=answer.pk, image_reference=reference).update(image_price_id=None)
            usage_services.reserve(Act(ACT, reference), {EUROS: image_bound(_prompt_bound(answer), price)})
            _enqueue(answer, reference, model.pk, price.pk)
    except (QuotaExceeded, ReadOnlyWorkspace) as refused:
        log.warning("no fallback answer=%s model=%s: %s", answer.pk, model.name, refused)
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


async def _call(provider: str, model: str, prompt: str) -> GeneratedImage:
    try:
        return await generate_image(get_provider(provider), model, _prompt_of(prompt), SIZE)
    finally:
        await close_providers()


def _prompt_bound(answer: Message) -> int:
    """Tokens of the image's prompt, at most."""
    return input_token_bound("", [ChatMessage("user", _prompt_of(answer.text))])


_BLOCK = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n(.+?)(?:\n[ \t]*(?:```|~~~)|\Z)", re.DOTALL | re.MULTILINE)
_LABEL = re.compile(r"^[*_# ]*prompt[^:\n]{0,40}:[*_ ]*", re.IGNORECASE)


def _prompt_of(text: str) -> str:
    """The prompt of an answer: its first block of code, else its first paragraph that announces nothing.

    The assistant is told to begin with the prompt, in one paragraph, variants after it; models like to say so before.
    """
    text = text.replace("\r\n", "\n").strip()
    block = _BLOCK.search(text)
    if block and block[1].strip():
        return block[1].strip()[:MOST_CHARACTERS]
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text)]
    told = (part for part in paragraphs if part.strip("*_# ") and not part.rstrip("*_ ").endswith(":"))
    first = next(told, paragraphs[0])
    return (_LABEL.sub("", first) or first)[:MOST_CHARACTERS]


def _keep(answer: Message, made: GeneratedImage, model: str, provider: str, cost: Decimal) -> UUID:
    conversation = answer.conversation
    item = library.item_save_image(
        author_id=conversation.author_id,
        conversation_id=conversation.pk,
        title=conversation.title or plain_title(answer.text),
        prompt=_prompt_of(answer.text),
        data=made.data,
        provenance={
            "assistant": conversation.assistant.name,
            "provider": provider,
            "model": model,
            "cost": format(cost, "f"),
        },
    )
    return item.pk


def give_up_image(reference: UUID) -> bool:
    """What settles an image whose job died: nothing is charged where no provider was asked, else the most that it can
    have cost. People may ask again."""
    answer = (
        Message.objects.select_related("conversation__author")
        .filter(image_reference=reference, image_state=ImageState.MAKING)
        .first()
    )
    held = usage_services.held_by(reference)
    if answer is None or held is None:
        return False
    not_asked = Message.objects.filter(pk=answer.pk, image_reference=reference, image_price_id=None)
    if not_asked.update(image_state=ImageState.FAILED, image_error="unknown"):
        return False
    answer.refresh_from_db(fields=["image_price_id"])
    log.warning("image lost answer=%s paid=%s", answer.pk, held.amounts[EUROS])
    _finish(answer, held, cast(UUID, answer.image_price_id), held.amounts[EUROS], None, None, LOST, 0)
    return True
