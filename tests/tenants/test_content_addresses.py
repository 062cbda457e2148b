"""Addresses of contents: what they open, for how long, and what stands around every answer."""

import time
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import Http404

from tenants import busy, selectors, services
from tenants.admission import Busy
from tenants.content import addresses
from tenants.content.addresses import NoContent, content_address
from tenants.content.types import Restrictions
from tenants.context import NoTenant, public_context, tenant_context
from tenants.models import Domain, Tenant
from tenants.signing import sign
from tests.isolation.test_entry import AsyncAt
from tests.tenants.notes import KIND, OPENER, acts, asked, note, opened, split


@pytest.fixture(autouse=True)
def kinds(settings):
    settings.CONTENT_KINDS = settings.CONTENT_KINDS | {KIND: OPENER}
    asked.clear()
    acts.clear()


class TestAddress:
    def test_it_opens_its_object_in_its_workspace(self, people):
        answer = opened(note("n7", version="v2", viewer="u3", path="a/b.js"))
        assert (answer.status_code, answer.content.decode()) == (200, "n7 a/b.js atelier")
        assert (asked[0].version, asked[0].viewer) == ("v2", "u3")

    def test_it_opens_under_asgi_too(self, people):
        host, path = split(note())
        answer = async_to_sync(AsyncAt().get)(path, headers={"host": host})
        assert answer.content.decode() == "n1  atelier"

    def test_no_workspace_in_context_is_an_error(self):
        with public_context(), pytest.raises(NoTenant):
            note()

    def test_it_asks_the_database_nothing_by_itself(self, people, django_assert_num_queries):
        opened(note())
        with django_assert_num_queries(0):
            assert opened(note()).status_code == 200

    @pytest.mark.parametrize("seconds", [addresses.SECONDS, addresses.SECONDS + 60])
    def test_it_ends_after_its_seconds(self, people, monkeypatch, seconds):
        url, now = note(), time.time()
        monkeypatch.setattr(addresses.time, "time", lambda: now + seconds - 2)
        assert opened(url).status_code == (200 if seconds == addresses.SECONDS else 404)
        monkeypatch.setattr(addresses.time, "time", lambda: now + seconds + 1)
        assert opened(url).status_code == 404

    def test_on_the_host_of_another_object_it_opens_nothing(self, people):
        other = split(note("n2"))[0]
        for host in (other, "content.localhost", "x.content.localhost", f"a.{other}"):
            assert opened(note("n1"), host=host).status_code == 404
        assert not asked

    def test_a_forged_one_opens_nothing(self, people, django_assert_num_queries):
        url = note()
        head, _, token = url.rstrip("/").rpartition("/")
        away = url.replace(str(people.home.id), str(people.away.id))
        forged = [f"{head}/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}/", f"{head}/x/", away]
        forged += [url.replace(str(people.home.id), str(uuid4()))]
        # Nothing is looked up for what is not signed.
        with django_assert_num_queries(0):
            assert [opened(one).status_code for one in forged] == [404] * len(forged)
        assert not asked

    def test_a_value_signed_for_something_else_opens_nothing(self, people):
        head = note().rstrip("/").rpartition("/")[0]
        far = int(time.time()) + 99
        fields = [people.home.domain, KIND, "n1", "", "", far]
        for token in (sign("share", fields), sign(addresses.PURPOSE, fields[:4]), sign(addresses.PURPOSE, "n1")):
            assert opened(f"{head}/{token}/").status_code == 404
        assert opened(f"{head}/{sign(addresses.PURPOSE, fields)}/").status_code == 200

    def test_a_kind_that_is_gone_opens_nothing(self, people, settings):
        url = note()
        settings.CONTENT_KINDS = {}
        assert opened(url).status_code == 404

    @pytest.mark.parametrize("error", [Http404, PermissionDenied])
    def test_what_the_kind_refuses_is_the_same_plain_404(self, people, error):
        def refuse(_note):
            raise error

        acts.append(refuse)
        answer, unknown = opened(note()), opened(note(), host="x.content.localhost")
        assert answer.status_code == unknown.status_code == 404 and answer.content == unknown.content == b"404\n"
        assert dict(answer.headers) | {"X-Request-ID": ""} == dict(unknown.headers) | {"X-Request-ID": ""}

    def test_a_fault_of_the_kind_is_a_500_within_the_walls(self, people):
        acts.append(lambda _note: 1 / 0)
        answer = opened(note())
        assert answer.status_code == 500 and "sandbox" in answer["Content-Security-Policy"]

    def test_a_busy_platform_says_when_to_come_again(self, people, client_for):
        def wait(_note):
            raise Busy

        acts.append(wait)
        answer = opened(note(), cookie="language=en")
        assert (answer.status_code, answer.content) == (503, b"")
        assert int(answer["Retry-After"]) == busy.RETRY_AFTER_SECONDS


class TestWorkspace:
    @pytest.mark.parametrize(("state", "status"), [("suspended", 200), ("past_due", 200), ("closed", 404)])
    def test_its_state_counts_at_each_request(self, people, state, status):
        url = note()
        assert opened(url).status_code == 200
        with public_context():
            Tenant.objects.filter(pk=people.home.id).update(state=state)
            selectors.forget_hosts(people.home.id)
        assert opened(url).status_code == status

    def test_suspended_by_its_service_it_is_still_read(self, people):
        url = note()
        services.tenant_suspend(tenant_id=people.home.id, reason="impayé", actor="test")
        assert opened(url).status_code == 200

    def test_a_domain_that_moved_shows_nothing_of_the_workspace_before(self, people):
        url = note()
        with public_context():
            Domain.objects.filter(domain=people.home.domain).update(tenant=people.away.id, is_primary=False)
            selectors.forget_hosts(people.home.id)
            selectors.forget_hosts(people.away.id)
        assert opened(url).status_code == 404 and not asked

    def test_behind_its_code_it_waits(self, people, monkeypatch):
        monkeypatch.setattr("tenants.content.views.is_behind", lambda tenant: True)
        answer = opened(note())
        assert answer.status_code == 503 and answer["Retry-After"] == "60" and not asked


class TestWalls:
    def test_a_content_has_all_of_them(self, people, settings):
        answer = opened(note())
        origin = f"http://{people.home.domain}{settings.BASE_PORT}"
        assert answer["Content-Security-Policy"] == (
            "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none';"
            f" frame-ancestors {origin}; sandbox allow-scripts"
        )
        assert answer["Cache-Control"] == "private, no-cache"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer["X-Robots-Tag"] == "none"
        denied = answer["Permissions-Policy"].split(", ")
        assert {"camera=()", "geolocation=()", "storage-access=()"} <= set(denied)
        assert all(one.endswith("=()") for one in denied)
        assert "X-Frame-Options" not in answer

    @pytest.mark.parametrize(
        ("grants", "sources"),
        [
            ({"allow-top-navigation"}, {}),
            ({"allow-top-navigation-by-user-activation"}, {}),
            ({"allow-popups-to-escape-sandbox"}, {}),
            (set(), {"frame-ancestors": "*"}),
            (set(), {"default-src": "*"}),
            (set(), {"sandbox": "allow-top-navigation"}),
        ],
    )
    def test_no_kind_opens_what_is_closed_for_all(self, grants, sources):
        with pytest.raises(ValueError, match="not for a content"):
            Restrictions(sources, frozenset(grants))

    def test_no_cookie_is_read_nor_set(self, people, client_for):
        client = client_for(people.member)
        cookies = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
        url = note()
        bare, sent = opened(url), opened(url, cookie=f"{cookies}; csrf=x; language=en")
        assert cookies and "session=" in cookies
        assert [one.request.COOKIES for one in asked] == [{}, {}]
        assert all(not hasattr(one.request, "session") and not hasattr(one.request, "user") for one in asked)
        for answer in (bare, sent, opened(note(), host="x.content.localhost", cookie=cookies)):
            assert not answer.cookies and "Set-Cookie" not in answer and "Cookie" not in answer.get("Vary", "")
        assert bare.content == sent.content
        assert dict(bare.headers) | {"X-Request-ID": ""} == dict(sent.headers) | {"X-Request-ID": ""}

    def test_a_page_of_its_own_is_refused(self, people):
        for dest, status in (("document", 404), ("iframe", 200), ("empty", 200)):
            assert opened(note(), **{"sec-fetch-dest": dest}).status_code == status

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
    def test_it_is_read_only(self, people, method):
        answer = opened(note(), method)
        assert answer.status_code == 405 and answer["Allow"] == "GET, HEAD" and not asked

    def test_head_is_answered(self, people):
        answer = opened(note(), "head")
        assert answer.status_code == 200 and answer.content == b""


def test_next_door_an_address_is_read_by_nobody(people):
    url = note()
    token = url.rstrip("/").rpartition("/")[2]
    host = split(url)[0]
    assert addresses.read(host, people.home.id, token).object_id == "n1"
    with pytest.raises(NoContent):
        addresses.read(host, people.away.id, token)
    with tenant_context(people.away):
        assert content_address(KIND, "n1").origin != content_address(KIND, "n2").origin
