"""Moves an open answer to the fallback of a model that its provider has ended, at the fallback's price."""

import logging
from typing import cast
from uuid import UUID

from django.db import transaction

from assistants import selectors as catalogue
from assistants.ends import model_ended
from conversations.models import Message
from conversations.requests import build_request
from conversations.services import ACT
from conversations.types import Call, ConversationRefused
from tenants.services import ReadOnlyWorkspace
from usage import services as usage_services
from usage.types import Act, QuotaExceeded

log = logging.getLogger(__name__)


def answer_fall_back(*, call: Call) -> Call | None:
    """Mark the model of an open answer as ended and return the call of its fallback.

    The old reservation is released and the new bound reserved in one transaction. None if no fallback can answer or
    the quota does not allow it; then the answer is unchanged and the caller fails it.
    """
    answer = Message.objects.filter(pk=call.answer_id, state=Message.State.STREAMING).first()
    if answer is None:
        return None
    version_id, price_id = cast(UUID, answer.prompt_version_id), cast(UUID, answer.price_id)
    model_ended(model_id=catalogue.price(price_id).model.pk)
    route = catalogue.fallback_route(version_id, price_id)
    if route is None:
        return None
    try:
        bounded = build_request(route, list(call.request.messages))
        with transaction.atomic():
            open_answer = Message.objects.select_for_update().filter(pk=answer.pk, state=Message.State.STREAMING)
            if not open_answer.exists():
                return None
            reservation = usage_services.hold_of(answer.pk)
            if reservation is not None:
                usage_services.settle(reservation.id, {})
            usage_services.reserve(Act(ACT, answer.pk), bounded.amounts)
            open_answer.update(
                provider=route.model.provider,
                model=route.model.name,
                price_id=route.price.pk,
                is_demonstration=route.model.is_demonstration,
                prompt_messages=len(bounded.request.messages),
            )
    except (ConversationRefused, QuotaExceeded, ReadOnlyWorkspace) as error:
        log.warning("no fallback answer=%s model=%s: %s", answer.pk, route.model.name, error)
        return None
    log.warning("fallback answer=%s from=%s to=%s", answer.pk, call.request.model, route.model.name)
    return Call(call.answer_id, call.author_id, route.model.provider, bounded.request)
