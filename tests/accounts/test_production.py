"""Production settings: hosts, cookies, sign-out, passwords, log lines, failed mails, Redis version."""

import io
import logging
import re
import subprocess
import sys

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import User
from config.settings import log as log_settings
from mailing import services as mailing
from mailing.models import OutboxMessage
from tenants.context import public_context
from tenants.ids import new_id
from tenants.logs import ContextFilter, LineFormatter
from tests.accounts.test_outbox import later
from website import probes

SECRET = "un-mot-de-passe-solide"


class TestHosts:
    @pytest.fixture(autouse=True)
    def https(self, settings):
        settings.SECURE_SSL_REDIRECT, settings.BASE_SCHEME = True, "https"

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:443", "atelier.localhost.evil.example"])
    def test_unknown_host_is_not_redirected(self, people, host):
        for path in ("/", "/accounts/login/?next=https://evil.example/", "/accounts/login", "//evil.example/x"):
            answer = Client(headers={"host": host}).get(path)
            assert answer.status_code == 404 and "Location" not in answer, path

    @pytest.mark.parametrize("host", ["atelier.localhost", "ATELIER.localhost.", "atelier.localhost:6666"])
    def test_known_hosts_are_redirected_to_https(self, people, settings, host):
        answer = Client(headers={"host": host}).get("/library/?kind=post")
        assert answer.status_code == 301
        assert answer["Location"] == f"https://atelier.localhost{settings.BASE_PORT}/library/?kind=post"

    def test_slash_redirect_contains_no_host(self, people):
        answer = Client(headers={"host": "atelier.localhost:6666"}).get("/library", secure=True)
        assert answer["Location"] == "/library/"


def test_production_cookies_are_host_only():
    """Another process, for settings are read once."""
    names = ("LANGUAGE_COOKIE_NAME", "LANGUAGE_COOKIE_SECURE", "LANGUAGE_COOKIE_HTTPONLY", "LANGUAGE_COOKIE_SAMESITE")
    shown = ", ".join(f"settings.{name}" for name in (*names, "SESSION_COOKIE_NAME"))
    code = f"from config import settings; print({shown})"
    env = {"SECRET_KEY": "x" * 60, "RUCHE_BASE_URL": "https://ruche.test", "PATH": "/usr/bin:/bin"}
    output = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert output.split() == ["__Host-language", "True", "True", "Lax", "__Host-session"]


def test_language_cookie_is_http_only(people, client_for):
    answer = client_for(None).post("/language/", {"language": "en"})
    (cookie,) = [value for name, value in answer.cookies.items() if "language" in name]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert (
        "Sign in"
        in client_for(None).get("/accounts/login/", headers={"cookie": cookie.OutputString()}).content.decode()
    )


class TestSignOut:
    @pytest.mark.parametrize("role", ["member", "operator"])
    def test_sign_out_clears_browser_data(self, people, client_for, role):
        person = getattr(people, role)
        client = client_for(person)
        assert "Clear-Site-Data" not in client.get("/accounts/logout/")
        path = "/admin/logout/" if role == "operator" else "/accounts/logout/"
        answer = client.post(path)
        assert answer["Clear-Site-Data"] == '"cache", "storage"'
        assert answer.status_code == 302

    def test_pages_after_sign_in_are_not_cached(self, people, client_for):
        for path in ("/", "/library/", "/conversations/", "/settings/"):
            answer = client_for(people.owner).get(path)
            assert answer.status_code == 200 and "no-store" in answer["Cache-Control"], path
        slug = client_for(people.operator).get("/admin/tenants/tenant/slug/?slug=neuf")
        assert "no-store" in slug["Cache-Control"]

    def test_htmx_history_cache_is_disabled(self, people, client_for):
        assert '"historyCacheSize":0' in client_for(people.owner).get("/").content.decode()


@pytest.mark.parametrize(
    "password", [" " * 12, "\u00a0" * 12, "a" + " " * 15, "\u200b" * 14, "aaaaaaaaaaaa", "ab ab ab ab  "]
)
def test_password_needs_visible_characters(people, client_for, password):
    with pytest.raises(ValidationError):
        validate_password(password, User(email="a@b.test"))
    sent = {"oldpassword": SECRET, "password1": password, "password2": password}
    assert client_for(people.member).post("/accounts/password/change/", sent).status_code == 200
    assert User.objects.get(pk=people.member.pk).check_password(SECRET)


def test_password_may_be_a_sentence():
    validate_password("le chat dort bien", User(email="a@b.test"))


class TestLog:
    def lines(self, act):
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.addFilter(ContextFilter())
        handler.setFormatter(LineFormatter(log_settings.LOGGING["formatters"]["line"]["format"]))
        logger = logging.Logger("essai")
        logger.addHandler(handler)
        act(logger)
        return stream.getvalue()

    def test_platform_uses_the_one_line_formatter(self):
        assert log_settings.LOGGING["formatters"]["line"]["()"] == "tenants.logs.LineFormatter"

    @pytest.mark.parametrize(
        "forged", ["a\n2026-01-01 INFO root forged", "a\r\nb", "a\x1b[2Jb", "a\u2028b", "a\u202eb"]
    )
    def test_log_event_is_one_line(self, forged):
        text = self.lines(lambda log: log.warning("refused: %s", forged))
        assert len(text.splitlines()) == 1 and "\x1b" not in text and "\u202e" not in text
        assert "\\" in text

    def test_error_text_cannot_forge_a_log_line(self):
        def act(log):
            try:
                raise ValueError("a\n2026-01-01 00:00:00 INFO root tenant=- request=- forged")
            except ValueError:
                log.exception("failed")

        head, *below = self.lines(act).splitlines()
        assert "failed" in head
        assert below and all(line.startswith("  | ") for line in below)


class TestMailThatFails:
    @pytest.fixture(autouse=True)
    def no_transport(self, settings):
        settings.MAIL_TRANSPORT, settings.MAIL_KEEPS_BODIES = "tests.accounts.test_production.Refuses", False

    def fail(self, begun):
        with public_context():
            (row,) = OutboxMessage.objects.filter(pk__gt=begun)
            for _number in range(mailing.MAX_TRIES):
                row.refresh_from_db()
                assert row.text
                later(row)
                mailing.deliver(str(row.pk))
            row.refresh_from_db()
        return row

    def test_text_of_a_failed_mail_with_a_secret_is_deleted(self, people, client_for):
        begun = new_id()
        client_for(None).post("/accounts/password/reset/", {"email": people.member.email})
        row = self.fail(begun)
        assert (row.status, row.text, row.html) == ("failed", "", "")
        with public_context():
            mailing.resend(message_id=row.pk, reason="essai", actor=people.operator)
            row.refresh_from_db()
            assert row.status == "failed", "there is nothing left to send"
        page = client_for(people.operator).get(f"/admin/mailing/outboxmessage/{row.pk}/change/").content.decode()
        assert "/reset/key/" not in page

    def test_text_of_a_failed_notice_is_kept_and_can_be_sent_again(self, people):
        begun = new_id()
        mailing.send_to_owners(people.home, "trial_ended")
        row = self.fail(begun)
        assert row.status == "failed" and row.text
        with public_context():
            mailing.resend(message_id=row.pk, reason="réparé", actor=people.operator)
            row.refresh_from_db()
            assert row.status == "waiting"

    def test_texts_of_mails_that_failed_before_are_deleted_too(self, people):
        with public_context():
            row = OutboxMessage.objects.create(to=["a@b.test"], subject="s", text="AAAA-BBBB", status="failed")
            mailing.deliver_waiting()
            row.refresh_from_db()
        assert row.text == ""

    def test_mail_from_unknown_code_counts_as_secret(self, people):
        begun = new_id()
        EmailMessage("s", "mot de passe : x", to=["a@b.test"]).send()
        assert self.fail(begun).text == ""


class Refuses:
    def __init__(self, **_options): ...

    def send_messages(self, messages):
        raise OSError("no route")


@pytest.mark.parametrize(
    ("version", "required"),
    [
        ("6.0.16", "6.2.20"),
        ("6.2.7", "6.2.20"),
        ("6.2.20", ""),
        ("7.0.14", "7.0.15"),
        ("7.0.15", ""),
        ("7.2.4", ""),
        ("8.0.0", ""),
        ("6.2.20-rc1", "6.2.20"),
    ],
)
def test_outdated_redis_is_a_readiness_warning(people, monkeypatch, version, required):
    class Server:
        def info(self, _part):
            return {"redis_version": version}

    # Asked on connections of its own, which would end the test's transaction.
    monkeypatch.setattr(probes, "missing_dependencies", dict)
    monkeypatch.setattr(probes.breaker, "quick_client", Server)
    answer = Client().get("/readyz")
    assert answer.status_code == 200 and answer.json()["status"] == "ready"
    assert bool(answer.json()["warnings"]) == bool(required)
    assert not required or re.search(rf"\b{re.escape(required)}$", answer.json()["warnings"]["redis"])
