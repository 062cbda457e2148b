"""Every URL x signed out, each role, a stranger, the operator: who gets in is what the view declares, nothing else."""

import pytest
from django.apps import apps
from django.db import connection

from accounts.access import OPERATORS
from accounts.models import Role
from tenants.content.addresses import content_address
from tenants.context import tenant_context
from tests.isolation.urls import Objects, every_url, fill

TENANT = [url for url in every_url() if url.host == "tenant"]
PUBLIC = [url for url in every_url() if url.host == "public"]
CONTENT = [url for url in every_url() if url.host == "content"]
ADMIN = [url for url in PUBLIC if url.name.startswith("admin:")]
OWN_PUBLIC = [url for url in PUBLIC if not url.name.startswith("admin:")]
ROLES = ("owner", "admin", "instructor", "member", "learner", "promoter")
# Open to whoever holds the link: the token is the right, and its own tests say what it opens.
BY_TOKEN = {"library:shared", "library:shared_file", "library:shared_download"}
# The object is a person of the workspace, whom its owner manages.
MANAGED = {"member", "member_role", "member_active", "member_remove", "member_owner"}
MANAGED |= {"group", "group_add", "group_remove", "group_delete"}
# An endless answer: tests/live reads it.
ENDLESS = ("conversations:stream", "notifications:live")
IN = {200, 204, 302, 400, 404, 405, 409, 422}


@pytest.fixture
def objects(people) -> Objects:
    return Objects(people)


def counts() -> dict[str, int]:
    """How many rows each table of the workspace and of public holds (sessions and presence aside)."""
    skipped = {"django_session", "analytics_activemember", "analytics_dailyfigures"}
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    each = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in sorted(tables - skipped))
    with connection.cursor() as cursor:
        cursor.execute(each)
        return dict(cursor.fetchall())


def picture(objects: Objects) -> list[object]:
    """The objects as they are, to see that a refused call changed nothing of them."""
    for row in (objects.conversation, objects.message, objects.item, objects.share):
        row.refresh_from_db()
    rows = (objects.conversation, objects.message, objects.item, objects.share)
    return [{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields} for row in rows]


@pytest.mark.parametrize("url", TENANT + PUBLIC + CONTENT, ids=str)
def test_every_view_declares_its_access(url):
    assert url.access is not None, f"{url}: declare its access with @access(...) or in accounts.access.THIRD_PARTY"


@pytest.mark.parametrize("url", [url for url in TENANT if url.access and url.access.roles is not None], ids=str)
def test_signed_out_is_sent_to_sign_in(url, objects, client_for):
    before = counts(), picture(objects)
    for method in ("get", "post"):
        answer = getattr(client_for(None), method)(objects.path(url))
        assert answer.status_code == 302 and answer.url.startswith("/accounts/login/"), (method, answer)
    assert (counts(), picture(objects)) == before


@pytest.mark.parametrize("url", [url for url in TENANT if url.access and url.access.roles is not None], ids=str)
def test_a_role_gets_in_where_it_is_declared_and_nowhere_else(url, objects, client_for, people):
    clients = {role: client_for(getattr(people, role)) for role in ROLES}
    before = counts(), picture(objects)
    for role in (role for role in ROLES if role not in url.access.roles):
        found = [getattr(clients[role], method)(objects.path(url)).status_code for method in ("get", "post")]
        assert found == [403, 403], role
    assert (counts(), picture(objects)) == before
    for role in (role for role in ROLES if role in url.access.roles and url.name not in ENDLESS):
        assert clients[role].get(objects.path(url)).status_code in IN, role


@pytest.mark.parametrize("who", ["stranger", "twin", "owner"])
@pytest.mark.parametrize("url", [url for url in TENANT if url.arguments and url.access.roles is not None], ids=str)
def test_another_ones_object_is_a_404(url, who, objects, client_for, people):
    """Next door by its key; and at home for an owner, who sees figures, not texts."""
    if who == "owner" and url.name in MANAGED:
        pytest.skip("a person of the workspace, whom its owner manages: tests/members")
    before = counts(), picture(objects)
    person = getattr(people, who)
    client = client_for(person)
    for method in ("get", "post"):
        status = getattr(client, method)(objects.path(url)).status_code
        assert status in ((404, 405) if person.role in url.access.roles else (403,)), (method, status)
    assert (counts(), picture(objects)) == before


@pytest.mark.parametrize("url", [url for url in TENANT if url.name in BY_TOKEN], ids=str)
def test_a_link_opens_nothing_next_door(url, objects, client_for, people):
    path = objects.path(url)
    here, there = client_for(None).get(path), client_for(None, host=people.away.domain).get(path)
    assert here.status_code in (200, 404) and there.status_code in (404, 410)
    assert "secret" not in there.content.decode().lower()


@pytest.mark.parametrize("url", CONTENT, ids=str)
def test_a_content_is_its_address_and_nobody_s_session(url, objects, client_for, people):
    """Whoever is signed in, wherever: on its own host the address opens, on every other there is nothing."""
    path, host = objects.path(url), objects.content_host
    before = counts(), picture(objects)
    for person in (None, people.owner, people.member, people.stranger, people.operator):
        client = client_for(person)
        for method in ("get", "head"):
            answer = getattr(client, method)(path, headers={"host": host})
            assert answer.status_code == (404 if "path" in url.arguments else 200), (person, method)
            assert "Set-Cookie" not in answer and "session" not in answer.cookies
        assert client.post(path, headers={"host": host}).status_code == 405
        for other in (people.home.domain, people.away.domain, "localhost", f"a{host}", host.replace(host[:4], "0000")):
            answer = client.get(path, headers={"host": other})
            assert answer.status_code == 404 and "secret" not in answer.content.decode().lower(), other
    assert (counts(), picture(objects)) == before


def test_a_content_address_is_worthless_in_another_workspace_s_name(objects, client_for, people):
    path, host = objects.content_path(CONTENT[0]), objects.content_host
    taken = path.replace(str(people.home.id), str(people.away.id))
    assert taken != path and client_for(None, host=host).get(taken).status_code == 404
    with tenant_context(people.away):
        # The same object's key, signed next door: another host, and nothing on it.
        there = content_address("library.item", str(objects.content_item.pk), viewer=str(people.stranger.pk))
    name, rest = there.url.split("/", 3)[2].partition(":")[0], "/" + there.url.split("/", 3)[3]
    assert name != host
    assert [client_for(None, host=one).get(rest).status_code for one in (name, host)] == [404, 404]


@pytest.mark.parametrize("url", ADMIN, ids=str)
def test_the_console_is_the_operators_alone(url, client_for, people):
    assert url.access is not None and url.access.roles == OPERATORS
    path = fill(url.route, dict.fromkeys(url.arguments, "1")).replace("(?P", "").split("(")[0]
    answer = client_for(None, host="localhost").get(path)
    assert answer.status_code in (302, 404) and (answer.status_code == 404 or "/accounts/login/" in answer.url)
    # On a workspace's host there is no console at all, for anybody.
    assert client_for(people.owner).get(path).status_code == 404


@pytest.mark.parametrize("url", [url for url in OWN_PUBLIC if not url.arguments], ids=str)
def test_public_pages_answer_whom_they_are_for(url, client_for, people):
    status = client_for(None, host="localhost").get(fill(url.route, {})).status_code
    assert status in IN


def test_a_session_of_one_host_is_nobody_on_another(client_for, people):
    home = client_for(people.member)
    session = home.cookies["session"].value
    for host in (people.away.domain, "localhost"):
        other = client_for(None, host=host)
        other.cookies["session"] = session
        path = "/conversations/" if host != "localhost" else "/admin/"
        answer = other.get(path)
        assert answer.status_code == 302 and "/accounts/login/" in answer.url
    operator = client_for(people.operator)
    at_home = client_for(None)
    at_home.cookies["session"] = operator.cookies["session"].value
    assert at_home.get("/").status_code == 302


def test_the_matrix_would_see_a_view_without_access(settings, client_for, people):
    """A view that forgot its declaration is refused to everybody, the owner included."""
    settings.TENANT_URLCONF = "tests.isolation.forgetful_urls"
    assert client_for(people.owner).get("/forgot/").status_code == 403
    assert client_for(None).get("/forgot/").status_code == 403


def test_every_role_of_the_design_is_in_the_matrix():
    assert {*ROLES, "operator"} == set(Role.values)
