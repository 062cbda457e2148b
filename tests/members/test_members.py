"""What managers do with members, and what they cannot."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from accounts.services import user_create
from assistants.models import Assistant
from conversations.models import Conversation
from library.models import Item
from library.services import share_create
from signup.models import KnownAddress
from tenants.context import public_context, tenant_context
from tests.members.conftest import counted, fresh
from tests.people import PASSWORD
from workspace.members import invitations, services
from workspace.members.types import MemberRefused
from workspace.models import Invitation
from workspace.seats import seats_taken

LIST = "/settings/members/"
ABOVE = "Seul un propriétaire peut agir sur un propriétaire."


def path(person, act=""):
    return f"{LIST}{person.pk}/{act}"


def test_the_list_is_searched_and_filtered(people, client_for, django_assert_max_num_queries):
    client = client_for(people.admin)
    User.objects.filter(pk=people.learner.pk).update(is_active=False)
    with django_assert_max_num_queries(16):
        everybody = client.get(LIST)
    assert len(everybody.context["rows"]) == 6 and everybody.context["rows"][0]["member"].role == "owner"
    for query, expected in (
        ("q=inst", {"instructor"}),
        ("q=%25", set()),
        ("q=_", set()),
        ("role=promoter", {"promoter"}),
        ("state=inactive", {"learner"}),
        ("role=pape&state=x", {role.value for role in Role} - {"operator"}),
        ("q=atelier.test+mem", {"member"}),
    ):
        rows = client.get(f"{LIST}?{query}").context["rows"]
        assert {row["member"].role for row in rows} == expected, query


def test_a_role_is_changed(people, client_for):
    before = seats_taken()
    answer = client_for(people.admin).post(path(people.member, "role/"), {"role": "learner"})
    assert answer.status_code == 302 and fresh(people.member).role == "learner"
    assert seats_taken() == before - 1
    entry = AuditEntry.objects.get(action="member.role_changed")
    assert (entry.actor, entry.details) == (people.admin.email, {"before": "member", "after": "learner"})
    client_for(people.admin).post(path(people.member, "role/"), {"role": "member"})
    assert seats_taken() == counted(people) == before


@pytest.mark.parametrize(
    ("actor", "target", "role"),
    [
        ("admin", "owner", "member"),
        ("admin", "member", "owner"),
        ("admin", "admin", "member"),
        ("owner", "owner", "member"),
        ("owner", "member", "operator"),
        ("owner", "member", "pape"),
    ],
)
def test_a_role_is_refused(people, client_for, actor, target, role):
    person = getattr(people, target)
    answer = client_for(getattr(people, actor)).post(path(person, "role/"), {"role": role})
    assert answer.status_code == 422 and fresh(person).role == target
    assert not AuditEntry.objects.filter(action="member.role_changed").exists()


def test_deactivated_one_is_out_at_once_and_may_come_back(people, client_for):
    before, member = seats_taken(), client_for(people.member)
    assert member.get("/").status_code == 200
    answer = client_for(people.admin).post(path(people.member, "active/"), {"to": "inactive"})
    assert answer.status_code == 302 and member.get("/").status_code == 302
    assert seats_taken() == before - 1
    signing_in = client_for(None).post("/accounts/login/", {"login": people.member.email, "password": PASSWORD})
    assert getattr(signing_in, "url", None) != "/"
    undo = path(people.member, "active/") + "?to=active"
    client_for(people.admin).post(undo)
    assert fresh(people.member).is_active and seats_taken() == counted(people) == before


def test_no_seat_nobody_comes_back(people, client_for, with_seats):
    client = client_for(people.owner)
    client.post(path(people.member, "active/"), {"to": "inactive"})
    with_seats(0)
    client.post(path(people.member, "active/"), {"to": "active"})
    assert not fresh(people.member).is_active
    client.post(path(people.learner, "role/"), {"role": "member"})
    assert fresh(people.learner).role == "learner"


@pytest.mark.parametrize(("actor", "target"), [("admin", "owner"), ("owner", "owner"), ("admin", "admin")])
def test_nobody_deactivates_or_removes_an_owner_or_themselves(people, client_for, actor, target):
    person, client = getattr(people, target), client_for(getattr(people, actor))
    client.post(path(person, "active/"), {"to": "inactive"})
    client.post(path(person, "remove/"), {"heir": people.member.pk})
    assert fresh(person).is_active


def test_removed_one_leaves_contents_to_the_heir(people, client_for):
    assistant = Assistant.objects.get(code="general")
    talk = Conversation.objects.create(author=people.member, assistant=assistant, title="À garder")
    item = Item.objects.create(kind="text", title="Note", text="…", author=people.member)
    public = Item.objects.create(
        kind="text", title="D’une autre", text="…", author=people.admin, visibility="workspace"
    )
    # An admin may make links to what the whole workspace sees.
    User.objects.filter(pk=people.member.pk).update(role="admin")
    member = fresh(people.member)
    own = share_create(item=item, actor=member, days=7)
    others = share_create(item=public, actor=member, days=7)
    before = seats_taken()
    session = client_for(people.member)
    refused = client_for(people.owner).post(path(people.member, "remove/"), {"heir": people.learner.pk})
    assert refused.status_code == 422 and fresh(people.member)
    answer = client_for(people.owner).post(path(people.member, "remove/"), {"heir": people.instructor.pk})
    assert answer.status_code == 302 and fresh(people.member) is None
    for row in (talk, item, own, others):
        row.refresh_from_db()
    assert talk.author == item.author == own.created_by == people.instructor
    assert own.revoked_at is None and others.revoked_at is not None
    assert seats_taken() == before - 1
    assert session.get("/").status_code == 302
    entry = AuditEntry.objects.get(action="member.removed")
    assert entry.details["heir"] == people.instructor.email and entry.details["items"] == 1


def test_the_index_of_addresses_forgets_who_left(people, client_for):
    from events.jobs import drain

    def is_known():
        with public_context():
            drain()
            return KnownAddress.objects.filter(tenant_id=people.home.id, user_id=people.member.pk).exists()

    client = client_for(people.owner)
    client.post(path(people.member, "active/"), {"to": "inactive"})
    assert not is_known()
    client.post(path(people.member, "active/"), {"to": "active"})
    assert is_known()
    client.post(path(people.member, "remove/"), {"heir": people.admin.pk})
    assert not is_known()


def test_ownership_is_handed_over_with_the_password(people, client_for):
    client = client_for(people.owner)
    wrong = client.post(path(people.admin, "owner/"), {"password": "pas le bon"})
    assert wrong.status_code == 422 and fresh(people.owner).role == "owner"
    for target in (people.learner, people.owner):
        assert client.post(path(target, "owner/"), {"password": PASSWORD}).status_code == 422
    assert client_for(people.admin).post(path(people.member, "owner/"), {"password": PASSWORD}).status_code == 403
    assert client.post(path(people.admin, "owner/"), {"password": PASSWORD}).status_code == 302
    assert (fresh(people.owner).role, fresh(people.admin).role) == ("admin", "owner")
    assert AuditEntry.objects.filter(action="ownership.handed_over", target=people.admin.email).exists()
    assert client.post(path(people.admin, "role/"), {"role": "member"}).status_code == 422


def test_guesses_of_the_password_are_limited(people, client_for):
    client = client_for(people.owner)
    for _ in range(10):
        client.post(path(people.admin, "owner/"), {"password": "pas le bon"})
    last = client.post(path(people.admin, "owner/"), {"password": PASSWORD})
    assert "Trop d’essais" in last.content.decode() and fresh(people.owner).role == "owner"


def test_bulk_says_what_was_done_and_what_not(people, client_for):
    client = client_for(people.admin)
    chosen = [people.member.pk, people.instructor.pk, people.owner.pk, people.stranger.pk, uuid.uuid4(), "rien"]
    page = client.post(f"{LIST}bulk/", {"act": "deactivate", "selected": chosen})
    assert page.context["outcome"].done == ["Member", "Instructor"]
    assert page.context["outcome"].refused == [(str(people.owner), ABOVE)]
    assert not fresh(people.member).is_active and fresh(people.owner).is_active
    with tenant_context(people.away):
        assert fresh(people.stranger).is_active
    back = client.post(f"{LIST}bulk/", {"act": "activate", "selected": chosen[:2]})
    assert back.status_code == 302 and fresh(people.member).is_active
    client.post(f"{LIST}bulk/", {"act": "role:learner", "selected": chosen[:2]})
    assert {fresh(people.member).role, fresh(people.instructor).role} == {"learner"}
    assert client.post(f"{LIST}bulk/", {"act": "effacer", "selected": chosen}).status_code == 302


@pytest.mark.committed
def test_two_owners_who_demote_each_other_leave_one(people):
    with tenant_context(people.home):
        other = user_create(email="other@atelier.test", password=PASSWORD, role="owner")
    try:
        outcomes = _race(
            people,
            [
                lambda: services.member_set_role(member_id=other.pk, role="member", actor=people.owner),
                lambda: services.member_set_role(member_id=people.owner.pk, role="member", actor=other),
            ],
        )
        assert sorted(outcomes) == ["done", "refused"]
        assert User.objects.filter(role="owner", is_active=True).count() == 1
    finally:
        User.objects.filter(pk=people.owner.pk).update(role="owner")
        User.objects.filter(pk=other.pk).delete()
        _forget_seats(people)


@pytest.mark.committed
def test_twenty_race_for_the_last_seat(people, with_seats):
    with_seats(1)

    def invite(number):
        return lambda: invitations.invite(email=f"p{number}@x.test", name="", role="member", actor=people.owner)

    try:
        outcomes = _race(people, [invite(number) for number in range(20)])
        assert sorted(outcomes) == ["done"] + ["refused"] * 19
        assert Invitation.objects.count() == 1
    finally:
        Invitation.objects.all().delete()
        _forget_seats(people)


def _forget_seats(people):
    from usage.models import QuotaCounter

    with public_context():
        QuotaCounter.objects.filter(tenant_id=people.home.id, meter="seats").delete()


def _race(people, acts):
    """What each act, begun at the same moment, came to."""
    barrier, outcomes = threading.Barrier(len(acts)), []

    def run(act):
        with tenant_context(people.home):
            barrier.wait()
            try:
                act()
                outcomes.append("done")
            except MemberRefused:
                outcomes.append("refused")
            except Exception as error:
                outcomes.append(repr(error))
            finally:
                connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_the_list_says_when_people_were_here(people, client_for):
    User.objects.filter(pk=people.member.pk).update(last_seen_at=None, last_login=None)
    owner = client_for(people.owner)
    assert "Jamais venu" in owner.get(f"/settings/members/{people.member.pk}/").content.decode()
    before = timezone.now()
    client_for(people.member).get("/")
    seen = User.objects.get(pk=people.member.pk).last_seen_at
    assert before <= seen <= timezone.now()
    # Noted again only minutes later; never by a request that is refused.
    client_for(people.member).get("/")
    assert User.objects.get(pk=people.member.pk).last_seen_at == seen
    User.objects.filter(pk=people.member.pk).update(last_seen_at=seen - timedelta(minutes=6))
    assert client_for(people.member).get("/settings/members/").status_code == 403
    assert User.objects.get(pk=people.member.pk).last_seen_at == seen - timedelta(minutes=6)
    client_for(people.member).get("/")
    assert User.objects.get(pk=people.member.pk).last_seen_at > seen
