"""A conversation is no longer shared: what it made, and what others made of that, ends with the sharing."""

import importlib
from threading import Thread

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import connections, transaction
from django.http import Http404

from accounts.models import AuditEntry
from conversations import services as conversations
from library import selectors, services
from library.models import Item, Share
from tenants.context import tenant_context
from tests.library.samples import PNG


@pytest.fixture
def shared(people, conversation_of):
    return conversation_of(people.member, "workspace")


def unshare(conversation, people):
    conversations.conversation_share(conversation=conversation, shared=False, actor=people.member)


def path_of(share):
    return f"/library/s/{selectors.share_token(share)}/"


def reads(client, item, tail=""):
    return client.get(f"/library/{item.pk}/{tail}").status_code == 200


def test_what_was_made_meanwhile_is_its_authors_again(people, answer, shared, client_for):
    item = answer(people.member, conversation=shared, text="réponse faite pendant le partage")
    colleagues = [client_for(person) for person in (people.owner, people.admin, people.instructor)]
    assert all(reads(client, item) and reads(client, item, "download/") for client in colleagues)
    unshare(shared, people)
    for client in colleagues:
        assert not reads(client, item) and not reads(client, item, "download/")
        assert str(item.pk) not in client.get("/library/?q=partage").content.decode()
        assert client.get(f"/conversations/{shared.pk}/").status_code == 404
    assert reads(client_for(people.member), item)


def test_an_image_follows_too(people, shared, client_for):
    item = services.item_save_image(
        author_id=people.member.pk, conversation_id=shared.pk, title="Image", prompt="un pré", data=PNG, provenance={}
    )
    admin = client_for(people.admin)
    assert reads(admin, item, "file/")
    unshare(shared, people)
    assert not reads(admin, item, "file/")
    assert reads(client_for(people.member), item, "file/")


def test_the_links_that_others_made_end_and_the_authors_own_stays(people, answer, shared, client_for):
    item = answer(people.member, conversation=shared)
    theirs = [services.share_create(item=item, actor=person, days=7) for person in (people.admin, people.owner)]
    own = services.share_create(item=item, actor=people.member, days=7)
    anyone = client_for(None)
    assert all(anyone.get(path_of(share)).status_code == 200 for share in (*theirs, own))
    unshare(shared, people)
    for tail in ("", "download/", "file/"):
        assert [anyone.get(path_of(share) + tail).status_code for share in theirs] == [404, 404]
    assert anyone.get(path_of(own)).status_code == 200
    assert AuditEntry.objects.filter(action="conversation.visibility").latest("pk").details["links"] == 2
    assert selectors.valid_shares(item) == [own]
    # Sharing again is a new act: it brings nobody's link back.
    conversations.conversation_share(conversation=shared, shared=True, actor=people.member)
    assert [anyone.get(path_of(share)).status_code for share in theirs] == [404, 404]


def test_a_link_whose_maker_is_gone_ends_too(people, answer, shared, client_for):
    share = services.share_create(item=answer(people.member, conversation=shared), actor=people.admin, days=7)
    Share.objects.filter(pk=share.pk).update(created_by=None)
    unshare(shared, people)
    share.refresh_from_db()
    assert share.revoked_at


def test_what_its_author_published_stays(people, answer, shared, client_for):
    item = answer(people.member, conversation=shared)
    services.item_set_visibility(item=item, visibility="workspace", actor=people.member)
    share = services.share_create(item=item, actor=people.admin, days=7)
    unshare(shared, people)
    assert reads(client_for(people.instructor), item)
    assert client_for(None).get(path_of(share)).status_code == 200


def test_taking_back_ends_the_links_of_others(people, answer, client_for):
    item = answer(people.member)
    services.item_set_visibility(item=item, visibility="workspace", actor=people.member)
    theirs = services.share_create(item=item, actor=people.admin, days=7)
    own = services.share_create(item=item, actor=people.member, days=7)
    services.item_set_visibility(item=item, visibility="private", actor=people.member)
    anyone = client_for(None)
    assert [anyone.get(path_of(share)).status_code for share in (theirs, own)] == [404, 200]
    assert AuditEntry.objects.filter(action="library.visibility").latest("pk").details["links"] == 1


def test_only_its_author_publishes(people, answer, shared, client_for):
    item = answer(people.member, conversation=shared)
    for person in (people.admin, people.owner):
        with pytest.raises(PermissionDenied):
            services.item_set_visibility(item=item, visibility="workspace", actor=person)
        answered = client_for(person).post(f"/library/{item.pk}/visibility/", {"visibility": "workspace"})
        assert answered.status_code == 403
        assert 'value="workspace"' not in client_for(person).get(f"/library/{item.pk}/").content.decode()
    item.refresh_from_db()
    assert item.visibility == "private"
    assert not AuditEntry.objects.filter(action="library.visibility").exists()
    unshare(shared, people)
    with pytest.raises(Http404):
        services.item_set_visibility(item=item, visibility="private", actor=people.admin)


def test_other_conversations_and_the_neighbour_are_left_alone(people, answer, shared, conversation_of, client_for):
    beside = answer(people.member, conversation=conversation_of(people.member, "workspace"))
    kept = services.share_create(item=beside, actor=people.admin, days=7)
    with tenant_context(people.away):
        theirs = answer(people.stranger, visibility="workspace")
        link = services.share_create(item=theirs, actor=people.stranger, days=7)
        path = path_of(link)
    unshare(shared, people)
    assert client_for(None).get(path_of(kept)).status_code == 200
    assert client_for(None, host=people.away.domain).get(path).status_code == 200
    with tenant_context(people.away):
        assert client_for(None).get(path).status_code == 404


def test_a_link_made_after_the_look_and_before_the_end_is_refused(people, answer, shared):
    item = answer(people.member, conversation=shared)
    found = selectors.access_item(people.admin, item.pk, for_writing=True)
    unshare(shared, people)
    with pytest.raises(Http404):
        services.share_create(item=found, actor=people.admin, days=7)
    assert not Share.objects.exists()


@pytest.mark.committed
def test_a_link_made_in_the_same_moment_ends_too(people, shared):
    """The link is written while the sharing ends: whoever holds the item's row first, the link does not outlive it."""
    item = Item.objects.create(author=people.member, conversation=shared, kind="text", title="Une réponse")

    def end() -> None:
        with tenant_context(people.home):
            unshare(shared, people)
        connections.close_all()

    try:
        with transaction.atomic():
            share = services.share_create(item=item, actor=people.admin, days=7)
            ending = Thread(target=end)
            ending.start()
            ending.join(0.3)
            assert ending.is_alive(), "it waits for who holds the item"
        ending.join(10)
        share.refresh_from_db()
        assert share.revoked_at
    finally:
        Item.objects.filter(pk=item.pk).delete()
        shared.delete()


def test_answers_of_before_follow_from_now_on(people, answer, shared, conversation_of, upload, client_for):
    """The migration: what no author published is private in itself; links of others to what nobody sees end."""
    private = conversation_of(people.member)
    left, followed, by_admin = (answer(people.member, conversation=one) for one in (private, shared, private))
    published, brought = answer(people.member, conversation=private), upload(people.member, PNG, visibility="workspace")
    services.item_set_visibility(item=published, visibility="workspace", actor=people.member)
    AuditEntry.objects.create(
        action="library.visibility",
        actor_id=people.admin.pk,
        target=f"item:{by_admin.pk}",
        details={"before": "private", "after": "workspace"},
    )
    Item.objects.filter(pk__in=[left.pk, followed.pk, by_admin.pk]).update(visibility="workspace")
    theirs = services.share_create(item=left, actor=people.admin, days=7)
    own = services.share_create(item=left, actor=people.member, days=7)
    importlib.import_module("library.migrations.0002_answers_follow_their_conversation").follow(apps, None)
    seen = {item.pk for item in selectors.items_visible(people.instructor)}
    assert seen == {followed.pk, published.pk, brought.pk}
    assert [client_for(None).get(path_of(share)).status_code for share in (theirs, own)] == [404, 200]
