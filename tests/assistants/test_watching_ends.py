"""The ends of models are read from providers' lists, kept where nobody said one, and warned of in time, once each."""

import asyncio
import datetime as dt

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import AuditEntry
from assistants import ends, jobs
from assistants.models import Assistant, Model
from assistants.providers import listing
from assistants.providers.openai_chat import OpenAIChat
from assistants.providers.types import ProviderError
from fakes.llm.openai import ENDS
from mailing.models import OutboxMessage
from tenants.context import public_context
from tests.conversations.test_images import llm

__all__ = ["llm"]


@pytest.fixture(autouse=True)
def in_public(people):
    with public_context():
        # The seeds' own ends come nearer with the calendar.
        Model.objects.update(ends_on=None)
        yield


def model_of(name: str, **values) -> Model:
    return Model.objects.create(provider="openai", name=name, label=name, **values)


def used(model: Model) -> None:
    Assistant.objects.filter(code="general").update(model=model)


def test_a_list_is_read_and_what_the_operator_said_stays(llm):
    read = model_of("fake-ending")
    said = model_of("fake-ended", ends_on=dt.date(2040, 1, 1))
    untouched = model_of("fake-large")
    assert jobs.watch_ends() == 0
    for model in (read, said, untouched):
        model.refresh_from_db()
    assert read.ends_on == dt.date.fromisoformat(ENDS["fake-ending"])
    assert (said.ends_on, untouched.ends_on) == (dt.date(2040, 1, 1), None)
    assert [entry.target for entry in AuditEntry.objects.filter(action="model.end_learned")] == ["fake-ending"]
    jobs.watch_ends()
    assert AuditEntry.objects.filter(action="model.end_learned").count() == 1


def test_warnings_are_sent_although_a_provider_does_not_answer(monkeypatch):
    monkeypatch.setitem(settings.PROVIDERS, "openai", {"api_key": "sk", "base_url": "http://127.0.0.1:9/v1"})
    model = model_of("old", ends_on=timezone.localdate() + dt.timedelta(days=5))
    used(model)
    assert jobs.watch_ends() == 1


def test_without_a_key_no_provider_is_called(monkeypatch):
    # Not emptied: put back one by one, the providers would come in another order, and another one would be the first.
    monkeypatch.setattr(settings, "PROVIDERS", {})
    monkeypatch.setattr(jobs, "_ends_of", lambda name: pytest.fail(f"{name} was asked"))
    assert jobs.watch_ends() == 0


def test_a_list_without_end_is_not_read_to_its_end(llm, monkeypatch):
    monkeypatch.setattr(listing, "LIST_BYTES", 100)

    async def read():
        provider = OpenAIChat(api_key="sk-test", base_url=llm.openai_url)
        try:
            return await listing.read_ends(provider)
        finally:
            await provider.aclose()

    with pytest.raises(ProviderError, match="longer than 100 bytes"):
        asyncio.run(read())


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2027-01-14", dt.date(2027, 1, 14)),
        ("2027-01-14T00:00:00Z", dt.date(2027, 1, 14)),
        (1_800_000_000, dt.date(2027, 1, 15)),
        (None, None),
        ("soon", None),
        (True, None),
        (10**30, None),
        ([], None),
    ],
)
def test_a_day_in_any_shape(value, day):
    assert listing._day(value) == day


def test_operators_are_warned_at_60_30_and_7_days_once_each(people, monkeypatch):
    start = timezone.localdate()
    luna = Model.objects.get(name="gpt-6-luna")
    model = model_of("old", ends_on=start + dt.timedelta(days=70), fallback=luna)
    used(model)
    told = []
    for day in range(72):
        monkeypatch.setattr(ends.timezone, "localdate", lambda day=day: start + dt.timedelta(days=day))
        before = OutboxMessage.objects.count()
        for _twice in range(2):
            ends.warn_of_ends()
        told += [70 - day] * (OutboxMessage.objects.count() - before)
    assert told == [60, 30, 7]
    mails = OutboxMessage.objects.filter(subject__contains="old s’arrête le")
    assert [row.to for row in mails] == [[people.operator.email]] * 3
    assert all(luna.label in row.text and str(model.pk) in row.text for row in mails)


def test_a_day_missed_is_warned_of_by_the_nearest_threshold_and_unused_models_by_none():
    model_of("unused", ends_on=timezone.localdate() + dt.timedelta(days=3))
    model = model_of("old", ends_on=timezone.localdate() + dt.timedelta(days=20))
    used(model)
    assert (ends.warn_of_ends(), ends.warn_of_ends()) == (1, 0)
    model.refresh_from_db()
    assert model.end_warned == 30
    assert "Aucun modèle ne le remplace" in OutboxMessage.objects.get(subject__contains="old").text


def test_an_english_operator_is_warned_in_english(people):
    people.operator.language = "en"
    people.operator.save()
    used(model_of("old", ends_on=timezone.localdate() + dt.timedelta(days=20)))
    ends.warn_of_ends()
    assert OutboxMessage.objects.get(subject__contains="old").subject.startswith("The model old stops on")
