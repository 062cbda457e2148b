"""Reading the catalogue: who answers, with which words, through which model, at which price."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from assistants.models import Assistant, Model, Price, PromptVersion


class NoModel(Exception):
    """Raised where no model can answer: no provider is configured, or the model has no price in force."""


@dataclass(frozen=True)
class Line:
    """All that one call needs: an assistant, its prompt version in service, a model, the price row in force."""

    assistant: Assistant
    version: PromptVersion
    model: Model
    price: Price


def assistants_offered() -> list[Assistant]:
    """The catalogue in its order."""
    return list(Assistant.objects.filter(is_active=True, current_version__isnull=False))


def price_at(model: Model, at: dt.datetime | None = None) -> Price | None:
    """The price row of a model in force at a moment (now)."""
    rows = Price.objects.filter(model=model, valid_from__lte=at or timezone.now())
    return rows.order_by("-valid_from", "-id").first()


def can_answer(model: Model) -> bool:
    """True where the model is offered, its provider configured, and it has not ended."""
    return model.is_active and model.provider in settings.PROVIDERS and not model.has_ended(timezone.localdate())


def in_place_of(model: Model, catalogue: Mapping[UUID, Model] | None = None) -> Model | None:
    """The first of a model's fallbacks, step by step, that can answer; None where none can. Cycles end the search."""
    known = Model.objects.in_bulk() if catalogue is None else catalogue
    seen, after = {model.pk}, model.fallback_id
    while after is not None and after not in seen and after in known:
        found = known[after]
        if can_answer(found) and found.kind == model.kind:
            return found
        seen.add(after)
        after = found.fallback_id
    return None


def default_model() -> Model | None:
    """The model of the first configured provider that the catalogue offers, or what stands in its place."""
    catalogue = {model.pk: model for model in Model.objects.all()}
    for provider in settings.PROVIDERS:
        mine = [model for model in catalogue.values() if model.provider == provider and model.kind == Model.Kind.CHAT]
        named = next((model for model in mine if model.name == settings.DEFAULT_MODEL_NAMES[provider]), None)
        if named is not None and (can_answer(named) or named.has_ended(timezone.localdate())):
            named = named if can_answer(named) else in_place_of(named, catalogue)
        else:
            named = None
        found = named or next((model for model in mine if can_answer(model)), None)
        if found is not None:
            return found
    return None


def answers_by_demonstration() -> bool:
    """True where nobody but the small local model answers. Asks the database in the embedded run only."""
    if list(settings.PROVIDERS) != [Model.Provider.LOCAL]:
        return False
    found = default_model()
    return found is not None and found.is_demonstration


def line_for(assistant_id: UUID) -> Line:
    """Who answers for an assistant now. Raises `Assistant.DoesNotExist` or `NoModel`."""
    assistant = Assistant.objects.select_related("current_version", "model").get(pk=assistant_id, is_active=True)
    model = assistant.model
    if model is not None and not can_answer(model):
        model = in_place_of(model)
    if model is None:
        model = default_model()
    price = price_at(model) if model else None
    if model is None or price is None or assistant.current_version is None:
        raise NoModel(assistant.code)
    return Line(assistant, assistant.current_version, model, price)


def line_of(version_id: UUID, price_id: UUID) -> Line:
    """The line a past call was made with, from the keys it kept."""
    version = PromptVersion.objects.select_related("assistant").get(pk=version_id)
    row = price(price_id)
    return Line(version.assistant, version, row.model, row)


def line_after(version_id: UUID, price_id: UUID) -> Line | None:
    """The line that takes over a call from a model that is gone; None where no fallback can answer."""
    gone = line_of(version_id, price_id)
    model = in_place_of(gone.model)
    row = price_at(model) if model else None
    return Line(gone.assistant, gone.version, model, row) if model and row else None


def price(price_id: UUID) -> Price:
    """A price row, with its model."""
    return Price.objects.select_related("model").get(pk=price_id)


def image_model() -> tuple[Model, Price] | None:
    """The model that makes images, with its price in force; None where none is configured."""
    catalogue = {model.pk: model for model in Model.objects.filter(kind=Model.Kind.IMAGE)}
    for model in sorted(catalogue.values(), key=lambda each: (each.provider, each.name)):
        answers = model if can_answer(model) else in_place_of(model, catalogue)
        price = price_at(answers) if answers is not None else None
        if answers is not None and price is not None:
            return answers, price
    return None
