"""A model turns out to be gone: the same answer is asked of its fallback, at the fallback's price."""

import logging
from typing import cast
from uuid import UUID

from django.db import transaction

from assistants import selectors as catalogue
from assistants.ends import model_ended
from conversations.asking import ask
from conversations.models import Message
from conversations.services import ACT
from conversations.types import Call, ConversationRefused
from tenants.services import ReadOnlyWorkspace
from usage import services as usage_services
from usage.types import Act, QuotaExceeded

log = logging.getLogger(__name__)


def answer_fall_back(*, call: Call) -> Call | None:
    """Mark the model of an open answer as ended, and ask its fallback: what was reserved is given back and the new
    bound reserved in one transaction.

    None where no fallback can answer, or there is no room for it: the answer stays as it was asked, and is to fail.
    """
    answer = Message.objects.filter(pk=call.answer_id, state=Message.State.STREAMING).first()
    if answer is None:
        return None
    version_id, price_id = cast(UUID, answer.prompt_version_id), cast(UUID, answer.price_id)
    model_ended(model_id=catalogue.price(price_id).model.pk)
    line = catalogue.line_after(version_id, price_id)
    if line is None:
        return None
    try:
        asked = ask(line, list(call.request.messages))
        with transaction.atomic():
            mine = Message.objects.select_for_update().filter(pk=answer.pk, state=Message.State.STREAMING)
            if not mine.exists():
                return None
            held = usage_services.held_by(answer.pk)
            if held is not None:
                usage_services.settle(held.id, {})
            usage_services.reserve(Act(ACT, answer.pk), asked.amounts)
            mine.update(
                provider=line.model.provider,
                model=line.model.name,
                price_id=line.price.pk,
                is_demonstration=line.model.is_demonstration,
                prompt_messages=len(asked.request.messages),
            )
    except (ConversationRefused, QuotaExceeded, ReadOnlyWorkspace) as refused:
        log.warning("no fallback answer=%s model=%s: %s", answer.pk, line.model.name, refused)
        return None
    log.warning("fallback answer=%s from=%s to=%s", answer.pk, call.request.model, line.model.name)
    return Call(call.answer_id, call.author_id, line.model.provider, asked.request)
