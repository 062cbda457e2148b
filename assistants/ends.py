"""End of life of models: detection by a failed call or a provider's list, and warnings to operators."""

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from assistants.models import Assistant, Model
from assistants.selectors import can_answer, default_model, replacement_of
from mailing.services import send_to_operators
from tenants.context import public_context

log = logging.getLogger(__name__)
# Days before the end at which operators are warned, each once.
WARNING_DAYS = (7, 30, 60)
REASON_NOT_FOUND = "its provider answered that the model does not exist"


def model_ended(*, model_id: UUID, reason: str = REASON_NOT_FOUND) -> bool:
    """Mark a model as ended today and notify operators. False if it has ended already.

    Uses a transaction of its own, so that the mark stays if the transaction of the failed call is rolled back.
    """
    today = timezone.localdate()
    with public_context(), transaction.atomic():
        model = Model.objects.select_for_update().get(pk=model_id)
        if model.has_ended(today):
            return False
        model.ends_on, model.end_warned = today, 0
        model.save(update_fields=["ends_on", "end_warned"])
        audit.record("model.ended", target=model.name, provider=model.provider, reason=reason)
        replacement = replacement_of(model)
        send_to_operators(
            "model_ended", path=_page(model), model=model.label, fallback=replacement.label if replacement else ""
        )
        log.error(
            "ALARM model %s of %s is gone; in its place: %s",
            model.name,
            model.provider,
            replacement and replacement.name,
        )
    return True


def save_end_dates(provider: str, ends: Mapping[str, dt.date]) -> int:
    """Save the end dates from a provider's list for models without one. Returns the number of models changed."""
    count = 0
    with public_context(), transaction.atomic():
        for model in Model.objects.select_for_update().filter(provider=provider, ends_on=None, name__in=list(ends)):
            model.ends_on = ends[model.name]
            model.save(update_fields=["ends_on"])
            audit.record("model.end_learned", target=model.name, ends_on=model.ends_on.isoformat(), provider=provider)
            count += 1
    return count


def warn_of_ends() -> int:
    """Mail operators about models in use that end within 60, 30 or 7 days, once per threshold. Returns the count."""
    today, count = timezone.localdate(), 0
    with public_context():
        for ending_model in ending():
            with transaction.atomic():
                count += _warn(ending_model.model.pk, today)
    return count


def _warn(model_id: UUID, today: dt.date) -> bool:
    model = Model.objects.select_for_update().get(pk=model_id)
    days_left = (model.ends_on - today).days if model.ends_on else -1
    threshold = next((days for days in WARNING_DAYS if days_left <= days), None)
    if days_left < 0 or threshold is None or (model.end_warned is not None and model.end_warned <= threshold):
        return False
    model.end_warned = threshold
    model.save(update_fields=["end_warned"])
    replacement = replacement_of(model)
    names = {"model": model.label, "fallback": replacement.label if replacement else ""}
    send_to_operators("model_ending", path=_page(model), ends_on=model.ends_on, **names)
    return True


@dataclass(frozen=True)
class Ending:
    """A model in use that ends, and the model that replaces it, or None."""

    model: Model
    replacement: Model | None


def ending() -> list[Ending]:
    """Models in use that end within 60 days, or have ended without a replacement, in order of their end.

    A model is in use if it is offered, its provider is configured, and an assistant names it, or it is the default or
    makes images.
    """
    today = timezone.localdate()
    soon = today + dt.timedelta(days=max(WARNING_DAYS))
    rows = Model.objects.filter(is_active=True, ends_on__lte=soon, provider__in=list(settings.PROVIDERS))
    rows = rows.order_by("ends_on", "name")
    if not rows:
        return []
    named = set(Assistant.objects.filter(is_active=True).exclude(model=None).values_list("model_id", flat=True))
    default = default_model()
    names = set(settings.DEFAULT_MODEL_NAMES.values()) | ({default.name} if default else set())
    catalogue = Model.objects.in_bulk()
    used = [row for row in rows if row.pk in named or row.name in names or row.kind == Model.Kind.IMAGE]
    endings = [Ending(row, replacement_of(row, catalogue)) for row in used]
    return [
        ending_model for ending_model in endings if can_answer(ending_model.model) or ending_model.replacement is None
    ]


def _page(model: Model) -> str:
    return reverse("admin:assistants_model_change", args=[model.pk], urlconf=settings.PUBLIC_URLCONF)
