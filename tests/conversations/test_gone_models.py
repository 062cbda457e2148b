"""A model that its provider has ended is found out by an answer: its fallback answers the same question."""

import asyncio
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.utils import timezone

from accounts.models import AuditEntry
from assistants.costs import cost_of
from assistants.models import Assistant, Model
from assistants.providers.registry import close_providers
from assistants.providers.types import Usage
from assistants.selectors import image_model, price_at
from assistants.services import price_create
from conversations import generation, images
from conversations.models import Message
from library.models import Item
from mailing.models import OutboxMessage
from plans.types import AI_EUROS, TOKENS
from tenants.context import current_tenant, public_context
from tests.conversations.test_conversations import start
from tests.conversations.test_images import answer_of, llm
from usage import selectors as usage_selectors
from usage.models import Reservation, UsageEvent

__all__ = ["llm"]


@pytest.fixture(autouse=True)
def in_this_thread(monkeypatch):
    async def here(_tenant, function, *args, **kwargs):
        return await sync_to_async(function)(*args, **kwargs)

    monkeypatch.setattr(generation, "in_thread", here)


def make_model(name: str, price: str, **values) -> Model:
    with public_context():
        model = Model.objects.create(**{"provider": "openai", "name": name, "label": name} | values)
        price_create(model=model, input=Decimal(price), output=Decimal(price) * 5, image=Decimal(price) / 10)
        return model


def answered(people) -> Message:
    """Ask, and let the answer be made by this process."""
    _conversation, call = start(people.member)

    async def scenario():
        generation.start(current_tenant(), call)
        while generation.count_running():
            await asyncio.sleep(0.01)
        await close_providers()

    async_to_sync(scenario)()
    return Message.objects.get(pk=call.answer_id)


def assistant_uses(model: Model) -> None:
    Assistant.objects.filter(code="general").update(model=model)


def test_the_fallback_answers_at_its_own_price_and_operators_are_told_once(people, llm):
    """Two steps: the first fallback is gone as well."""
    last = make_model("stays", "7")
    middle = make_model("also [gone]", "1000", fallback=last)
    first = make_model("was [gone]", "2000", fallback=middle)
    assistant_uses(first)
    answer = answered(people)
    assert (answer.state, answer.model, answer.error_kind) == ("done", "stays", "")
    event = UsageEvent.objects.get(reference=answer.pk)
    usage = Usage(event.input_tokens, event.cache_read_tokens, event.cache_write_tokens, event.output_tokens)
    assert (event.model, event.price_id, event.outcome) == ("stays", price_at(last).pk, "done")
    assert answer.cost == event.cost == cost_of(usage, price_at(last)) > 0
    # What was reserved for the models that are gone was given back.
    assert Reservation.objects.filter(settled_at=None).count() == 0
    assert [usage_selectors.gauge(people.home, meter).reserved for meter in (TOKENS, AI_EUROS)] == [0, 0]
    assert usage_selectors.gauge(people.home, AI_EUROS).used == answer.cost
    with public_context():
        for model in (first, middle):
            model.refresh_from_db()
            assert model.ends_on == timezone.localdate()
        assert AuditEntry.objects.filter(action="model.ended").count() == 2
    told = OutboxMessage.objects.filter(to=[people.operator.email])
    assert sorted(row.subject for row in told) == [
        "Le modèle also [gone] n’existe plus chez son fournisseur",
        "Le modèle was [gone] n’existe plus chez son fournisseur",
    ]
    # The next question is not even asked of it.
    llm.forget()
    assert answered(people).model == "stays"
    assert OutboxMessage.objects.filter(to=[people.operator.email]).count() == 2


def test_without_a_fallback_the_answer_fails_with_a_message(people, llm):
    gone = make_model("alone [gone]", "5")
    assistant_uses(gone)
    answer = answered(people)
    assert (answer.state, answer.error_kind, answer.model, answer.cost) == ("failed", "model_gone", gone.name, 0)
    assert (
        usage_selectors.gauge(people.home, AI_EUROS).used == usage_selectors.gauge(people.home, AI_EUROS).reserved == 0
    )
    with public_context():
        gone.refresh_from_db()
    assert gone.ends_on == timezone.localdate()
    assert answered(people).state == "done"


def test_an_error_message_alone_does_not_end_a_model(people, llm, monkeypatch):
    """A 400 without a code says so in words alone, and some servers quote the question in them."""
    monkeypatch.setitem(settings.PROVIDERS, "anthropic", {"api_key": "sk", "base_url": llm.anthropic_url})
    luna = Model.objects.get(name="gpt-6-luna")
    quoting = make_model("quoting [fail 400 gone]", "5", fallback=luna, provider="anthropic")
    assistant_uses(quoting)
    answer = answered(people)
    assert (answer.state, answer.error_kind, answer.model) == ("failed", "model_gone", quoting.name)
    with public_context():
        quoting.refresh_from_db()
        assert quoting.ends_on is None
        assert not AuditEntry.objects.filter(action="model.ended").exists()
    assert not OutboxMessage.objects.filter(to=[people.operator.email]).exists()


def test_a_fallback_above_the_quota_leaves_nothing_reserved(people, llm):
    dear = make_model("dear", "100000")
    gone = make_model("cheap [gone]", "1", fallback=dear)
    assistant_uses(gone)
    answer = answered(people)
    assert (answer.state, answer.error_kind, answer.model) == ("failed", "model_gone", gone.name)
    assert (
        usage_selectors.gauge(people.home, AI_EUROS).used == usage_selectors.gauge(people.home, AI_EUROS).reserved == 0
    )


def test_the_image_fallback_makes_the_image_at_its_own_price(people, llm, monkeypatch):
    Model.objects.filter(kind="image").update(is_active=False)
    last = make_model("paints", "7", kind="image")
    first = make_model("a painter [gone]", "70", kind="image", fallback=last)
    queued = []
    monkeypatch.setattr(images, "enqueue", lambda job, **arguments: queued.append((job, arguments)))
    answer = answer_of(people)
    assert image_model()[0] == first
    images.image_request(answer=answer)
    while queued:
        job, arguments = queued.pop(0)
        assert job is images.make_image
        images.make_image(**arguments)
    answer.refresh_from_db()
    assert answer.image_state == "done"
    event = UsageEvent.objects.get(reference=answer.image_reference)
    usage = Usage(event.input_tokens, 0, 0, event.output_tokens)
    assert (event.model, event.cost) == ("paints", cost_of(usage, price_at(last)))
    assert event.output_tokens > 0
    gauge = usage_selectors.gauge(people.home, AI_EUROS)
    assert (gauge.used, gauge.reserved) == (event.cost, 0)
    assert Item.objects.filter(pk=answer.image_item_id).count() == 1
    with public_context():
        first.refresh_from_db()
    assert first.ends_on == timezone.localdate()
