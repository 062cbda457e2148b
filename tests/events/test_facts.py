"""What a fact may hold: ids, figures, dates and closed choices; never a text."""

import datetime as dt
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import Enum
from typing import ClassVar
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import Role
from events import catalogue
from events.catalogue import AnswerFinished, ItemCreated, MemberJoined, WorkspaceCreated, WorkspaceStateChanged
from events.checks import check_facts, problems_of
from events.facts import CATALOGUE, MAX_SAFE_INTEGER, Code, Fact, Unfit, from_json, kind_of, to_json
from events.types import Consumer
from library.models import Item
from tenants.ids import new_id
from tenants.models import Tenant


def answer(**changed):
    values = {"subject_id": new_id(), "conversation_id": new_id(), "assistant_id": new_id(), "tokens": 3}
    return AnswerFinished(**values | {"cost": Decimal("0.000000000001")} | changed)


def test_the_catalogue_of_today_has_no_field_for_texts():
    assert check_facts(None) == []
    assert len(CATALOGUE) >= 18


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize("hint", [UUID, int, Decimal, dt.date, dt.datetime, bool, Code, Colour, UUID | None])
def test_ids_figures_dates_and_choices_may_be_fields(hint):
    assert kind_of(hint) is not None


@pytest.mark.parametrize("hint", [str, str | None, dict, list[int], float, bytes, object, int | str, Enum])
def test_anything_else_may_not(hint):
    assert kind_of(hint) is None


def test_a_fact_with_a_text_is_an_error_of_the_check_and_cannot_be_written():
    @dataclass(frozen=True, kw_only=True)
    class Talkative(Fact):
        NAME: ClassVar = "test.talkative"
        said: str

    try:
        (error,) = check_facts(None)
        assert error.id == "ruche.E012" and "Talkative.said" in error.msg
        with pytest.raises(Unfit):
            to_json(Talkative(subject_id=new_id(), said="bonjour"))
    finally:
        del CATALOGUE["test.talkative", 1]


def test_a_fact_that_can_change_or_has_no_dotted_name_is_an_error():
    @dataclass(kw_only=True, unsafe_hash=True)
    class Loose(Fact.__mro__[1]):  # type: ignore[misc]
        NAME: ClassVar = "Loose"
        subject_id: UUID

    assert len(problems_of(Loose)) == 2


def test_two_facts_of_one_name_and_version_are_refused():
    with pytest.raises(TypeError):
        type("Again", (Fact,), {"NAME": "member.joined"})
    assert CATALOGUE["member.joined", 1] is MemberJoined


def test_a_consumer_of_a_fact_that_there_is_not_is_an_error(settings):
    settings.EVENT_CONSUMERS = {"x": Consumer("tests.events.consumers.take", frozenset({"member.flown"}))}
    (error,) = check_facts(None)
    assert "member.flown" in error.msg


@pytest.mark.parametrize(
    "wrong",
    [
        {"tokens": "3"},
        {"tokens": True},
        {"tokens": MAX_SAFE_INTEGER + 1},
        {"tokens": None},
        {"cost": 0.1},
        {"cost": Decimal("NaN")},
        {"cost": "0.1"},
        {"assistant_id": str(new_id())},
        {"subject_id": "a text"},
        {"actor_id": "owner@atelier.test"},
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused_and_not_repeated(wrong):
    with pytest.raises(Unfit) as error:
        to_json(answer(**wrong))
    assert "atelier" not in str(error.value)


def test_choices_and_times_are_held_to_their_type():
    with pytest.raises(Unfit):
        to_json(MemberJoined(subject_id=new_id(), role="member"))
    with pytest.raises(Unfit):
        to_json(WorkspaceCreated(subject_id=new_id(), plan="pro"))
    with pytest.raises(Unfit):
        Code("un texte libre")
    with pytest.raises(Unfit):
        to_json(catalogue.WorkspaceTrialExtended(subject_id=new_id(), until=dt.datetime(2026, 1, 1)))


@pytest.mark.parametrize(
    "fact",
    [
        answer(),
        answer(cost=Decimal("12345678901234567890.123456789012"), actor_id=new_id()),
        WorkspaceStateChanged(subject_id=new_id(), before=Tenant.State.TRIAL, after=Tenant.State.ACTIVE),
        WorkspaceCreated(subject_id=new_id(), plan=Code("pro")),
        catalogue.WorkspaceTrialExtended(subject_id=new_id(), until=timezone.now()),
        catalogue.ConversationShared(subject_id=new_id(), shared=True),
    ],
    ids=lambda fact: fact.NAME,
)
def test_what_is_written_is_read_back_exactly(fact):
    data = to_json(fact)
    assert "subject_id" not in data and "actor_id" not in data
    assert from_json(fact.NAME, fact.VERSION, data, fact.subject_id, fact.actor_id) == fact


def test_an_exact_decimal_is_a_text_in_the_outbox():
    assert to_json(answer(cost=Decimal("1E-12")))["cost"] == "0.000000000001"


def test_the_choices_of_higher_apps_are_those_of_today():
    assert {role.value for role in catalogue.Role} == set(Role.values) - {Role.OPERATOR}
    assert {kind.value for kind in catalogue.ItemKind} == set(Item.Kind.values)


def test_an_item_of_a_kind_has_the_choice_and_not_a_text():
    kinds = {field.name: field.type for field in fields(ItemCreated)}
    assert kinds["kind"] is catalogue.ItemKind and kinds["origin"] is catalogue.Origin
