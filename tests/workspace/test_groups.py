"""Groups of members: created, renamed, deleted by managers; who is in them."""

import pytest

from accounts.models import AuditEntry, User
from tenants.services import tenant_suspend
from workspace.groups import services
from workspace.models import MemberGroup, Membership

GROUPS = "/settings/members/groups/"


@pytest.fixture
def group(people):
    return services.group_create(name="Promotion A", actor=people.owner)


def test_a_manager_creates_fills_and_empties_a_group(people, client_for, django_assert_max_num_queries):
    client = client_for(people.admin)
    url = client.post(GROUPS, {"name": " Promotion A "})["Location"]
    group = MemberGroup.objects.get()
    assert (group.name, url) == ("Promotion A", f"{GROUPS}{group.pk}/")
    keys = [str(people.member.pk), str(people.learner.pk), str(people.stranger.pk), str(people.operator.pk), "x"]
    for _ in range(2):
        assert client.post(f"{url}add/", {"selected": keys}).status_code == 302
    assert set(Membership.objects.values_list("person", flat=True)) == {people.member.pk, people.learner.pk}
    # The messages of the acts are shown once.
    client.get(url)
    with django_assert_max_num_queries(8):
        page = client.get(url)
    assert list(page.context["people"]) == [people.learner, people.member]
    assert people.member not in page.context["candidates"] and people.owner in page.context["candidates"]
    assert client.get(GROUPS).context["groups"][0].size == 2
    client.post(f"{url}remove/", {"selected": [str(people.member.pk)]})
    assert list(Membership.objects.values_list("person", flat=True)) == [people.learner.pk]
    acts = AuditEntry.objects.filter(action__startswith="group.").order_by("id").values_list("action", flat=True)
    assert list(acts) == ["group.created", "group.people_added", "group.people_removed"]


def test_people_of_a_group_are_searched(people, client_for, group, monkeypatch):
    from workspace.groups import views

    services.people_add(group=group, keys=[people.member.pk, people.learner.pk], actor=people.owner)
    client, url = client_for(people.owner), f"{GROUPS}{group.pk}/"
    page = client.get(url, {"q": f" {people.member.email.upper()}\x00 "})
    assert list(page.context["people"]) == [people.member] and not page.context["candidates"]
    assert "Personne ne correspond" in page.content.decode()
    assert not client.get(url, {"q": "%"}).context["people"], "a wildcard is a character"
    monkeypatch.setattr(views, "SHOWN", 1)
    assert "1 personnes affichées sur 2" in client.get(url).content.decode()
    # What was searched stays after an act.
    answer = client.post(f"{url}remove/", {"selected": [str(people.member.pk)], "q": "a&b"})
    assert answer["Location"] == f"{url}?q=a%26b"


def test_a_name_is_one_group(people, client_for, group):
    client = client_for(people.owner)
    other = services.group_create(name="Promotion B", actor=people.owner)
    for url in (GROUPS, f"{GROUPS}{other.pk}/"):
        for name in ("promotion a", "", "a" * 81, "a\x07b"):
            answer = client.post(url, {"name": name})
            assert answer.status_code == 422 and answer.context["form"].errors["name"]
    assert set(MemberGroup.objects.values_list("name", flat=True)) == {"Promotion A", "Promotion B"}
    assert client.post(f"{GROUPS}{other.pk}/", {"name": "promotion b"}).status_code == 302, "its own, written otherwise"


def test_a_group_is_deleted_by_its_name_and_its_people_stay(people, client_for, group):
    services.people_add(group=group, keys=[people.member.pk], actor=people.owner)
    client = client_for(people.owner)
    assert client.post(f"{GROUPS}{group.pk}/delete/", {"name": "Promotion"}).status_code == 422
    assert MemberGroup.objects.exists()
    assert client.post(f"{GROUPS}{group.pk}/delete/", {"name": "promotion A"}).status_code == 302
    assert not MemberGroup.objects.exists() and User.objects.filter(pk=people.member.pk).exists()


def test_other_roles_and_suspended_workspaces_change_nothing(people, client_for, group):
    urls = [GROUPS, *(f"{GROUPS}{group.pk}/{act}" for act in ("", "add/", "remove/", "delete/"))]
    sent = {"name": "Promotion A", "selected": [str(people.member.pk)]}
    for person in (people.member, people.instructor, people.learner, people.promoter):
        assert {client_for(person).post(url, sent).status_code for url in urls} == {403}
    tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    assert {client_for(people.owner).post(url, sent).status_code for url in urls} == {403}
    assert client_for(people.owner).get(urls[1]).status_code == 200
    assert MemberGroup.objects.get().name == "Promotion A" and not Membership.objects.exists()


def test_a_workspace_has_a_limit_of_groups(people, monkeypatch, group):
    monkeypatch.setattr(services, "MAX_GROUPS", 1)
    with pytest.raises(services.GroupRefused):
        services.group_create(name="B", actor=people.owner)


def test_a_member_who_goes_leaves_the_groups(people, group):
    services.people_add(group=group, keys=[people.promoter.pk], actor=people.owner)
    User.objects.filter(pk=people.promoter.pk).delete()
    assert not Membership.objects.exists()
