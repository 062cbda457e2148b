"""Content hosts: which names are theirs, and what is not on them."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory

from config import handler
from tenants import admission, busy
from tenants.content import addresses, hosts
from tenants.content.checks import check_content_hosts, check_content_hosts_deployed
from tenants.names import check_names
from tenants.slugs import validate_slug
from tests.tenants.notes import KIND, OPENER, acts, asked, note, opened, split

ADDRESS = "https://*.content.example.net"


@pytest.fixture(autouse=True)
def kinds(settings):
    settings.CONTENT_KINDS = settings.CONTENT_KINDS | {KIND: OPENER}
    asked.clear()
    acts.clear()


class TestHosts:
    @pytest.mark.parametrize(
        ("value", "suffix"),
        [
            (ADDRESS, "content.example.net"),
            ("http://*.content.localhost:8000", "content.localhost"),
            ("", None),
            ("https://content.example.net", None),
            ("https://x.*.example.net", None),
            ("https://*.example.net/path", None),
            ("ftp://*.example.net", None),
            ("*.example.net", None),
        ],
    )
    def test_an_address_with_a_star_is_a_place(self, value, suffix):
        place = hosts.place_at(value)
        assert (place and place.suffix) == suffix

    def test_names_at_and_below_the_suffix_are_content_hosts(self, settings):
        settings.RUCHE_CONTENT_BASE_URL = ADDRESS
        for name in ("content.example.net", "x.content.example.net", "a.b.content.example.net"):
            assert hosts.is_content_host(name), name
        for name in ("example.net", "xcontent.example.net", "content.example.net.evil.test", "", "atelier.localhost"):
            assert not hosts.is_content_host(name), name

    def test_without_a_setting_no_name_is_one(self, settings):
        settings.RUCHE_CONTENT_BASE_URL = ""
        assert not hosts.is_content_host("") and not hosts.is_content_host("x.content.localhost")
        assert not addresses.is_on()
        with pytest.raises(LookupError):
            note()

    def test_two_objects_never_share_a_label(self, people):
        wanted = [(people.home.id, KIND, "1"), (people.home.id, KIND, "2"), (people.home.id, "test.other", "1")]
        wanted += [(people.away.id, KIND, "1")]
        labels = {hosts.label_of(*one) for one in wanted}
        assert len(labels) == 4 and {hosts.label_of(*one) for one in wanted} == labels
        assert all(len(label) == hosts.LABEL_LENGTH <= 63 and label.isalnum() for label in labels)

    def test_a_label_needs_the_key_of_the_installation(self, people, settings):
        before = hosts.label_of(people.home.id, KIND, "1")
        settings.SECRET_KEY = "another-key-another-key-another-key-another-key"
        assert hosts.label_of(people.home.id, KIND, "1") != before


class TestNothingElse:
    PATHS = (
        "/", "/healthz", "/readyz", "/static/icons/favicon.svg", "/favicon.ico", "/robots.txt", "/accounts/login/",
        "/library/", "/admin/", "/language/", "/manifest.webmanifest", "/accounts/login", "/library",
    )  # fmt: skip

    @pytest.mark.parametrize("path", PATHS)
    def test_no_page_of_the_product_is_on_a_content_host(self, people, path, django_assert_num_queries):
        name = split(note())[0]
        for host in (name, "x.content.localhost", "content.localhost"):
            client = Client(headers={"host": host})
            with django_assert_num_queries(0):
                for answer in (client.get(path), client.get(path, secure=True)):
                    assert answer.status_code == 404 and answer.content == b"404\n"

    def test_no_content_is_on_a_host_of_the_product(self, people):
        for host in (people.home.domain, people.away.domain, "localhost"):
            assert opened(note(), host=host).status_code == 404
        assert not asked

    def test_over_plain_http_it_is_nowhere_where_tls_is_asked_for(self, people, settings):
        settings.SECURE_SSL_REDIRECT, settings.BASE_SCHEME = True, "https"
        settings.RUCHE_CONTENT_BASE_URL = ADDRESS
        url = note()
        plain = opened(url)
        assert plain.status_code == 404 and "Location" not in plain
        host, path = split(url)
        assert Client(headers={"host": host}).get(path, secure=True).status_code == 200


class TestTurns:
    """Before a request is worked on: whose turn it takes, and in which lane (config/handler.py)."""

    def request(self, url, **headers):
        host, path = split(url)
        return RequestFactory().get(path, headers={"host": host} | headers)

    def test_it_takes_a_turn_of_its_workspace_among_what_waits_outside(self, people):
        request = self.request(note())
        assert handler.lane_of(request) == admission.OUTSIDE
        assert handler.visitor(request).place == str(people.home.id)

    def test_nobody_takes_a_turn_in_anothers_name(self, people):
        forged = note().replace(str(people.home.id), str(people.away.id))
        for url in (forged, "http://x.content.localhost/", "http://x.content.localhost/a/b/c"):
            assert handler.visitor(self.request(url)).place == "unknown"

    @pytest.mark.parametrize("path", ["/healthz", "/static/icons/favicon.svg", "/static/x"])
    def test_nothing_of_a_content_host_goes_without_a_turn(self, people, path):
        assert handler.is_free(self.request(f"http://{people.home.domain}{path}"))
        assert not handler.is_free(self.request(f"http://x.content.localhost{path}"))
        assert not handler.is_free(self.request(f"http://{people.home.domain}/healthz/x"))
        assert not handler.is_free(self.request(f"http://{people.home.domain}/healthzx"))

    def test_a_full_lane_answers_without_a_page(self, people):
        answer = busy.busy(self.request(note(), cookie="language=en"))
        assert (answer.status_code, answer.content) == (503, b"") and "Content-Language" not in answer


class TestChecks:
    @pytest.mark.parametrize(
        ("value", "found"),
        [
            (ADDRESS, []),
            ("", []),
            ("https://content.example.net", ["ruche.E011"]),
            ("https://*.localhost", ["ruche.E011"]),
            ("https://*.content.localhost", []),
        ],
    )
    def test_a_value_without_a_star_or_over_the_product_is_an_error(self, settings, value, found):
        settings.RUCHE_CONTENT_BASE_URL = value
        assert [one.id for one in check_content_hosts(None)] == found

    def test_the_product_below_the_content_hosts_is_an_error(self, settings):
        settings.RUCHE_CONTENT_BASE_URL, settings.BASE_HOST = "https://*.example.net", "app.example.net"
        assert [one.id for one in check_content_hosts(None)] == ["ruche.E011"]

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            (ADDRESS, []),
            ("", ["ruche.W011"]),
            ("https://*.content.ruche.test", ["ruche.W012"]),
            ("http://*.content.example.net", ["ruche.W013"]),
        ],
    )
    def test_a_deployment_is_warned(self, settings, value, found):
        settings.BASE_HOST, settings.BASE_SCHEME = "ruche.test", "https"
        settings.RUCHE_CONTENT_BASE_URL = value
        assert [one.id for one in check_content_hosts_deployed(None)] == found
        settings.RUCHE_EMBEDDED = True
        assert check_content_hosts_deployed(None) == []

    def test_a_kind_that_leads_nowhere_is_an_error(self, settings):
        settings.CONTENT_KINDS = {"x": "library.contents.nothing"}
        (error,) = check_names(None)
        assert error.id == "ruche.E010" and "CONTENT_KINDS" in error.msg
        settings.CONTENT_KINDS = {"x": "library.selectors.storage_used"}
        (error,) = check_names(None)
        assert "too many positional" in error.msg

    def test_no_workspace_is_called_as_the_content_hosts_are(self):
        with pytest.raises(ValidationError):
            validate_slug("content")

    def test_nor_as_those_of_this_installation_are(self, settings):
        """It would be made, and never be reached."""
        validate_slug("visiteurs")
        settings.RUCHE_CONTENT_BASE_URL = f"https://*.visiteurs.{settings.BASE_HOST}"
        with pytest.raises(ValidationError) as refused:
            validate_slug("visiteurs")
        assert refused.value.code == "slug_reserved"
