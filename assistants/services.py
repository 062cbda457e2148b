"""Services of the catalogue. Prompt versions and prices are append-only."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts import audit
from accounts.models import User
from assistants.costs import in_euros
from assistants.models import Assistant, Model, Price, PromptVersion

_PRICE_FIELDS = ("input", "cache_read", "cache_write", "cache_write_long", "output", "image")


def price_create(
    *,
    model: Model,
    valid_from: Any = None,
    currency: str = "EUR",
    rate: Decimal = Decimal(1),
    rate_date: Any = None,
    actor: User | None = None,
    long_from_tokens: int | None = None,
    long_input_factor: Decimal = Decimal(1),
    long_output_factor: Decimal = Decimal(1),
    region_factor: Decimal = Decimal(1),
    **prices: Decimal,
) -> Price:
    """Add a price in force from `valid_from`, converted to euros with the region's factor. Past costs do not change."""
    amounts_eur = {f"{key}_eur": in_euros(prices.get(key, Decimal(0)), rate * region_factor) for key in _PRICE_FIELDS}
    with transaction.atomic():
        price = Price.objects.create(
            model=model,
            valid_from=valid_from or timezone.now(),
            currency=currency,
            rate=rate,
            rate_date=rate_date,
            long_from_tokens=long_from_tokens,
            long_input_factor=long_input_factor,
            long_output_factor=long_output_factor,
            region_factor=region_factor,
            **{key: prices.get(key, Decimal(0)) for key in _PRICE_FIELDS},
            **amounts_eur,
        )
        audit.record("price.created", actor=actor, target=model.name, valid_from=price.valid_from.isoformat())
    return price


def prompt_version_create(
    *, assistant_id: UUID, text: str, note: str = "", author: str = "", actor: User | None = None
) -> PromptVersion:
    """Add a version of an assistant's instructions and put it in service."""
    with transaction.atomic():
        assistant = Assistant.objects.select_for_update().get(pk=assistant_id)
        last = PromptVersion.objects.filter(assistant=assistant).aggregate(last=Max("number"))["last"] or 0
        version = PromptVersion.objects.create(
            assistant=assistant, number=last + 1, text=text.strip(), note=note, author=actor.email if actor else author
        )
        assistant.current_version = version
        assistant.save(update_fields=["current_version"])
        audit.record("prompt.created", actor=actor, target=assistant.code, version=version.number)
    return version


def prompt_version_put_in_service(*, assistant_id: UUID, version_id: UUID, actor: User | None = None) -> None:
    """Put an existing version in service. Raises `PromptVersion.DoesNotExist`."""
    with transaction.atomic():
        version = PromptVersion.objects.select_related("assistant").get(pk=version_id, assistant_id=assistant_id)
        Assistant.objects.filter(pk=assistant_id).update(current_version=version)
        audit.record("prompt.put_in_service", actor=actor, target=version.assistant.code, version=version.number)
