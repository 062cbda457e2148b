"""Queries of the catalogue: assistants, models that can answer, prices in force, and routes of calls."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from assistants.models import Assistant, Model, Price, PromptVersion
from tenants.context import public_context
from ui.days import platform_today


class NoModel(Exception):
    """Raised when no model can answer: no provider is configured, or the model has no price in force."""


@dataclass(frozen=True)
class Route:
    """The route of a call: assistant, prompt version, model and price."""

    assistant: Assistant
    version: PromptVersion
    model: Model
    price: Price


def assistants_offered() -> list[Assistant]:
    """The active assistants, in the order of the catalogue."""
    return list(Assistant.objects.filter(is_active=True, current_version__isnull=False))


def price_at(model: Model, at: dt.datetime | None = None) -> Price | None:
    """The price of a model in force at a moment (default: now), or None."""
    rows = Price.objects.filter(model=model, valid_from__lte=at or timezone.now())
    return rows.order_by("-valid_from", "-id").first()


def can_answer(model: Model) -> bool:
    """Whether a model is offered, has not ended, and its provider is configured."""
    return model.is_active and model.provider in settings.PROVIDERS and not model.has_ended(platform_today())


def providers_in_use() -> list[str]:
    """Names of the outside providers that texts may be sent to: those configured, with a model that can answer."""
    with public_context():
        rows = [model for model in Model.objects.filter(is_active=True) if can_answer(model)]
    kinds = sorted({model.provider for model in rows} - {Model.Provider.LOCAL.value})
    return [str(Model.Provider(kind).label) for kind in kinds]


def replacement_of(model: Model, catalogue: Mapping[UUID, Model] | None = None) -> Model | None:
    """The first model in the chain of fallbacks that can answer, or None. Stops at a cycle."""
    models = Model.objects.in_bulk() if catalogue is None else catalogue
    visited, fallback_id = {model.pk}, model.fallback_id
    while fallback_id is not None and fallback_id not in visited and fallback_id in models:
        candidate = models[fallback_id]
        if can_answer(candidate) and candidate.kind == model.kind:
            return candidate
        visited.add(fallback_id)
        fallback_id = candidate.fallback_id
    return None


def default_model() -> Model | None:
    """The default model of the first configured provider that has one that can answer, or its replacement."""
    catalogue = {model.pk: model for model in Model.objects.all()}
    for provider in settings.PROVIDERS:
        candidates = [
            model for model in catalogue.values() if model.provider == provider and model.kind == Model.Kind.CHAT
        ]
        named = next((model for model in candidates if model.name == settings.DEFAULT_MODEL_NAMES[provider]), None)
        if named is not None and (can_answer(named) or named.has_ended(platform_today())):
            named = named if can_answer(named) else replacement_of(named, catalogue)
        else:
            named = None
        model = named or next((model for model in candidates if can_answer(model)), None)
        if model is not None:
            return model
    return None


def answers_by_demonstration() -> bool:
    """Whether only the demonstration model answers. Queries the database in the embedded run only."""
    if list(settings.PROVIDERS) != [Model.Provider.LOCAL]:
        return False
    model = default_model()
    return model is not None and model.is_demonstration


def route_for(assistant_id: UUID) -> Route:
    """The route of a new call of an assistant. Raises `Assistant.DoesNotExist` or `NoModel`."""
    assistant = Assistant.objects.select_related("current_version", "model").get(pk=assistant_id, is_active=True)
    model = assistant.model
    if model is not None and not can_answer(model):
        model = replacement_of(model)
    if model is None:
        model = default_model()
    price = price_at(model) if model else None
    if model is None or price is None or assistant.current_version is None:
        raise NoModel(assistant.code)
    return Route(assistant, assistant.current_version, model, price)


def route_of(version_id: UUID, price_id: UUID) -> Route:
    """The route of a past call, from its saved keys."""
    version = PromptVersion.objects.select_related("assistant").get(pk=version_id)
    row = price(price_id)
    return Route(version.assistant, version, row.model, row)


def fallback_route(version_id: UUID, price_id: UUID) -> Route | None:
    """The route of a call whose model has ended, with the fallback model; None if no fallback can answer."""
    gone = route_of(version_id, price_id)
    model = replacement_of(gone.model)
    row = price_at(model) if model else None
    return Route(gone.assistant, gone.version, model, row) if model and row else None


def price(price_id: UUID) -> Price:
    """A price row, with its model."""
    return Price.objects.select_related("model").get(pk=price_id)


def image_model() -> tuple[Model, Price] | None:
    """The image model with its price in force; None if there is none."""
    catalogue = {model.pk: model for model in Model.objects.filter(kind=Model.Kind.IMAGE)}
    for model in sorted(catalogue.values(), key=lambda model: (model.provider, model.name)):
        answering = model if can_answer(model) else replacement_of(model, catalogue)
        price = price_at(answering) if answering is not None else None
        if answering is not None and price is not None:
            return answering, price
    return None
