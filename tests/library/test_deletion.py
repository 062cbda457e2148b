"""For good: from the archive only, by its author or an owner; the row, the links, the file and the bytes."""

import pytest

from accounts.models import AuditEntry
from conversations.models import Message
from library import deletion, files, selectors, services
from library.models import Item, Share
from tenants.context import tenant_context
from tenants.services import ReadOnlyWorkspace, tenant_suspend
from tests.library.samples import PNG
from usage import selectors as usage_selectors


def delete(client, item):
    return client.post(f"/library/{item.pk}/delete/")


def test_an_archived_item_goes_for_good(people, upload, client_for, kept_files, on_commit):
    item = upload(people.member, PNG, "photo.png")
    services.share_create(item=item, actor=people.member, days=1)
    before = usage_selectors.gauge(people.home, "storage").used
    client = client_for(people.member)
    assert delete(client, item)["Location"] == f"/library/{item.pk}/"
    assert Item.objects.filter(pk=item.pk).exists(), "what is not in the archive is not deleted"
    services.item_archive(item=item)
    asked = client.get(f"/library/{item.pk}/delete/").content.decode()
    assert "Personne ne pourra les rétablir" in asked and "photo.png" in asked
    assert kept_files() and selectors.storage_used() == len(PNG)
    with on_commit(execute=True):
        answer = delete(client, item)
    assert answer["Location"] == "/library/?archived=on"
    assert "supprimé définitivement" in client.get(answer["Location"]).content.decode()
    assert not Item.objects.filter(pk=item.pk).exists() and not Share.objects.exists()
    assert kept_files() == [] and selectors.storage_used() == 0
    assert before - usage_selectors.gauge(people.home, "storage").used == len(PNG)
    entry = AuditEntry.objects.get(action="library.deleted")
    assert (entry.target, entry.actor_id) == (f"item:{item.pk}", people.member.pk)
    assert entry.details == {"kind": "image", "bytes": len(PNG)}
    assert delete(client, item).status_code == 404


@pytest.mark.parametrize(
    ("person", "visibility", "status"),
    [
        ("owner", "workspace", 302),
        ("owner", "private", 404),
        ("admin", "workspace", 404),
        ("instructor", "workspace", 404),
        ("stranger", "workspace", 404),
    ],
)
def test_only_its_author_or_an_owner(people, answer, client_for, person, visibility, status):
    item = answer(people.member, visibility=visibility)
    services.item_archive(item=item)
    assert delete(client_for(getattr(people, person)), item).status_code == status
    assert Item.objects.filter(pk=item.pk).exists() == (status == 404)


def test_the_archive_offers_it_to_those_who_may(people, answer, client_for):
    item = answer(people.member, visibility="workspace")
    services.item_archive(item=item)
    for person, offered in ((people.member, True), (people.owner, True), (people.admin, False)):
        for path in (f"/library/{item.pk}/", "/library/?archived=on"):
            page = client_for(person).get(path).content.decode()
            assert (f"/library/{item.pk}/delete/" in page) == offered


def test_a_failing_storage_enqueues_the_deletion_of_the_file(people, upload, on_commit, monkeypatch):
    """The storage is the one thing here that is not ours."""
    item = upload(people.member, PNG, "photo.png")
    services.item_archive(item=item)
    enqueued = []

    def fail(path):
        raise OSError("away")

    monkeypatch.setattr(files.storage(), "delete", fail)
    monkeypatch.setattr(deletion, "enqueue", lambda job, **arguments: enqueued.append((job, arguments)))
    with on_commit(execute=True):
        services.item_delete(item=item, actor=people.member)
    assert enqueued == [(files.discard, {"path": item.file})]


def test_nothing_goes_in_a_read_only_workspace(people, answer):
    item = answer(people.member)
    services.item_archive(item=item)
    tenant_suspend(tenant_id=people.home.id, reason="impayé", actor="test")
    with tenant_context(people.home), pytest.raises(ReadOnlyWorkspace):
        services.item_delete(item=item, actor=people.member)
    assert Item.objects.filter(pk=item.pk).exists()


def test_a_conversation_says_that_its_image_is_gone(people, upload, conversation_of, client_for):
    conversation, item = conversation_of(people.member), upload(people.member, PNG, "photo.png")
    Message.objects.create(
        conversation=conversation, role="assistant", text="Une ruche", image_state="done", image_item_id=item.pk
    )
    client = client_for(people.member)
    path = f"/conversations/{conversation.pk}/"
    assert f"/library/{item.pk}/file/" in client.get(path).content.decode()
    services.item_archive(item=item)
    services.item_delete(item=item, actor=people.member)
    page = client.get(path).content.decode()
    assert f"/library/{item.pk}/" not in page and "L’image a été supprimée" in page
