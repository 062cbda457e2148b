"""Every answer is kept, once, with where it comes from."""

from decimal import Decimal

from accounts.models import AuditEntry
from analytics.models import DailyFigures
from library import selectors
from library.models import Item
from tenants.ids import new_id
from tests.outbox import drained


def contents() -> int:
    drained()
    return sum(DailyFigures.objects.values_list("contents", flat=True))


def test_an_answer_is_kept_with_its_origin(people, answer):
    before = contents()
    item = answer(
        people.member,
        text="Bonjour",
        title="  Un \n titre ",
        kind="post",
        provenance={"assistant": "Créateur de Posts", "cost": "0.0255"},
    )
    item.refresh_from_db()
    assert (item.title, item.text, item.kind, item.size) == ("Un titre", "Bonjour", "post", 7)
    assert item.author == people.member
    assert Decimal(item.provenance["cost"]) == Decimal("0.0255")
    assert contents() == before + 1


def test_the_same_answer_again_changes_its_text_only(people, answer):
    key = new_id()
    first = answer(people.member, text="Début", message_id=key, title="Titre")
    Item.objects.filter(pk=first.pk).update(title="Mon titre", tags=["client"])
    counted = contents()
    again = answer(people.member, text="Début et fin", message_id=key, title="Autre")
    again.refresh_from_db()
    assert again.pk == first.pk
    assert (again.title, again.tags, again.text) == ("Mon titre", ["client"], "Début et fin")
    assert contents() == counted


def test_a_retry_is_another_item(people, answer):
    assert answer(people.member).pk != answer(people.member).pk


def test_it_follows_the_visibility_of_its_conversation(people, answer):
    item = answer(people.member, visibility="workspace")
    assert item.visibility == "private" and selectors.is_shared(item)


def test_an_answer_that_began_is_kept_although_the_workspace_was_suspended(people, answer, set_state):
    set_state(people.home, "suspended")
    assert Item.objects.filter(pk=answer(people.member).pk).exists()


def test_odd_texts_are_kept(people, answer):
    item = answer(people.member, text="a\x00b " + "mot " * 300_000, title="\x00" + "t" * 400)
    item.refresh_from_db()
    assert item.text.startswith("ab mot")
    assert len(item.title) == 200
    assert answer(people.member, title=" ").title == "Sans titre"


def test_answers_are_not_audited(people, answer):
    before = AuditEntry.objects.count()
    answer(people.member)
    assert AuditEntry.objects.count() == before
