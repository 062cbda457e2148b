"""Rate limits by workspace, account and network: no spelling resets them, and they do not lock out the user."""

import re

import pytest
from django.test import Client

from accounts import limits
from embedded import programs
from mailing.models import OutboxMessage
from tenants.context import public_context, tenant_context
from tenants.ids import new_id
from tests.people import PASSWORD, TWIN_PASSWORD

ATTACKER, OWNER, ELSEWHERE = "203.0.113.7", "198.51.100.20", "192.0.2.1"


def attempt(host, ip=ATTACKER, email="member@atelier.test", password="faux"):
    client = Client(headers={"host": host}, REMOTE_ADDR=ip)
    client.post("/accounts/login/", {"login": email, "password": password})
    return client


def gets_in(host, ip, email="member@atelier.test", password=PASSWORD):
    return attempt(host, ip, email, password).get("/accounts/password/change/").status_code == 200


def mails_to(address, begun):
    with public_context():
        rows = OutboxMessage.objects.filter(pk__gt=begun).order_by("pk")
        return [row for row in rows if address in row.to]


def test_other_spellings_of_the_host_do_not_reset_the_count(people):
    spellings = ["atelier.localhost", "ATELIER.localhost", "atelier.localhost."]
    spellings += [f"atelier.localhost:{port}" for port in range(1, 6)]
    for host in spellings:
        attempt(host)
    for host in ("atelier.localhost:7777", "Atelier.Localhost.:1", people.home.domain):
        assert not gets_in(host, ATTACKER), host


def test_other_spellings_of_the_address_do_not_reset_the_count(people):
    for email in ("member@atelier.test", "MEMBER@atelier.test", " member@ATELIER.test ", "Member@Atelier.Test") * 2:
        attempt(people.home.domain, email=email)
    assert not gets_in(people.home.domain, ATTACKER)


@pytest.mark.parametrize(
    ("ips", "beside"),
    [
        ([f"203.0.113.{number}" for number in range(1, 9)], "203.0.113.99"),
        ([f"2001:db8:1:2::{number}" for number in range(1, 9)], "2001:db8:1:2:ffff::1"),
        ([f"::ffff:203.0.113.{number}" for number in range(1, 9)], "203.0.113.99"),
    ],
)
def test_addresses_of_one_network_share_a_count(people, ips, beside):
    for ip in ips:
        attempt(people.home.domain, ip)
    assert not gets_in(people.home.domain, beside)
    assert gets_in(people.home.domain, OWNER)


def test_failures_from_another_network_do_not_lock_out_the_user(people):
    for _number in range(20):
        attempt(people.home.domain)
    assert not gets_in(people.home.domain, ATTACKER), "not even with the right one"
    assert gets_in(people.home.domain, OWNER)
    assert gets_in(people.away.domain, ATTACKER, password=TWIN_PASSWORD), "the neighbour's account of the same address"


def from_many_networks(people, count=100):
    for number in range(count):
        attempt(people.home.domain, f"10.{number // 8}.0.1")


def test_failures_from_many_networks_block_all_but_known_networks(people, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_failed_anywhere": "12/h/key"}
    assert gets_in(people.home.domain, OWNER), "their network is known from now on"
    from_many_networks(people, 12)
    assert not gets_in(people.home.domain, ELSEWHERE)
    assert gets_in(people.home.domain, OWNER)
    assert gets_in(people.home.domain, ELSEWHERE, people.owner.email), "somebody else's account"
    assert gets_in(people.away.domain, ELSEWHERE, password=TWIN_PASSWORD), "the neighbour's"


def test_limit_over_all_networks_is_far_above_that_of_one_network(settings):
    assert settings.ACCOUNT_RATE_LIMITS["login_failed_anywhere"] == "100/h/key"


def code_sent(begun, address="member@atelier.test"):
    match = re.search(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", mails_to(address, begun)[-1].text, re.M)
    assert match
    return match[1]


def ask_code(host, ip, email="member@atelier.test"):
    client = Client(headers={"host": host}, REMOTE_ADDR=ip)
    return client, client.post("/accounts/login/code/", {"email": email})


def test_sign_in_by_code_works_while_the_password_is_blocked(people, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_failed_anywhere": "12/h/key"}
    from_many_networks(people, 12)
    page = Client(headers={"host": people.home.domain}).get("/accounts/login/").content.decode()
    assert "/accounts/login/code/" in page
    begun = new_id()
    client, response = ask_code(people.home.domain, ELSEWHERE)
    assert response["Location"].startswith("/accounts/login/code/confirm/")
    client.post("/accounts/login/code/confirm/", {"code": code_sent(begun)})
    assert client.get("/accounts/password/change/").status_code == 200
    assert gets_in(people.home.domain, ELSEWHERE), "who proved to be the holder is known there"


def test_code_is_invalid_in_another_workspace_and_in_another_browser(people):
    begun = new_id()
    ask_code(people.home.domain, OWNER)
    code = code_sent(begun)
    for host in (people.away.domain, people.home.domain):
        client, _response = ask_code(host, ELSEWHERE)
        client.post("/accounts/login/code/confirm/", {"code": code})
        assert client.get("/accounts/password/change/").status_code == 302, host


def test_three_wrong_codes_invalidate_the_code(people):
    begun = new_id()
    client, _response = ask_code(people.home.domain, OWNER)
    for _number in range(3):
        client.post("/accounts/login/code/confirm/", {"code": "AAAA-AAAA"})
    client.post("/accounts/login/code/confirm/", {"code": code_sent(begun)})
    assert client.get("/accounts/password/change/").status_code == 302


def test_unknown_and_inactive_accounts_get_no_code(people):
    begun = new_id()
    answers = [ask_code(people.home.domain, OWNER, email)[1] for email in (people.member.email, "nul@atelier.test")]
    assert answers[0]["Location"] == answers[1]["Location"], "nothing tells whether an account exists"
    assert mails_to("nul@atelier.test", begun) == []
    assert mails_to(people.stranger.email, begun) == []
    people.owner.is_active = False
    type(people.owner).objects.filter(pk=people.owner.pk).update(is_active=False)
    ask_code(people.home.domain, OWNER, people.owner.email)
    assert mails_to(people.owner.email, begun) == []


def reset(host, email, ip=ATTACKER):
    return Client(headers={"host": host}, REMOTE_ADDR=ip).post("/accounts/password/reset/", {"email": email})


class TestMailbox:
    """Nobody's mailbox is flooded, and no workspace uses up what the others need."""

    def test_mails_are_limited_in_one_workspace(self, people):
        begun = new_id()
        spellings = ("atelier.localhost", "atelier.localhost:1", "atelier.localhost.")
        for number in range(9):
            reset(
                spellings[number % 3],
                people.member.email.upper() if number % 2 else people.member.email,
                f"10.0.{number}.1",
            )
        ask_code(people.home.domain, OWNER)
        assert len(mails_to(people.member.email, begun)) == 5

    def test_mails_are_limited_over_all_workspaces(self, people):
        """The member's address is an account of both."""
        begun = new_id()
        for host in (people.home.domain, people.away.domain):
            for number in range(7):
                reset(host, people.member.email, f"10.0.{number}.1")
        assert len(mails_to(people.member.email, begun)) == 10
        with tenant_context(people.home):
            assert not limits.count_mail("account", people.member.email)
        with public_context():
            assert not limits.count_mail("account", people.member.email), "nor from the platform"
        assert limits.count_mail("account", people.owner.email)

    def test_mails_of_one_workspace_do_not_use_up_those_of_another(self, people):
        for number in range(40):
            reset(people.away.domain, people.member.email, f"10.0.{number}.1")
        begun = new_id()
        reset(people.home.domain, people.member.email)
        assert len(mails_to(people.member.email, begun)) == 1

    def test_mails_to_new_addresses_do_not_use_up_those_of_accounts(self, people):
        for _number in range(20):
            limits.count_mail("unproven", people.member.email)
        assert limits.count_mail("account", people.member.email)

    @pytest.mark.parametrize("address", ["victim+1@x.test", "VICTIM+a+b@x.test", "victim@X.test"])
    def test_plus_suffix_belongs_to_the_same_mailbox(self, address):
        assert limits.mailbox_key(address) == "victim@x.test"


def test_web_server_ignores_forwarded_headers():
    """uvicorn would take X-Forwarded-For from anybody on this machine."""
    web = next(program for program in programs.application(8000) if program.name == "web")
    assert "--no-proxy-headers" in web.command
