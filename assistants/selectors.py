"""Reading the catalogue: who answers, with which words, through which model, at which price."""

import datetime as dt
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


def default_model() -> Model | None:
    """The model of the first configured provider that the catalogue offers."""
    for provider in settings.PROVIDERS:
        names = Model.objects.filter(provider=provider, kind=Model.Kind.CHAT, is_active=True)
        found = names.filter(name=settings.DEFAULT_MODEL_NAMES[provider]).first() or names.first()
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
    if model is None or not model.is_active or model.provider not in settings.PROVIDERS:
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


def price(price_id: UUID) -> Price:
    """A price row, with its model."""
    return Price.objects.select_related("model").get(pk=price_id)


def image_model() -> tuple[Model, Price] | None:
    """The model that makes images, with its price in force; None where none is configured."""
    for model in Model.objects.filter(kind=Model.Kind.IMAGE, is_active=True, provider__in=list(settings.PROVIDERS)):
        price = price_at(model)
        if price is not None:
            return model, price
    return None
