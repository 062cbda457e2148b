"""The outbox at the console: how far behind it is, what failed for good, another chance for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from events.catalogue import MemberSignedIn, WorkspaceDeleted
from events.models import Delivery
from events.services import record
from events.types import Consumer
from tenants.context import tenant_context
from tenants.ids import new_id
from tenants.models import Tenant
from tests.console.made import WHY

LIST = "/admin/events/delivery/"


def page(row, act="change"):
    return f"{LIST}{row.pk}/{act}/"


@pytest.fixture
def deliveries(people, settings):
    """One that waits, one to be tried again, two dead ones (the last of the platform)."""
    facts = frozenset({"member.signed_in", "workspace.deleted"})
    settings.EVENT_CONSUMERS = {"figures": Consumer("tests.events.consumers.take", facts)}
    Delivery.objects.all().delete()
    with tenant_context(people.home):
        for _ in range(3):
            record(MemberSignedIn(subject_id=people.member.pk, actor_id=people.member.pk))
    record(WorkspaceDeleted(subject_id=new_id()))
    rows = list(Delivery.objects.order_by("id"))
    now = timezone.now()
    Delivery.objects.filter(pk=rows[1].pk).update(tries=2, error="ValueError, consumers.py:1")
    for row in rows[2:]:
        Delivery.objects.filter(pk=row.pk).update(tries=6, dead_at=now, error="KeyError, consumers.py:2")
    return list(Delivery.objects.order_by("id"))


def shown(console, **query):
    return {row.pk for row in console.get(LIST, query).context["cl"].result_list}


def test_the_list_says_how_far_behind_and_what_failed(console, deliveries, people):
    text = console.get(LIST).content.decode()
    for text in ("member.signed_in", "figures", people.home.name, "Plateforme", "KeyError", "6 essais", "Abandonnée"):
        assert text in text
    totals = console.get(LIST).context["cases"]
    assert [(case["key"], case["rows"]) for case in totals] == [("waiting", 1), ("retrying", 1), ("dead", 2)]
    assert shown(console, case="waiting") == {deliveries[0].pk}
    assert shown(console, case="retrying") == {deliveries[1].pk}
    assert shown(console, case="dead") == {row.pk for row in deliveries[2:]}
    assert shown(console, q="workspace.deleted") == {deliveries[3].pk}
    assert shown(console, q="nothing") == set()


def test_an_empty_outbox_says_so(console):
    Delivery.objects.all().delete()
    answer = console.get(LIST)
    assert answer.status_code == 200 and "Aucun" in answer.content.decode()
    assert answer.context["oldest"] == ""


def test_the_list_asks_no_query_for_each_row(console, deliveries, people, django_assert_max_num_queries):
    console.get(LIST)
    with tenant_context(people.home):
        for _ in range(20):
            record(MemberSignedIn(subject_id=people.member.pk))
    with django_assert_max_num_queries(14):
        assert len(console.get(LIST).context["cl"].result_list) == 24


def test_a_page_of_one_shows_the_facts_figures_and_no_rerun_where_it_waits(console, deliveries, people):
    text = console.get(page(deliveries[0])).content.decode()
    assert str(people.member.pk) in text and "rerun" not in text
    assert "rerun" in console.get(page(deliveries[2])).content.decode()
    assert console.get(page(deliveries[0], "rerun")).status_code == 403


def test_a_workspace_that_is_gone_is_named_so(console, deliveries, people):
    Tenant.objects.filter(pk=people.home.id).delete()
    assert "Espace supprimé" in console.get(LIST).content.decode()


def test_a_dead_letter_is_run_again_with_a_reason(console, deliveries, people):
    row = deliveries[2]
    assert console.post(page(row, "rerun"), {}).status_code == 400
    assert Delivery.objects.get(pk=row.pk).dead_at is not None
    assert console.post(page(row, "rerun"), WHY).status_code == 302
    row.refresh_from_db()
    assert (row.dead_at, row.tries, row.error) == (None, 0, "")
    assert row.due_at <= timezone.now() + timedelta(seconds=1)
    entry = AuditEntry.objects.get(action="delivery.rerun")
    assert (entry.actor, entry.target, entry.details["reason"]) == (people.operator.email, "figures", WHY["reason"])
    assert entry.details["fact"] == str(row.fact_id)


def test_chosen_ones_are_run_again_the_dead_alone(console, deliveries):
    keys = [str(row.pk) for row in deliveries]
    data = {"action": "rerun_chosen", "_selected_action": keys}
    assert console.post(LIST, data).status_code == 200
    assert Delivery.objects.exclude(dead_at=None).count() == 2
    assert console.post(LIST, data | WHY).status_code == 302
    assert not Delivery.objects.exclude(dead_at=None).exists()
    assert AuditEntry.objects.filter(action="delivery.rerun").count() == 2


@pytest.mark.parametrize("path", [LIST, "/admin/billing/webhookevent/"])
@pytest.mark.parametrize("key", ["x", "\x00", "1", ""])
def test_an_act_on_rows_of_no_key_does_nothing(console, deliveries, path, key):
    act = "rerun_chosen" if path == LIST else "replay_chosen"
    assert console.post(path, {"action": act, "_selected_action": [key], **WHY}).status_code in (302, 400, 404)
    assert Delivery.objects.exclude(dead_at=None).count() == 2


def test_only_operators_see_it(client_for, people, deliveries):
    with tenant_context(people.home):
        assert client_for(people.owner).get(LIST).status_code == 404
    assert client_for(None, host="localhost").get(LIST).status_code == 302
