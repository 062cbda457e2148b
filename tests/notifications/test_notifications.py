"""Who is told what, how often, and what becomes of it."""

import json
from datetime import timedelta
from functools import wraps

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction
from django.utils import timezone

from accounts.models import Role, User
from events.catalogue import (
    ConversationShared,
    ItemDeleted,
    ItemPublished,
    MemberJoined,
    QuotaReached,
    WorkspaceStateChanged,
)
from events.facts import Code
from events.types import Event
from library.models import Item
from mailing.models import OutboxMessage
from notifications import consumers, live, selectors, services
from notifications.kinds import KINDS
from notifications.models import Notification, Preference
from tenants.ids import new_id
from tenants.models import Tenant


@pytest.fixture
def item(people):
    return Item.objects.create(
        kind="text", title="Plan de lancement", text="…", author=people.member, visibility="workspace"
    )


def published(people, item, *, shared=True):
    fact = ItemPublished(subject_id=item.pk, actor_id=people.member.pk, published=shared)
    consumers.notify_people(Event(new_id(), people.home.id, timezone.now(), fact))


def told(person):
    return [line.words for line in selectors.lines(person, selectors.of_person(person))]


def test_team_is_told_of_a_publication_and_its_author_is_not(people, item):
    published(people, item)
    assert told(people.admin) == ["Member a publié « Plan de lancement » pour tout l’espace."]
    assert told(people.owner) and told(people.instructor)
    assert told(people.member) == told(people.learner) == told(people.promoter) == []


def test_unread_ones_of_a_subject_are_one_line(people, item):
    published(people, item)
    published(people, item)
    (row,) = selectors.of_person(people.admin)
    assert row.count == 2
    services.mark_read(people.admin)
    published(people, item)
    assert selectors.of_person(people.admin).count() == 2
    assert selectors.unread_count(people.admin) == 1


def test_what_is_no_longer_shared_is_no_longer_told(people, item):
    published(people, item)
    published(people, item, shared=False)
    assert told(people.admin) == []
    published(people, item)
    fact = ItemDeleted(subject_id=item.pk, actor_id=people.member.pk, kind=_kind(item), size=0)
    consumers.notify_people(Event(new_id(), people.home.id, timezone.now(), fact))
    assert told(people.admin) == []


def _kind(item):
    from events.catalogue import ItemKind

    return ItemKind(item.kind)


def test_title_is_read_with_the_rights_of_the_moment(people, item, client_for):
    published(people, item)
    Item.objects.filter(pk=item.pk).update(visibility="private")
    (line,) = selectors.lines(people.admin, selectors.of_person(people.admin))
    assert (line.words, line.url) == ("Ce contenu n’est plus partagé avec vous.", "")
    assert "Plan de lancement" not in client_for(people.admin).get("/notifications/").content.decode()


def test_facts_of_the_workspace_go_to_those_who_manage_it(people):
    for fact in (
        MemberJoined(subject_id=people.member.pk, actor_id=None, role=_role("member")),
        QuotaReached(subject_id=people.home.id, meter=Code("ai_tokens"), percent=80),
        WorkspaceStateChanged(subject_id=people.home.id, before=Tenant.State.TRIAL, after=Tenant.State.SUSPENDED),
    ):
        consumers.notify_people(Event(new_id(), people.home.id, timezone.now(), fact))
    kinds = {person: {row.kind for row in selectors.of_person(person)} for person in (people.owner, people.admin)}
    assert kinds[people.owner] == {"member_joined", "quota_reached", "state_changed"}
    assert kinds[people.admin] == {"member_joined", "quota_reached"}
    assert told(people.member) == []
    assert "L’espace est en lecture seule." in told(people.owner)
    assert all("%" not in line or "80 % " in line for line in told(people.owner))


def _role(value):
    from events.catalogue import Role as FactRole

    return FactRole(value)


def test_a_conversation_shared_and_no_longer(people):
    from assistants.models import Assistant
    from conversations.models import Conversation

    thread = Conversation.objects.create(
        author=people.member, assistant=Assistant.objects.first(), title="Idées", visibility="workspace"
    )
    for shared, expected in ((True, ["Member partage la conversation « Idées » avec l’espace."]), (False, [])):
        fact = ConversationShared(subject_id=thread.pk, actor_id=people.member.pk, shared=shared)
        consumers.notify_people(Event(new_id(), people.home.id, timezone.now(), fact))
        assert told(people.owner) == expected


@pytest.mark.parametrize(
    ("in_app", "mail", "rows", "mails"),
    [(True, "off", 1, 0), (True, "now", 1, 1), (False, "now", 0, 1), (False, "off", 0, 0), (False, "digest", 0, 0)],
)
def test_preferences_hold(people, item, in_app, mail, rows, mails):
    services.save_preferences(people.admin, {"item_published": (in_app, mail)})
    before = OutboxMessage.objects.count()
    services.notify(people.admin, "item_published", subject_id=item.pk, actor=people.member)
    assert selectors.of_person(people.admin).count() == rows
    assert OutboxMessage.objects.count() - before == mails


def test_daily_mail_is_sent_once_in_the_readers_language(people, item):
    User.objects.filter(pk=people.admin.pk).update(language="en")
    people.admin.refresh_from_db()
    services.save_preferences(people.admin, {"item_published": (False, "digest")})
    services.notify(people.admin, "item_published", subject_id=item.pk, actor=people.member)
    OutboxMessage.objects.all().delete()
    assert services.send_digests() == 1
    assert services.send_digests() == 0
    (mail,) = OutboxMessage.objects.all()
    assert mail.to == [people.admin.email]
    assert "Plan de lancement" in mail.text and "published" in mail.text and "/notifications/mails/" in mail.html
    assert not Notification.objects.filter(recipient=people.admin).exists()
    User.objects.filter(pk=people.admin.pk).update(language="")
    people.admin.refresh_from_db()


def test_what_was_read_is_not_mailed(people, item):
    published(people, item)
    services.mark_read(people.admin)
    OutboxMessage.objects.all().delete()
    services.send_digests()
    assert not [mail for mail in OutboxMessage.objects.all() if people.admin.email in mail.to]


def test_nobody_is_told_who_left_or_may_not(people, item):
    gone = User.objects.create_user("partie@atelier.test", role=Role.MEMBER, is_active=False)
    services.notify(gone, "item_published", subject_id=item.pk)
    services.notify(people.learner, "item_published", subject_id=item.pk)
    assert not Notification.objects.exists()


def test_failed_act_tells_nobody(people, item):
    with pytest.raises(RuntimeError), transaction.atomic():
        services.notify(people.admin, "item_published", subject_id=item.pk)
        raise RuntimeError
    assert not Notification.objects.exists()


def test_old_ones_go(people, item):
    published(people, item)
    now = timezone.now()
    mine = Notification.objects.filter(recipient=people.admin)
    mine.update(read_at=now - timedelta(days=31))
    Notification.objects.filter(recipient=people.owner).update(updated_at=now - timedelta(days=91))
    assert services.sweep() == 2
    assert set(Notification.objects.values_list("recipient", flat=True)) == {people.instructor.pk}


# Pages


def test_opening_marks_as_read_and_leads_to_the_subject(people, item, client_for):
    published(people, item)
    row = selectors.of_person(people.admin).get()
    answer = client_for(people.admin).post(f"/notifications/{row.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/library/{item.pk}/")
    assert selectors.unread_count(people.admin) == 0


def test_anothers_notification_is_not_found(people, item, client_for):
    published(people, item)
    row = selectors.of_person(people.admin).get()
    assert client_for(people.owner).post(f"/notifications/{row.pk}/").status_code == 404
    row.refresh_from_db()
    assert row.read_at is None


def test_list_takes_the_same_queries_for_one_and_for_many(people, item, client_for, django_assert_num_queries):
    client = client_for(people.admin)
    client.get("/notifications/")
    for number in range(25):
        other = Item.objects.create(kind="text", title=f"N {number}", author=people.member, visibility="workspace")
        published(people, other)
    with django_assert_num_queries(6):
        page = client.get("/notifications/").content.decode()
    assert page.count("data-notification") == 25


def test_preferences_page_keeps_choices_of_ones_role_only(people, client_for):
    form = {"item_published_mail": "now", "conversation_shared_mail": "off", "state_changed_app": "on"}
    form |= {"advice_mail": "off"}
    assert client_for(people.member).post("/notifications/preferences/", form).status_code == 302
    choices = selectors.preferences(people.member)
    assert set(choices) == {"item_published", "conversation_shared", "advice"}
    assert (choices["item_published"].in_app, choices["item_published"].mail) == (False, "now")
    assert Preference.objects.filter(person=people.member).count() == 3
    bad = client_for(people.member).post("/notifications/preferences/", {"item_published_mail": "often"})
    assert bad.status_code == 422
    assert selectors.preferences(people.member)["item_published"].mail == "now"


def test_every_kind_reads_well_without_its_subject_or_actor(people):
    for code, kind in KINDS.items():
        if kind.mail_only:
            continue
        row = Notification(recipient=people.owner, kind=code, count=1, updated_at=timezone.now())
        assert kind.words(row, "Titre") and "%(" not in kind.words(row, "Titre")
        row.count = 3
        assert kind.words(row, "")


# The live count


def in_a_loop(test):
    """The test's database work stays in its own thread."""

    @wraps(test)
    def run(**fixtures):
        async_to_sync(test)(**fixtures)

    return run


@in_a_loop
async def test_bell_tells_the_count_at_once_and_at_each_change(people, request_of, in_this_thread):
    request = await sync_to_async(request_of)(people.admin)
    stream = live.Bell(request).events()
    assert await anext(stream) == "retry: 10000\n\n"
    first = await anext(stream)
    assert json.loads(first.split("data: ")[1]) == {"count": 0}
    await sync_to_async(lambda: services.notify(people.admin, "quota_reached", meter="ai_tokens", percent=100))()
    live._changed(f"{people.home.id}:{people.admin.pk}")
    second = await anext(stream)
    assert json.loads(second.split("data: ")[1]) == {"count": 1}
    await stream.aclose()
    assert not live._open and not live._waiting


@in_a_loop
async def test_bell_ends_with_the_right_to_it(people, request_of, in_this_thread, monkeypatch):
    monkeypatch.setattr(live, "RECHECK_SECONDS", 0.0)
    request = await sync_to_async(request_of)(people.admin)
    await sync_to_async(lambda: User.objects.filter(pk=people.admin.pk).update(is_active=False))()
    response = await live.live(request)
    events = [event async for event in response.streaming_content]
    assert events[-1].startswith(b"event: gone")
    assert not live._open
