"""Ends and fallbacks of models in the console."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistants.models import Assistant, Model, Price

LIST = "/admin/assistants/model/"


@pytest.fixture
def old() -> Model:
    # The seeds' own ends come nearer with the calendar.
    Model.objects.update(ends_on=None)
    day = timezone.localdate() + dt.timedelta(days=12)
    luna = Model.objects.get(name="gpt-6-luna")
    model = Model.objects.create(provider="openai", name="old", label="Ancien", ends_on=day, fallback=luna)
    Assistant.objects.filter(code="general").update(model=model)
    return model


def names(page: Any) -> set[str]:
    return {row.name for row in page.context["cl"].result_list}


def test_list_shows_and_filters_ends(console: Client, old: Model) -> None:
    Model.objects.filter(name="gpt-4o").update(ends_on=timezone.localdate())
    page = console.get(LIST)
    assert "→ GPT-6 Luna" in page.content.decode()
    assert "old" in names(console.get(f"{LIST}?end=soon")) and "gpt-4o" not in names(console.get(f"{LIST}?end=soon"))
    assert names(console.get(f"{LIST}?end=ended")) == {"gpt-4o"}
    unknown = names(console.get(f"{LIST}?end=open"))
    assert "gpt-6-luna" in unknown and not unknown & {"old", "gpt-4o"}


def test_dashboard_lists_ending_models_in_use(console: Client, old: Model) -> None:
    page = console.get("/admin/").content.decode()
    assert "data-models-ending" in page and "Ancien" in page and "GPT-6 Luna" in page
    # What is not offered will not answer, whatever the fallback says.
    Model.objects.filter(name="gpt-6-luna").update(is_active=False)
    assert "sans remplaçant" in console.get("/admin/").content.decode()
    Model.objects.filter(pk=old.pk).update(fallback=None)
    assert "sans remplaçant" in console.get("/admin/").content.decode()
    # What nobody uses, or ends later, is not listed.
    Assistant.objects.filter(code="general").update(model=None)
    assert "Ancien" not in console.get("/admin/").content.decode()


def test_prices_of_long_prompts_and_images_are_shown(console: Client) -> None:
    page = console.get("/admin/assistants/price/").content.decode()
    assert "&gt; 272" in page and "×2 · ×1,5" in page
    image = Model.objects.get(name="gpt-image-2.6-flare")
    form = {
        "model": str(image.pk),
        "valid_from_0": "28/11/2026",
        "valid_from_1": "10:00:00",
        "currency": "EUR",
        "rate": "1",
        **dict.fromkeys(("cache_read", "cache_write"), "0"),
        "input": "5",
        "output": "30",
        "image": "0",
    }
    count = Price.objects.count()
    assert console.post("/admin/assistants/price/add/", form).status_code == 200
    assert (
        console.post("/admin/assistants/price/add/", form | {"region_factor": "0.9", "image": "1"}).status_code == 200
    )
    assert Price.objects.count() == count
    assert (
        console.post("/admin/assistants/price/add/", form | {"region_factor": "1.1", "image": "1"}).status_code == 302
    )
    assert Price.objects.get(model=image, image=1).output_eur == 33


def form_of(model: Model, **changed: Any) -> dict[str, Any]:
    return {
        "label": model.label,
        "kind": model.kind,
        "limit_context": model.limit_context,
        "limit_output": model.limit_output,
        "is_active": "on",
        "ends_on": model.ends_on.strftime("%d/%m/%Y") if model.ends_on else "",
        "fallback": str(model.fallback_id or ""),
    } | changed


def test_changed_end_date_sends_warnings_again(console: Client, old: Model) -> None:
    Model.objects.filter(pk=old.pk).update(end_warned=7)
    url = f"{LIST}{old.pk}/change/"
    assert console.post(url, form_of(old, label="Ancien modèle")).status_code == 302
    old.refresh_from_db()
    assert (old.label, old.end_warned) == ("Ancien modèle", 7)
    assert console.post(url, form_of(old, ends_on="14/01/2031")).status_code == 302
    old.refresh_from_db()
    assert (old.ends_on, old.end_warned) == (dt.date(2031, 1, 14), None)


def test_circular_fallbacks_are_refused(console: Client, old: Model) -> None:
    luna = Model.objects.get(name="gpt-6-luna")
    answer = console.post(f"{LIST}{luna.pk}/change/", form_of(luna, fallback=str(old.pk)))
    assert answer.status_code == 200 and "tournent en rond" in answer.content.decode()
    luna.refresh_from_db()
    assert luna.fallback is None
