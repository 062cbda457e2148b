"""Models end at their providers: found out by an answer, told by a list, warned of in time, each told once."""

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
from assistants.selectors import can_answer, default_model, in_place_of
from mailing.services import send_to_operators
from tenants.context import public_context

log = logging.getLogger(__name__)
# Days before the end at which operators are warned, once each.
WARNED_AT = (7, 30, 60)
PROVIDER_SAYS_SO = "its provider answered that the model does not exist"


def model_ended(*, model_id: UUID, reason: str = PROVIDER_SAYS_SO) -> bool:
    """Ask nothing more of a model from today on; operators are told once. False where it had ended before.

    In a transaction of its own: it stays, whatever becomes of the answer that found it out.
    """
    today = timezone.localdate()
    with public_context(), transaction.atomic():
        model = Model.objects.select_for_update().get(pk=model_id)
        if model.has_ended(today):
            return False
        model.ends_on, model.end_warned = today, 0
        model.save(update_fields=["ends_on", "end_warned"])
        audit.record("model.ended", target=model.name, provider=model.provider, reason=reason)
        after = in_place_of(model)
        send_to_operators(
            "mail/model_ended", path=_page(model), model=model.label, fallback=after.label if after else ""
        )
        log.error("ALARM model %s of %s is gone; in its place: %s", model.name, model.provider, after and after.name)
    return True


def ends_learn(provider: str, ends: Mapping[str, dt.date]) -> int:
    """Keep the days that a provider names, where nobody said one; how many."""
    learned = 0
    with public_context(), transaction.atomic():
        for model in Model.objects.select_for_update().filter(provider=provider, ends_on=None, name__in=list(ends)):
            model.ends_on = ends[model.name]
            model.save(update_fields=["ends_on"])
            audit.record("model.end_learned", target=model.name, ends_on=model.ends_on.isoformat(), provider=provider)
            learned += 1
    return learned


def warn_of_ends() -> int:
    """Mail operators the models in use that end within 60, 30 or 7 days, once for each; how many."""
    today, warned = timezone.localdate(), 0
    with public_context():
        for each in ending():
            with transaction.atomic():
                warned += _warn(each.model.pk, today)
    return warned


def _warn(model_id: UUID, today: dt.date) -> bool:
    model = Model.objects.select_for_update().get(pk=model_id)
    left = (model.ends_on - today).days if model.ends_on else -1
    threshold = next((days for days in WARNED_AT if left <= days), None)
    if left < 0 or threshold is None or (model.end_warned is not None and model.end_warned <= threshold):
        return False
    model.end_warned = threshold
    model.save(update_fields=["end_warned"])
    after = in_place_of(model)
    said = {"model": model.label, "fallback": after.label if after else ""}
    send_to_operators("mail/model_ending", path=_page(model), ends_on=model.ends_on, **said)
    return True


@dataclass(frozen=True)
class Ending:
    """A model in use that ends, and what answers then: None where no fallback can."""

    model: Model
    after: Model | None


def ending() -> list[Ending]:
    """The models in use that end within 60 days, or have ended with nothing in their place; soonest first.

    In use: offered, its provider configured, and named by an assistant, by default, or for images.
    """
    today = timezone.localdate()
    soon = today + dt.timedelta(days=max(WARNED_AT))
    rows = Model.objects.filter(is_active=True, ends_on__lte=soon, provider__in=list(settings.PROVIDERS))
    rows = rows.order_by("ends_on", "name")
    if not rows:
        return []
    named = set(Assistant.objects.filter(is_active=True).exclude(model=None).values_list("model_id", flat=True))
    default = default_model()
    names = set(settings.DEFAULT_MODEL_NAMES.values()) | ({default.name} if default else set())
    catalogue = Model.objects.in_bulk()
    used = [row for row in rows if row.pk in named or row.name in names or row.kind == Model.Kind.IMAGE]
    found = [Ending(row, in_place_of(row, catalogue)) for row in used]
    return [each for each in found if can_answer(each.model) or each.after is None]


def _page(model: Model) -> str:
    return reverse("admin:assistants_model_change", args=[model.pk], urlconf=settings.PUBLIC_URLCONF)
