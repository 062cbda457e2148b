"""Who sees an item, who changes it, and what the changes do."""

import pytest
from django.http import Http404

from accounts.models import AuditEntry
from library import selectors, services
from library.models import Item
from tenants.context import tenant_context
from tenants.services import ReadOnlyWorkspace


def sees(person, item):
    try:
        return selectors.access_item(person, item.pk) == item
    except Http404:
        return False


def changes(person, item):
    try:
        return selectors.access_item(person, item.pk, for_writing=True) == item
    except Http404:
        return False


def test_a_private_item_is_its_authors(people, answer):
    item = answer(people.member)
    assert sees(people.member, item) and changes(people.member, item)
    for person in (people.owner, people.admin, people.instructor):
        assert not sees(person, item)
        assert not changes(person, item)


def test_a_published_item_is_seen_by_all_and_changed_by_its_author_and_managers(people, answer):
    item = answer(people.member, visibility="workspace")
    assert sees(people.instructor, item) and not changes(people.instructor, item)
    assert all(changes(person, item) for person in (people.member, people.owner, people.admin))


def test_what_a_shared_conversation_made_is_seen(people, answer):
    item = answer(people.member)
    item.conversation.visibility = "workspace"
    item.conversation.save()
    assert item.visibility == "private"
    assert sees(people.instructor, item)
    assert item in selectors.items_visible(people.instructor)
    assert not changes(people.instructor, item)


def test_may_write_says_what_the_door_does(people, answer):
    for item in (answer(people.member), answer(people.member, visibility="workspace")):
        for person in (people.member, people.owner, people.admin, people.instructor):
            if sees(person, item):
                assert selectors.may_write(person, item) == changes(person, item)


def test_an_item_of_the_neighbour_does_not_exist(people, answer):
    with tenant_context(people.away):
        item = answer(people.stranger, visibility="workspace")
    assert not sees(people.owner, item)
    assert not Item.objects.filter(pk=item.pk).exists()


def test_edit_tidies_tags(people, answer):
    item = services.item_edit(
        item=answer(people.member),
        title="  Nouveau   titre ",
        tags=["  Client ", "#été", "client", "", "réseaux   sociaux", "x" * 60, "nul\x00"],
    )
    item.refresh_from_db()
    assert item.title == "Nouveau titre"
    assert item.tags == ["client", "été", "réseaux sociaux", "x" * 40, "nul"]
    assert len(services.clean_tags(str(number) for number in range(50))) == 20
    assert services.clean_tags(["C#", "#Été", "e\u0301te\u0301", "été,"]) == ["c#", "été"]


def test_archive_and_restore(people, answer):
    item = services.item_archive(item=answer(people.member))
    archived_at = item.archived_at
    assert services.item_archive(item=item).archived_at == archived_at
    assert not selectors.item_list(people.member, selectors.Filters()).filter(pk=item.pk).exists()
    assert selectors.item_list(people.member, selectors.Filters(archived=True)).get() == item
    assert services.item_restore(item=item).archived_at is None


def test_publishing_is_an_act_that_is_kept(people, answer):
    item = answer(people.member, title="Un secret")
    services.item_set_visibility(item=item, visibility="workspace", actor=people.member)
    services.item_set_visibility(item=item, visibility="workspace", actor=people.member)
    entry = AuditEntry.objects.get(action="library.visibility")
    assert entry.actor_id == people.member.pk
    assert "secret" not in f"{entry.target}{entry.details}"
    with pytest.raises(ValueError, match="public"):
        services.item_set_visibility(item=item, visibility="public", actor=people.member)


def test_a_read_only_workspace_changes_nothing(people, answer, set_state, upload):
    item = answer(people.member)
    share = services.share_create(item=item, actor=people.member, days=7)
    before = Item.objects.values().get(pk=item.pk)
    set_state(people.home, "suspended")
    acts = [
        lambda: services.item_edit(item=item, title="Autre", tags=["x"]),
        lambda: services.item_archive(item=item),
        lambda: services.item_restore(item=item),
        lambda: services.item_set_visibility(item=item, visibility="workspace", actor=people.member),
        lambda: services.share_create(item=item, actor=people.member, days=7),
        lambda: services.share_revoke(share=share, actor=people.member),
        lambda: upload(people.member, b"bonjour", "a.txt"),
    ]
    for act in acts:
        with pytest.raises(ReadOnlyWorkspace):
            act()
    assert Item.objects.values().get(pk=item.pk) == before
    assert Item.objects.count() == 1
    assert selectors.valid_shares(item) == [share]


@pytest.mark.parametrize("title", ["\u200d\ufe0f", "\u3164", "\u2800 \u2800", ""])
def test_a_title_that_nobody_sees_is_none(people, title):
    item = services.item_edit(item=_item(people), title=title, tags=[])
    assert item.title == "Sans titre"


def _item(people):
    return Item.objects.create(kind="text", title="Avant", text="a", author=people.member)
