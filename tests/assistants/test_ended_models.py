"""A model that has ended is asked nothing: its fallbacks answer, step by step."""

import datetime as dt
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from assistants import seeds
from assistants.models import Assistant, Model, Price
from assistants.selectors import default_model, image_model, replacement_of, route_for
from tenants.context import public_context


@pytest.fixture(autouse=True)
def in_public(people, monkeypatch):
    monkeypatch.setitem(settings.PROVIDERS, "openai", {"api_key": "sk", "base_url": ""})
    monkeypatch.setitem(settings.PROVIDERS, "anthropic", {"api_key": "sk", "base_url": ""})
    with public_context():
        yield


def named(name: str) -> Model:
    return Model.objects.get(name=name)


def end(name: str, days: int = 0, fallback: str | None = None) -> None:
    day = timezone.localdate() + dt.timedelta(days=days)
    Model.objects.filter(name=name).update(ends_on=day, fallback=named(fallback) if fallback else None)


def line_name(name: str) -> str:
    assistant = Assistant.objects.get(code="general")
    Assistant.objects.filter(pk=assistant.pk).update(model=named(name))
    return route_for(assistant.pk).model.name


def test_a_model_answers_until_the_day_it_ends():
    end("gpt-4o", days=1, fallback="gpt-6-luna")
    assert line_name("gpt-4o") == "gpt-4o"
    end("gpt-4o", days=0, fallback="gpt-6.1-terra")
    assert line_name("gpt-4o") == "gpt-6.1-terra"


def test_fallbacks_are_followed_and_a_cycle_ends_the_search():
    end("gpt-4o", fallback="gpt-5-mini")
    end("gpt-5-mini", fallback="gpt-6.1-terra")
    assert line_name("gpt-4o") == "gpt-6.1-terra"
    end("gpt-5-mini", fallback="gpt-4o")
    assert replacement_of(named("gpt-4o")) is None
    assert line_name("gpt-4o") == default_model().name


def test_a_fallback_that_is_not_offered_does_not_answer():
    end("gpt-4o", fallback="gpt-6.1-terra")
    Model.objects.filter(name="gpt-6.1-terra").update(is_active=False)
    assert line_name("gpt-4o") == default_model().name != "gpt-6.1-terra"


def test_the_default_model_is_never_one_that_has_ended():
    name = settings.DEFAULT_MODEL_NAMES[next(iter(settings.PROVIDERS))]
    assert default_model().name == name
    end(name, fallback="claude-haiku-5-5")
    assert default_model().name == "claude-haiku-5-5"


def test_an_ended_image_model_is_replaced_by_its_fallback():
    end("gpt-image-1-mini", days=1, fallback="gpt-image-2.6-flare")
    assert image_model()[0].name == "gpt-image-1-mini"
    end("gpt-image-1-mini", fallback="gpt-image-2.6-flare")
    model, price = image_model()
    assert (model.name, price.model_id) == ("gpt-image-2.6-flare", model.pk)


@pytest.mark.parametrize("fallback", ["gpt-4o", "gpt-6-luna", "gpt-image-2.6-flare"])
def test_a_fallback_that_leads_back_or_makes_something_else_is_refused(fallback):
    end("gpt-6-luna", days=100, fallback="gpt-4o")
    model = named("gpt-4o")
    model.fallback = named(fallback)
    with pytest.raises(ValidationError):
        model.full_clean()


def test_seeds_say_when_models_end_once_and_leave_the_operators_choice():
    assert named("claude-sonnet-4-5").ends_on == dt.date(2026, 11, 30)
    assert named("claude-sonnet-4-5").fallback == named("claude-sonnet-5-5")
    assert named("gpt-4o-mini").fallback == named("gpt-6-luna")
    counted = (Model.objects.count(), Price.objects.count())
    Model.objects.filter(name="gpt-4o").update(ends_on=None, fallback=None)
    end("gpt-5-mini", days=9, fallback="gpt-6-luna")
    chosen = named("gpt-5-mini").ends_on
    seeds.seed()
    assert (Model.objects.count(), Price.objects.count()) == counted
    assert (named("gpt-4o").ends_on, named("gpt-4o").fallback) == (None, None)
    assert (named("gpt-5-mini").ends_on, named("gpt-5-mini").fallback.name) == (chosen, "gpt-6-luna")


def test_an_installation_of_before_learns_its_ends_and_keeps_what_was_chosen():
    before = named("gpt-4o-mini")
    Model.objects.filter(name="gpt-4o").update(ends_on=dt.date(2030, 1, 1), fallback=named("gpt-5-mini"))
    Model.objects.filter(pk=before.pk).update(ends_on=None, fallback=None)
    Model.objects.filter(name="gpt-6-luna").update(name="as-if-it-were-not-there")
    seeds.seed()
    assert (named("gpt-4o-mini").ends_on, named("gpt-4o-mini").fallback.name) == (dt.date(2027, 1, 14), "gpt-6-luna")
    assert (named("gpt-4o").ends_on, named("gpt-4o").fallback.name) == (dt.date(2030, 1, 1), "gpt-5-mini")


SUCCESSORS = ["gpt-6-luna", "gpt-6.1-terra", "claude-sonnet-5-5", "claude-haiku-5-5", "gpt-image-2.6-flare"]


def catalogue_of(names: list[str]) -> list[dict]:
    """What a catalogue says of these models, but for keys and the moment it was written."""
    left_out = {"id", "model_id", "created_at", "fallback_id"}
    told = []
    for model in map(named, names):
        (price,) = Price.objects.filter(model=model).values()
        row = Model.objects.filter(pk=model.pk).values().get() | price
        row["answers_then"] = model.fallback.name if model.fallback else None
        told.append({key: value for key, value in row.items() if key not in left_out})
    return told


def test_a_deployment_by_migrations_alone_has_what_seeds_give():
    fill = import_module("assistants.migrations.0003_successors").fill
    every = [*SUCCESSORS, *(name for _provider, name, _day, _successor in seeds._ENDS)]
    seeded = catalogue_of(every)
    assert seeded[-1]["answers_then"] == "gpt-6-luna"
    Model.objects.update(ends_on=None, fallback=None)
    for name in SUCCESSORS:
        Model.objects.filter(name=name).update(name=f"was {name}")
    fill(apps, None)
    assert catalogue_of(every) == seeded
    counted = (Model.objects.count(), Price.objects.count())
    # The seeds then add nothing, and leave what was emptied since.
    Model.objects.filter(name="gpt-4o").update(ends_on=None, fallback=None)
    seeds.seed()
    assert (Model.objects.count(), Price.objects.count()) == counted
    assert named("gpt-4o").ends_on is None
