"""What providers report: kept once, only if signed; bounced and complaining addresses are not mailed again."""

import json
from datetime import timedelta

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from accounts.models import AuditEntry
from mailing import services, suppression
from mailing.jobs import sweep
from mailing.models import MailEvent, OutboxMessage, Suppression
from mailing.providers import webhook_url
from notifications import selectors
from tenants.context import public_context, tenant_context
from tests.mailing.conftest import BASIC, CALLS, Call

sent: list = []


class Transport(BaseEmailBackend):
    def send_messages(self, messages):
        sent.extend(messages)
        return len(messages)


@pytest.fixture(autouse=True)
def transport(settings):
    sent.clear()
    settings.MAIL_TRANSPORT = f"{__name__}.Transport"
    settings.MAIL_KEEPS_BODIES = False
    with public_context():
        yield


def outbox(to="lea@x.test", kind="transactional"):
    return OutboxMessage.objects.create(to=[to], subject="s", text="t", sender="a@b.test", kind=kind)


def delivered(row):
    services.deliver(str(row.pk))
    row.refresh_from_db()
    return row.status


@pytest.mark.parametrize("provider", CALLS)
class TestEachProvider:
    def test_a_delivery_is_shown_on_the_mail_once(self, provider, configured, hook, sent_mail):
        configured(provider)
        call = CALLS[provider](sent_mail, "delivered", "LEA@x.test")
        assert [hook(provider, call), hook(provider, call)] == [200, 200]
        sent_mail.refresh_from_db()
        assert sent_mail.report == "delivered" and sent_mail.events.count() == 1
        assert not Suppression.objects.exists()

    def test_a_hard_bounce_ends_all_mail_to_the_address(self, provider, configured, hook, sent_mail):
        configured(provider)
        assert hook(provider, CALLS[provider](sent_mail, "hard", "lea@x.test")) == 200
        assert Suppression.objects.get().reason == "hard_bounce"
        row = outbox("Lea@X.test")
        assert delivered(row) == "withheld" and sent == [] and row.text == ""
        assert delivered(outbox("zoe@x.test")) == "sent"

    def test_a_soft_bounce_ends_nothing(self, provider, configured, hook, sent_mail):
        configured(provider)
        assert hook(provider, CALLS[provider](sent_mail, "soft", "lea@x.test")) == 200
        assert not Suppression.objects.exists() and delivered(outbox()) == "sent"

    def test_a_complaint_ends_all_but_transactional_mail(self, provider, configured, hook, sent_mail):
        configured(provider)
        assert hook(provider, CALLS[provider](sent_mail, "complaint", "lea@x.test")) == 200
        assert hook(provider, CALLS[provider](sent_mail, "delivered", "lea@x.test")) == 200
        sent_mail.refresh_from_db()
        assert sent_mail.report == "complained"
        assert [delivered(outbox(kind=kind)) for kind in ("transactional", "sequence")] == ["sent", "withheld"]

    def test_an_unsigned_event_is_refused(self, provider, configured, hook, sent_mail):
        configured(provider)
        call = CALLS[provider](sent_mail, "hard", "lea@x.test")
        forged = Call(call.body.replace(b'"signature": "', b'"signature": "0'), {})
        assert hook(provider, forged) in (400, 401)
        assert not MailEvent.objects.exists() and not Suppression.objects.exists()

    def test_nonsense_is_refused(self, provider, configured, hook, sent_mail):
        configured(provider)
        headers = CALLS[provider](sent_mail, "hard", "lea@x.test").headers
        for body in (b"", b"[]", b"{}", b"null", b"[1]", b"\xff", b'{"event-data": 3}'):
            assert hook(provider, Call(body, headers)) in (200, 400, 413), body
        assert not MailEvent.objects.exists()

    def test_another_provider_than_the_one_in_use_has_no_address(self, provider, configured, hook, sent_mail, settings):
        configured(provider)
        settings.MAIL_PROVIDER = "smtp"
        assert hook(provider, CALLS[provider](sent_mail, "hard", "lea@x.test")) == 404
        settings.MAIL_PROVIDER, settings.ANYMAIL = provider, {}
        assert hook(provider, CALLS[provider](sent_mail, "hard", "lea@x.test")) == 404
        assert not MailEvent.objects.exists()


def test_an_event_about_somebody_else_is_not_kept(configured, hook, sent_mail):
    configured("brevo")
    assert hook("brevo", CALLS["brevo"](sent_mail, "hard", "paul@x.test")) == 200
    unknown = OutboxMessage(to=["lea@x.test"])
    assert hook("brevo", CALLS["brevo"](unknown, "hard", "lea@x.test")) == 200
    assert not MailEvent.objects.exists() and not Suppression.objects.exists()


def test_who_unsubscribes_at_the_provider_is_heard_in_the_workspace(configured, hook, people):
    configured("postmark")
    row = OutboxMessage.objects.create(to=[people.admin.email], sender="a@b.test", tenant_id=people.home.id)
    body = {"RecordType": "SubscriptionChange", "SuppressSending": True, "Recipient": people.admin.email}
    body |= {"MessageID": "m", "Metadata": {"outbox": str(row.pk)}, "ChangedAt": "2026-09-21T10:00:00Z"}
    body |= {"SuppressionReason": "ManualSuppression", "Origin": "Recipient"}
    assert hook("postmark", Call(json.dumps(body).encode(), BASIC)) == 200
    row.refresh_from_db()
    assert row.events.get().kind == "unsubscribed" and row.report == "" and not Suppression.objects.exists()
    with tenant_context(people.home):
        assert selectors.preferences(people.admin)["item_published"].mail == "off"


def test_a_body_over_a_megabyte_is_refused(configured, hook, sent_mail):
    configured("brevo")
    call = CALLS["brevo"](sent_mail, "hard", "lea@x.test")
    assert hook("brevo", Call(call.body + b" " * 1_000_001, call.headers)) == 413
    assert not MailEvent.objects.exists()


def test_failures_over_days_let_an_address_rest_for_a_month(sent_mail):
    def failed(days_ago):
        at = timezone.now() - timedelta(days=days_ago)
        digest = suppression.digest_of("lea@x.test")
        key = f"k{days_ago}"
        MailEvent.objects.create(message=sent_mail, key=key, digest=digest, provider="brevo", kind="bounced", at=at)
        suppression.count_soft_bounce("lea@x.test", message=sent_mail)

    failed(2)
    failed(1)
    failed(0)
    assert not Suppression.objects.exists(), "three within 72 hours"
    failed(4)
    row = Suppression.objects.get()
    assert row.reason == "soft_bounces" and timedelta(days=29) < row.until - timezone.now() <= timedelta(days=30)
    assert delivered(outbox()) == "withheld"
    Suppression.objects.update(until=timezone.now())
    assert delivered(outbox()) == "sent"
    assert sweep() == 1 and not Suppression.objects.exists()


def test_a_graver_reason_replaces_a_rest(sent_mail):
    for reason in ("soft_bounces", "hard_bounce", "complaint"):
        suppression.suppress("lea@x.test", reason, message=sent_mail)
    assert Suppression.objects.get().reason == "hard_bounce"


def test_an_unknown_mailbox_at_the_server_is_not_tried_again(settings):
    settings.MAIL_TRANSPORT = "tests.mailing.test_webhooks.Unknown"
    row = outbox("nobody@x.test")
    assert delivered(row) == "failed" and (row.tries, row.report) == (1, "bounced")
    assert Suppression.objects.get().reason == "hard_bounce"


class Unknown(BaseEmailBackend):
    def send_messages(self, messages):
        import smtplib

        raise smtplib.SMTPRecipientsRefused({"nobody@x.test": (550, b"5.1.1 no such user")})


def test_an_operator_lifts_a_suppression(client_for, people, sent_mail):
    suppression.suppress("lea@x.test", "hard_bounce", message=sent_mail)
    row, console = Suppression.objects.get(), client_for(people.operator)
    base = "/admin/mailing/suppression/"
    assert "lea@x.test" in console.get(base, {"q": " LEA@x.test"}).content.decode()
    assert "lea@x.test" not in console.get(base, {"q": "lea"}).content.decode().split("result_list")[-1]
    assert "n’existe pas" in console.get(f"{base}{row.pk}/change/").content.decode().lower()
    assert console.post(f"{base}{row.pk}/lift/", {"reason": ""}).status_code == 400
    assert Suppression.objects.exists() and not AuditEntry.objects.filter(action="mail.suppression_lifted").exists()
    assert console.post(f"{base}{row.pk}/lift/", {"reason": "boîte rétablie"}).status_code == 302
    assert AuditEntry.objects.get(action="mail.suppression_lifted").target == "lea@x.test"
    assert delivered(outbox()) == "sent"


def test_no_row_holds_an_address_in_clear(sent_mail):
    suppression.suppress("lea@x.test", "complaint", message=sent_mail)
    assert "lea" not in str(Suppression.objects.values().get())


def test_the_console_shows_a_mail_as_it_was_received(client_for, people, configured, hook, settings):
    configured("brevo")
    row = OutboxMessage.objects.create(
        to=["lea@x.test"], subject="s", text="Bonjour", html="<p>Bonjour</p>", carries_secret=False, sender="a@b.test"
    )
    assert delivered(row) == "sent" and row.html
    hook("brevo", CALLS["brevo"](row, "hard", "lea@x.test"))
    client = client_for(people.operator)
    page = client.get(f"/admin/mailing/outboxmessage/{row.pk}/change/").content.decode()
    address = f"/admin/mailing/outboxmessage/{row.pk}/frame/"
    assert f'sandbox="" title="Aperçu" src="{address}"' in page and "550 5.1.1 unknown" in page
    frame = client.get(address)
    assert frame.content == b"<p>Bonjour</p>" and frame["X-Frame-Options"] == "SAMEORIGIN"
    policy = frame["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "script-src 'none'", "form-action 'none'"} <= set(policy)
    assert client_for(None, host=settings.BASE_HOST).get(address).status_code == 302
    OutboxMessage.objects.update(sent_at=timezone.now() - timedelta(days=31))
    sweep()
    page = client.get(f"/admin/mailing/outboxmessage/{row.pk}/change/").content.decode()
    assert client.get(address).status_code == 404
    assert "<iframe" not in page and "Non montré" in page


def test_one_act_is_mailed_once():
    for _time in range(2):
        services.send(template="workspaces", to="lea@x.test", context={"workspaces": []}, dedupe_key="act:1")
    assert OutboxMessage.objects.filter(dedupe_key="act:1").count() == 1


@pytest.mark.parametrize(("provider", "path"), [("smtp", ""), ("brevo", "/mail/webhook/brevo/")])
def test_the_address_to_configure(settings, provider, path):
    settings.MAIL_PROVIDER = provider
    assert webhook_url() == (f"{settings.RUCHE_BASE_URL}{path}" if path else "")
