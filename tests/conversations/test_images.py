"""The image made of an answer, at the wire of a fake provider: reserved, kept, costed once, refused clearly."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from analytics.models import DailyFigures
from assistants.costs import cost_of
from assistants.models import Assistant, Model
from assistants.providers.types import Usage
from assistants.selectors import image_model
from conversations import images
from conversations.models import Conversation, Message
from fakes.llm import server
from library.models import Item
from plans.types import AI_EUROS
from tenants.context import public_context
from tenants.services import tenant_suspend
from usage import selectors as usage_selectors
from usage.models import QuotaCounter, Reservation, UsageEvent


@pytest.fixture(scope="module")
def llm() -> Iterator[server.Handle]:
    handle = server.start()
    former = settings.PROVIDERS["openai"]
    settings.PROVIDERS["openai"] = former | {"base_url": handle.openai_url}
    yield handle
    settings.PROVIDERS["openai"] = former
    handle.stop()


def answer_of(people, text="Une ruche au soleil, aquarelle douce.\n\nVariantes : nuit ; hiver.") -> Message:
    from assistants.selectors import route_for

    assistant = Assistant.objects.get(code="images")
    route = route_for(assistant.pk)
    thread = Conversation.objects.create(author=people.member, assistant=assistant, title="Ruche")
    Message.objects.create(conversation=thread, role="user", text="Une ruche")
    return Message.objects.create(
        conversation=thread,
        role="assistant",
        state="done",
        text=text,
        prompt_version_id=route.version.pk,
        price_id=route.price.pk,
        model=route.model.name,
        provider=route.model.provider,
    )


def make(answer: Message) -> None:
    """What the queue would call after the commit."""
    model, price = image_model()
    images.make_image(
        answer_id=str(answer.pk),
        reference=str(answer.image_reference),
        model_id=str(model.pk),
        price_id=str(price.pk),
    )
    answer.refresh_from_db()


@pytest.mark.parametrize(
    ("answer", "prompt"),
    [
        ("Une ruche au soleil.\n\nVariantes : nuit.", "Une ruche au soleil."),
        ("Voici votre prompt :\r\n\r\nUne ruche au soleil.\r\n\r\nVariantes", "Une ruche au soleil."),
        ("**Prompt :**\n\n```text\nUne ruche,\n\nau soleil.\n```\nBonne création !", "Une ruche,\n\nau soleil."),
        ("**Prompt principal :** Une ruche.\n\nSuite", "Une ruche."),
        ("## Proposition\n\nUne ruche", "## Proposition"),
        ("Voici :", "Voici :"),
    ],
)
def test_the_image_prompt_is_extracted_from_the_answer(answer, prompt):
    assert images._image_prompt(answer) == prompt


@pytest.mark.parametrize("name", ["gpt-image-1-mini", "gpt-image-2.6-flare"])
def test_an_image_is_generated_saved_and_charged(people, client_for, llm, name):
    """By the piece, and by its tokens."""
    Model.objects.filter(kind="image").exclude(name=name).update(is_active=False)
    Model.objects.filter(name=name).update(ends_on=None)
    answer, price = answer_of(people), image_model()[1]
    url = f"/conversations/{answer.conversation_id}/messages/{answer.pk}/image/"
    assert client_for(people.member).post(url).status_code == 302
    answer.refresh_from_db()
    assert answer.image_state == "making"
    reserved = usage_selectors.gauge(people.home, AI_EUROS).reserved
    assert reserved >= price.image_eur > 0
    make(answer)
    item = Item.objects.get(pk=answer.image_item_id)
    assert (answer.image_state, item.kind, item.text) == ("done", "image", "Une ruche au soleil, aquarelle douce.")
    event = UsageEvent.objects.get(reference=answer.image_reference)
    usage = Usage(event.input_tokens, 0, 0, event.output_tokens)
    assert usage.output_tokens == 4160 and usage.input_tokens > 0
    cost = cost_of(usage, price) if price.output_eur else price.image_eur
    assert (event.images, event.cost, event.outcome) == (1, cost, "done") and 0 < cost <= reserved
    gauge = usage_selectors.gauge(people.home, AI_EUROS)
    assert (gauge.used, gauge.reserved) == (cost, 0)
    # Once more by a retry of the job, or a second click: nothing more.
    make(answer)
    images.image_request(answer=answer)
    assert (Item.objects.count(), UsageEvent.objects.count()) == (1, 1)
    assert b"data-image" in client_for(people.member).get(f"/conversations/{answer.conversation_id}/").content


def test_a_failed_image_costs_nothing_and_can_be_requested_again(people, llm):
    answer = answer_of(people, "[fail 429 quota] Une ruche")
    images.image_request(answer=answer)
    answer.refresh_from_db()
    make(answer)
    assert (answer.image_state, answer.image_error, answer.image_item_id) == ("failed", "quota", None)
    assert UsageEvent.objects.get(reference=answer.image_reference).cost == Decimal(0)
    assert usage_selectors.gauge(people.home, AI_EUROS).reserved == 0
    images.image_request(answer=answer)
    answer.refresh_from_db()
    assert answer.image_state == "making"


@pytest.mark.parametrize("wanted", ["[drop]", "[drop once]", "[fail 502]", "[no-image] [usage 40 4160]"])
def test_a_charged_call_without_an_image_is_billed_once(people, llm, wanted):
    """By the provider's count where it came, or by the most that was reserved; the provider is asked once."""
    Model.objects.filter(kind="image").exclude(name="gpt-image-2.6-flare").update(is_active=False)
    answer, price = answer_of(people, f"{wanted} Une ruche"), image_model()[1]
    llm.forget()
    images.image_request(answer=answer)
    answer.refresh_from_db()
    bound = usage_selectors.gauge(people.home, AI_EUROS).reserved
    make(answer)
    make(answer)
    paid = cost_of(Usage(40, 0, 0, 4160), price) if "usage" in wanted else bound
    event = UsageEvent.objects.get(reference=answer.image_reference)
    assert (answer.image_state, event.images, event.outcome, event.cost) == ("failed", 0, "failed", paid)
    gauge = usage_selectors.gauge(people.home, AI_EUROS)
    assert (gauge.used, gauge.reserved, len(llm.calls())) == (paid, 0, 1) and paid > 0
    assert answer.image_error == "lost"


def test_an_image_that_cannot_be_saved_is_billed(people, llm, monkeypatch):
    def full(**_values):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(images.library, "item_save_image", full)
    answer = answer_of(people)
    llm.forget()
    images.image_request(answer=answer)
    answer.refresh_from_db()
    make(answer)
    event = UsageEvent.objects.get(reference=answer.image_reference)
    assert (answer.image_state, answer.image_item_id, event.images) == ("failed", None, 0)
    gauge = usage_selectors.gauge(people.home, AI_EUROS)
    assert (gauge.used, gauge.reserved, len(llm.calls())) == (event.cost, 0, 1) and event.cost > 0


def test_a_job_that_died_after_its_call_is_not_repeated_and_is_billed(people, llm, monkeypatch):
    """Its process ends between the provider's answer and the commit; the queue runs it again."""
    from usage import services

    class Killed(BaseException):
        pass

    def killed(*_values, **_more):
        raise Killed

    answer = answer_of(people)
    llm.forget()
    images.image_request(answer=answer)
    answer.refresh_from_db()
    bound = usage_selectors.gauge(people.home, AI_EUROS).reserved
    with monkeypatch.context() as patched:
        patched.setattr(images, "_save_in_library", killed)
        with pytest.raises(Killed):
            make(answer)
    make(answer)
    assert (answer.image_state, len(llm.calls())) == ("making", 1)
    Reservation.objects.update(expires_at="2020-01-01T00:00:00Z")
    with public_context():
        assert services.settle_abandoned() == 1
        assert services.settle_abandoned() == 0
    answer.refresh_from_db()
    event = UsageEvent.objects.get(reference=answer.image_reference)
    assert (answer.image_state, answer.image_error, event.cost, event.outcome) == ("failed", "lost", bound, "failed")
    gauge = usage_selectors.gauge(people.home, AI_EUROS)
    assert (gauge.used, gauge.reserved) == (bound, 0)
    # Asked again by a person, it is a new image.
    images.image_request(answer=answer)
    answer.refresh_from_db()
    make(answer)
    assert (answer.image_state, len(llm.calls())) == ("done", 2)


def test_a_job_that_died_before_its_call_is_settled_at_zero(people):
    from usage import services

    answer = answer_of(people)
    images.image_request(answer=answer)
    Reservation.objects.update(expires_at="2020-01-01T00:00:00Z")
    with public_context():
        assert services.settle_abandoned() == 1
    answer.refresh_from_db()
    assert answer.image_state == "failed"
    gauge = usage_selectors.gauge(people.home, AI_EUROS)
    assert (gauge.used, gauge.reserved) == (0, 0)


@pytest.mark.parametrize("asked_again", [False, True])
def test_an_image_after_its_abandonment_is_shown_and_billed_once(people, llm, monkeypatch, asked_again):
    from usage import services

    answer, keep = answer_of(people), images._save_in_library
    images.image_request(answer=answer)
    answer.refresh_from_db()
    first, bound = answer.image_reference, usage_selectors.gauge(people.home, AI_EUROS).reserved

    def given_up_meanwhile(*args, **named):
        kept = keep(*args, **named)
        Reservation.objects.update(expires_at="2020-01-01T00:00:00Z")
        with public_context():
            assert services.settle_abandoned() == 1
        if asked_again:
            images.image_request(answer=Message.objects.get(pk=answer.pk))
        return kept

    with monkeypatch.context() as patched:
        patched.setattr(images, "_save_in_library", given_up_meanwhile)
        make(answer)
    event = UsageEvent.objects.get()
    assert (event.reference, event.cost, event.error_kind) == (first, bound, "lost")
    assert usage_selectors.gauge(people.home, AI_EUROS).used == bound
    if asked_again:
        assert (answer.image_state, answer.image_item_id) == ("making", None)
        make(answer)
        assert UsageEvent.objects.count() == 2
        assert usage_selectors.gauge(people.home, AI_EUROS).reserved == 0
    assert (answer.image_state, answer.image_error) == ("done", "")
    assert answer.image_item_id is not None


def test_a_job_that_waited_long_extends_its_reservation(people, llm, monkeypatch):
    answer, keep = answer_of(people), images._save_in_library
    images.image_request(answer=answer)
    answer.refresh_from_db()
    Reservation.objects.update(expires_at=timezone.now() + timedelta(seconds=1))
    left = []

    def look(*args, **named):
        left.append(Reservation.objects.get(reference=answer.image_reference).expires_at - timezone.now())
        return keep(*args, **named)

    monkeypatch.setattr(images, "_save_in_library", look)
    make(answer)
    assert answer.image_state == "done" and left[0] > timedelta(minutes=10)


@pytest.mark.committed
def test_no_connection_is_held_during_the_provider_call(people, llm, monkeypatch):
    answer, call, held = answer_of(people), images.generate_image, []

    async def look(*arguments):
        held.append(connection.connection is not None)
        return await call(*arguments)

    monkeypatch.setattr(images, "generate_image", look)
    images.image_request(answer=answer)
    answer.refresh_from_db()
    make(answer)
    reference, thread = answer.image_reference, answer.conversation
    try:
        assert (answer.image_state, held) == ("done", [False])
    finally:
        Item.objects.all().delete()
        thread.delete()
        Reservation.objects.filter(reference=reference).delete()
        QuotaCounter.objects.filter(tenant_id=people.home.id).delete()
        DailyFigures.objects.filter(tenant_id=people.home.id).delete()


def test_other_users_and_suspended_workspaces_get_no_image(people, client_for):
    answer = answer_of(people)
    url = f"/conversations/{answer.conversation_id}/messages/{answer.pk}/image/"
    assert client_for(people.owner).post(url).status_code == 404
    assert client_for(people.stranger).post(url).status_code == 404
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    assert client_for(people.member).post(url).status_code == 403
    answer.refresh_from_db()
    assert answer.image_state == "" and not Reservation.objects.exists()
