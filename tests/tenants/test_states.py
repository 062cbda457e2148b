"""What a state lets through: a suspended workspace is read and nothing more, a closed one is its owners'."""

from typing import Any

import pytest

from accounts.access import SAFE_METHODS
from library.models import Share
from tenants import selectors, services
from tenants.context import public_context
from tenants.models import Tenant
from tests.isolation.test_entry import FORM, WITHOUT_ANSWER
from tests.isolation.test_matrix import ROLES, counts, picture
from tests.isolation.urls import Objects, every_url

GUARDED = [url for url in every_url() if url.host == "tenant" and url.access and url.access.roles is not None]
WRITES = [url for url in GUARDED if not url.access.writes_when_read_only]
METHODS = ("post", "put", "patch", "delete")


@pytest.fixture
def objects(people) -> Objects:
    return Objects(people)


def whoever_may(people: Any, url: Any) -> Any:
    return people.member if people.member.role in url.access.roles else people.owner


@pytest.mark.parametrize("url", WRITES, ids=str)
def test_a_suspended_workspace_takes_nothing(url, objects, client_for, people):
    client = client_for(whoever_may(people, url))
    services.tenant_suspend(tenant_id=people.home.id, reason="impayé", actor="test")
    before = counts(), picture(objects)
    for method in METHODS:
        answer = getattr(client, method)(objects.path(url), FORM if method == "post" else "")
        assert answer.status_code == 403 and "lecture" in answer.content.decode(), method
    assert (counts(), picture(objects)) == before


@pytest.mark.parametrize("url", [url for url in GUARDED if url.name not in WITHOUT_ANSWER], ids=str)
def test_a_suspended_workspace_is_read(url, objects, client_for, people):
    client = client_for(whoever_may(people, url))
    services.tenant_suspend(tenant_id=people.home.id, reason="impayé", actor="test")
    assert client.get(objects.path(url)).status_code in (200, 302, 405)


def test_the_exceptions_are_few_and_named():
    """What a suspended workspace may still send. A new line here is a decision."""
    exempt = {url.name for url in GUARDED if url.access.writes_when_read_only}
    assert exempt == {
        "conversations:stop",
        # Paying is what reopens it.
        "plan_choose",
        "plan_details",
        "plan_checkout",
        "plan_thanks",
        "plan_change",
        "plan_cancel",
        "plan_resume",
        "plan_pay",
        "plan_portal",
        "plan_back",
        # One's contents may always be taken away.
        "data_download",
        # One's own notices: reading them is no act of the workspace.
        "notifications:open",
        "notifications:preferences",
        "notifications:read_all",
        "account_change_password",
        "account_set_password",
        "account_reauthenticate",
    }
    assert {"GET", "HEAD", "OPTIONS"} == SAFE_METHODS


@pytest.mark.parametrize("url", GUARDED, ids=str)
def test_a_closed_workspace_is_its_owners(url, objects, client_for, people):
    clients = {role: client_for(getattr(people, role)) for role in ROLES}
    services.tenant_close(tenant_id=people.home.id, reason="départ", actor="test")
    before = counts(), picture(objects)
    opens = "closed" in url.access.states
    for role in (role for role in ROLES if role != "owner" or not opens):
        found = [getattr(clients[role], method)(objects.path(url)).status_code for method in ("get", "post")]
        assert found == [403, 403], role
    assert (counts(), picture(objects)) == before
    if opens and url.name not in WITHOUT_ANSWER:
        # 405: an act that is asked for by a form.
        assert clients["owner"].get(objects.path(url)).status_code in (200, 302, 405)


def test_a_link_of_a_closed_workspace_opens_nothing(objects, client_for, people):
    url = next(url for url in every_url() if url.name == "library:shared")
    path = objects.path(url)
    assert client_for(None).get(path).status_code == 200
    services.tenant_suspend(tenant_id=people.home.id, reason="impayé", actor="test")
    assert client_for(None).get(path).status_code == 200
    assert Share.objects.get().opens == 1, "read, but not counted: counting writes"
    services.tenant_close(tenant_id=people.home.id, reason="départ", actor="test")
    assert client_for(None).get(path).status_code == 404


def test_a_change_of_state_is_felt_by_the_next_request(client_for, people):
    """The workspace's picture is cached; the change drops it."""
    client = client_for(people.owner)
    assert client.get("/settings/").status_code == 200
    services.tenant_close(tenant_id=people.home.id, reason="départ", actor="test")
    assert client.get("/settings/").status_code == 403
    services.tenant_resume(tenant_id=people.home.id, reason="retour", actor="test")
    assert client.get("/settings/").status_code == 200


def test_a_service_does_not_believe_an_old_picture(people, monkeypatch):
    """A request that began before the suspension still writes nothing."""
    with public_context():
        Tenant.objects.filter(pk=people.home.id).update(state="suspended")
    with pytest.raises(services.ReadOnlyWorkspace):
        services.require_writable()


def test_the_same_state_again_is_no_event(people):
    from accounts.models import AuditEntry

    for _ in range(2):
        services.tenant_suspend(tenant_id=people.home.id, reason="impayé", actor="test")
    assert AuditEntry.objects.filter(action="tenant.state_changed").count() == 1
    assert Tenant.objects.get(pk=people.home.id).version == 1


def test_a_trial_that_is_over_is_resumed_as_active(people):
    from django.utils import timezone

    with public_context():
        Tenant.objects.filter(pk=people.home.id).update(trial_ends_at=timezone.now())
    assert services.tenant_resume(tenant_id=people.home.id, reason="payé", actor="test").state == "active"
    assert selectors.tenant_for_host(people.home.domain).state == "active"
