"""Each act records its fact at one place: in its service, in its transaction."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Role
from accounts.services import user_create
from analytics.models import DailyFigures
from conversations.services import conversation_share
from events.facts import from_json
from events.models import StoredFact
from library import services as library
from tenants import services as tenants
from tenants import trials
from tenants.ids import new_id
from tests.conversations.test_conversations import finish, start
from tests.outbox import drained, facts_of
from tests.people import PASSWORD


def last_of(subject_id):
    row = StoredFact.objects.filter(subject_id=subject_id).latest("id")
    return row, from_json(row.name, row.version, row.data, row.subject_id, row.actor_id)


def test_the_life_of_a_workspace(people):
    home = people.home.id
    tenants.tenant_suspend(tenant_id=home, reason="un motif", actor="owner@atelier.test")
    row, fact = last_of(home)
    assert (row.tenant_id, fact.before, fact.after) == (home, "trial", "suspended")
    tenants.tenant_suspend(tenant_id=home, reason="encore", actor="test")
    tenants.tenant_resume(tenant_id=home, reason="un motif", actor="test")
    tenants.change_plan(tenant_id=home, plan="scale", reason="un motif", actor="test")
    ends = timezone.now() + timedelta(days=60)
    trials.extend_trial(tenant_id=home, ends_at=ends, reason="un motif", actor="test")
    assert last_of(home)[1].until == ends
    assert facts_of(home) == [
        "workspace.created",
        "workspace.state_changed",
        "workspace.state_changed",
        "workspace.plan_changed",
        "workspace.trial_extended",
    ]
    assert not StoredFact.objects.filter(data__icontains="motif").exists()


def test_an_act_that_is_refused_records_nothing(people):
    before = facts_of(people.home.id)
    with pytest.raises(ValidationError):
        tenants.change_plan(tenant_id=people.home.id, plan="nowhere", reason="x", actor="test")
    assert facts_of(people.home.id) == before


def test_a_new_member(people):
    person = user_create(email="new@atelier.test", password="un-mot-de-passe-solide", role=Role.LEARNER)
    row, fact = last_of(person.pk)
    assert (row.name, row.tenant_id, fact.role.value) == ("member.joined", people.home.id, "learner")
    assert "new@" not in str(row.data)


def test_a_sign_in_of_a_member_and_none_of_an_operator(people, client_for):
    host = people.home.domain
    form = {"login": people.member.email, "password": PASSWORD}
    assert client_for(None, host=host).post("/accounts/login/", form).status_code == 302
    row, _fact = last_of(people.member.pk)
    assert (row.name, row.actor_id) == ("member.signed_in", people.member.pk)
    count = StoredFact.objects.count()
    refused = client_for(None, host=host).post("/accounts/login/", form | {"password": "wrong"})
    operator = {"login": people.operator.email, "password": PASSWORD}
    let_in = client_for(None, host="localhost").post("/accounts/login/", operator)
    assert (refused.status_code, let_in.url) == (200, "/admin/")
    assert StoredFact.objects.count() == count


def test_an_item_made_published_shared_and_deleted(people):
    item = library.item_save_answer(
        message_id=new_id(),
        conversation_id=new_id(),
        author_id=people.member.pk,
        title="Un titre",
        text="Un texte",
        kind="post",
        provenance={},
    )
    _row, fact = last_of(item.pk)
    assert (fact.kind.value, fact.origin.value, fact.size) == ("post", "answer", 8)
    library.item_set_visibility(item=item, visibility="workspace", actor=people.member)
    library.item_set_visibility(item=item, visibility="workspace", actor=people.member)
    share = library.share_create(item=item, actor=people.member, days=7)
    assert last_of(item.pk)[1].share_id == share.pk
    library.item_delete(item=library.item_archive(item=item), actor=people.member)
    assert facts_of(item.pk) == ["item.created", "item.published", "item.shared", "item.deleted"]
    rows = StoredFact.objects.filter(subject_id=item.pk)
    assert not any("titre" in str(row.data) or "texte" in str(row.data) for row in rows)


def test_the_same_answer_again_is_no_new_item(people):
    made = {"message_id": new_id(), "conversation_id": new_id(), "author_id": people.member.pk, "title": "T"}
    for text in ("un", "deux"):
        item = library.item_save_answer(**made, text=text, kind="text", provenance={})
    assert facts_of(item.pk) == ["item.created"]


def figures():
    rows = DailyFigures.objects.values_list("contents", "answers", "failures", "tokens", "cost")
    return tuple(map(sum, zip(*rows, strict=True))) or (0, 0, 0, 0, Decimal(0))


def test_a_conversation_and_the_ends_of_its_answers(people):
    conversation, call = start(people.member)
    finish(call)
    assert facts_of(conversation.pk) == ["conversation.begun"]
    row, fact = last_of(call.answer_id)
    assert (row.name, row.actor_id, fact.tokens) == ("answer.finished", people.member.pk, 170)
    assert fact.conversation_id == conversation.pk and fact.cost > 0
    assert finish(call) is None and facts_of(call.answer_id) == ["answer.finished"]
    for outcome, name in (("stopped", True), ("interrupted", False)):
        _conversation, call = start(people.member)
        finish(call, outcome=outcome)
        row, fact = last_of(call.answer_id)
        assert (row.name, fact.by_person) == ("answer.stopped", name)
    _conversation, call = start(people.member)
    finish(call, "", None, "failed", error_kind="timeout")
    assert facts_of(call.answer_id) == ["answer.failed"]
    conversation_share(conversation=conversation, shared=True, actor=people.member)
    assert last_of(conversation.pk)[1].shared is True


def test_figures_follow_their_facts_once(people):
    drained()
    DailyFigures.objects.all().delete()
    _conversation, call = start(people.member)
    finish(call)
    _conversation, failed = start(people.member)
    finish(failed, "", None, "failed", error_kind="refused")
    assert figures() == (0, 0, 0, 0, Decimal(0)), "not before the outbox is drained"
    drained(), drained()
    contents, answers, failures, tokens, cost = figures()
    assert (contents, answers, failures, tokens) == (1, 2, 1, 170)
    assert cost == last_of(call.answer_id)[1].cost


def test_figures_are_of_the_day_of_the_fact(people, monkeypatch):
    drained()
    DailyFigures.objects.all().delete()
    _conversation, call = start(people.member)
    finish(call)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=2))
    drained()
    (day,) = DailyFigures.objects.all()
    assert day.day == timezone.localdate(now) and day.last_activity < now
