"""Mail outbox: written with its transaction, delivered once, retried, its text deleted after delivery."""

import contextlib
import smtplib
from datetime import timedelta
from typing import ClassVar

import pytest
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.utils import timezone

from mailing import services
from mailing.models import OutboxMessage
from tenants.breaker import quick_client
from tenants.context import public_context, tenant_context
from tenants.queue import JobTimeout

sent: list[EmailMessage] = []


class Transport(BaseEmailBackend):
    def send_messages(self, messages):
        sent.extend(messages)
        return len(messages)


class Looks(Transport):
    """Notes whether the thread that sends has a connection to the database."""

    held: ClassVar[list[bool]] = []

    def send_messages(self, messages):
        self.held.append(connection.connection is not None)
        return super().send_messages(messages)


class Refuses(BaseEmailBackend):
    def send_messages(self, messages):
        raise smtplib.SMTPRecipientsRefused({"lea@x.test": (550, b"no such mailbox")})


class TooLong(BaseEmailBackend):
    def send_messages(self, messages):
        raise JobTimeout


class Dies(Transport):
    def send_messages(self, messages):
        super().send_messages(messages)
        raise KeyboardInterrupt


class Late(Transport):
    """So slow that another process has taken the mail and sent it, before this one fails."""

    def send_messages(self, messages):
        if not sent:
            super().send_messages(messages)
            row = OutboxMessage.objects.latest("pk")
            OutboxMessage.objects.filter(pk=row.pk).update(taken_until=timezone.now())
            services.deliver(str(row.pk))
            raise TimeoutError
        return super().send_messages(messages)


class Broken(BaseEmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("nobody listens")


@pytest.fixture(autouse=True)
def transport(settings):
    sent.clear()
    quick_client().delete(services._PAUSE_KEY)
    settings.MAIL_TRANSPORT = f"{__name__}.Transport"
    settings.MAIL_KEEPS_BODIES = False


def put(text: str = "Le mot de passe est : secret") -> OutboxMessage:
    message = EmailMessage("Objet", text, to=["lea@x.test"], connection=get_connection())
    message.send()
    return OutboxMessage.objects.latest("pk")


def test_mail_is_stored_and_its_delivery_enqueued_on_commit(people, on_commit, monkeypatch):
    enqueued = []
    monkeypatch.setattr("tenants.queue._push", lambda *arguments: enqueued.append(arguments))
    with on_commit(execute=True):
        row = put()
        assert enqueued == [] and sent == []
    assert enqueued == [("mailing.services.deliver", str(people.home.id), {"message_id": str(row.pk)})]
    assert (row.status, row.tenant_id, row.tenant_slug, row.to) == (
        "waiting",
        people.home.id,
        "atelier",
        ["lea@x.test"],
    )


def test_rolled_back_transaction_sends_nothing():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        put()
        raise ZeroDivisionError
    assert not OutboxMessage.objects.filter(subject="Objet").exists()


def test_mail_is_delivered_once_and_its_text_deleted():
    row = put()
    services.deliver(str(row.pk))
    services.deliver(str(row.pk))
    assert [(mail.to, mail.body) for mail in sent] == [(["lea@x.test"], "Le mot de passe est : secret")]
    row.refresh_from_db()
    assert (row.status, row.text, row.html, row.tries) == ("sent", "", "", 1) and row.sent_at


def test_slow_transport_holds_no_lock_and_causes_no_second_delivery(settings):
    row, seen = put(), []

    class Slow(Transport):
        def send_messages(self, messages):
            services.deliver(str(row.pk))
            seen.append(OutboxMessage.objects.get(pk=row.pk).taken_until)
            return super().send_messages(messages)

    globals()["Slow"] = Slow
    settings.MAIL_TRANSPORT = f"{__name__}.Slow"
    services.deliver(str(row.pk))
    assert len(sent) == 1 and len(seen) == 1 and seen[0] > timezone.now()
    row.refresh_from_db()
    assert (row.status, row.tries, row.taken_until) == ("sent", 1, None)


def test_mail_of_a_crashed_process_is_sent_again():
    row = put()
    OutboxMessage.objects.filter(pk=row.pk).update(taken_until=timezone.now() + timedelta(minutes=1))
    services.deliver(str(row.pk))
    assert sent == []
    OutboxMessage.objects.filter(pk=row.pk).update(taken_until=timezone.now())
    services.deliver(str(row.pk))
    assert len(sent) == 1


def test_late_failure_does_not_undo_a_delivery_by_another_process(settings):
    settings.MAIL_TRANSPORT = f"{__name__}.Late"
    row = put()
    services.deliver(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.text, row.error, len(sent)) == ("sent", "", "", 2)


def test_mail_that_crashes_every_process_is_given_up(settings):
    row = put()
    for _ in range(services.MAX_TRIES + 2):
        OutboxMessage.objects.filter(pk=row.pk, status="waiting").update(taken_until=timezone.now())
        settings.MAIL_TRANSPORT = f"{__name__}.Dies"
        with contextlib.suppress(KeyboardInterrupt):
            services.deliver(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.tries, len(sent)) == ("failed", services.MAX_TRIES, services.MAX_TRIES)
    assert "ended before it recorded" in row.error


def test_embedded_run_keeps_the_text(settings):
    settings.MAIL_KEEPS_BODIES = True
    row = put()
    services.deliver(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.text) == ("sent", "Le mot de passe est : secret")


def test_failed_mail_is_retried_then_given_up(settings):
    settings.MAIL_TRANSPORT = f"{__name__}.Broken"
    row = put()
    for tried in range(1, services.MAX_TRIES + 1):
        services.deliver(str(row.pk))
        row.refresh_from_db()
        assert (row.tries, row.status) == (tried, "failed" if tried == services.MAX_TRIES else "waiting")
        if row.status == "waiting":
            wait = row.taken_until - timezone.now()
            assert services.RETRY_DELAYS[tried - 1] - timedelta(seconds=30) < wait <= services.RETRY_DELAYS[tried - 1]
            later(row)
    assert row.error == "ConnectionRefusedError: nobody listens" and not row.text, "it carries a password"
    settings.MAIL_TRANSPORT = f"{__name__}.Transport"
    services.deliver(str(row.pk))
    assert sent == []


def later(row: OutboxMessage) -> None:
    """So much later that it may be tried again."""
    OutboxMessage.objects.filter(pk=row.pk).update(taken_until=timezone.now())
    quick_client().delete(services._PAUSE_KEY)


def test_unresponsive_transport_opens_the_circuit_breaker(settings):
    """Each mail would hold a worker for as long as it takes to give up: twenty seconds."""
    settings.MAIL_TRANSPORT = f"{__name__}.Broken"
    rows = [put() for _ in range(5)]
    for row in rows:
        services.deliver(str(row.pk))
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    with public_context():
        assert services.deliver_waiting() == 0
    settings.MAIL_TRANSPORT = f"{__name__}.Transport"
    later(rows[0])
    with public_context():
        services.deliver_waiting()
    mine = OutboxMessage.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    # Only the first was tried twice.
    assert [(row.tries, row.status) for row in mine] == [(2, "sent")] + [(1, "sent")] * 4


@pytest.mark.committed
def test_slow_transport_holds_no_database_connection(settings):
    settings.MAIL_TRANSPORT = f"{__name__}.Looks"
    row = put()
    services.deliver(str(row.pk))
    row.refresh_from_db()
    assert (row.status, Looks.held) == ("sent", [False])
    row.delete()


def test_refused_address_does_not_stop_other_mails(settings):
    settings.MAIL_TRANSPORT = f"{__name__}.Refuses"
    first, second = put(), put()
    for row in (first, second):
        services.deliver(str(row.pk))
    assert [row.tries for row in OutboxMessage.objects.filter(pk__in=[first.pk, second.pk])] == [1, 1]


def test_job_timeout_ends_a_delivery(settings):
    """It is no failure of the transport: nobody knows whether the mail left, so it waits as if the process had died."""
    settings.MAIL_TRANSPORT = f"{__name__}.TooLong"
    row = put()
    with pytest.raises(JobTimeout):
        services.deliver(str(row.pk))
    row.refresh_from_db()
    assert row.status == "waiting" and row.taken_until > timezone.now() + timedelta(minutes=4)


def test_scheduled_job_delivers_waiting_mails():
    fresh, late = put(), put()
    OutboxMessage.objects.exclude(pk__in=[fresh.pk, late.pk]).update(status="sent")
    OutboxMessage.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(minutes=2))
    with public_context():
        assert services.deliver_waiting() == 1
    assert [row.status for row in OutboxMessage.objects.filter(pk__in=[fresh.pk, late.pk]).order_by("pk")] == [
        "waiting",
        "sent",
    ]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_welcome_mail_has_address_login_and_password(people, settings, language):
    from dataclasses import replace

    services.send_welcome(
        replace(people.home, language=language),
        email="lea@x.test",
        password="bien-secret<&>",
        must_change_password=True,
        owner_name="Léa",
    )
    mail = OutboxMessage.objects.latest("pk")
    assert mail.to == ["lea@x.test"] and "Atelier" in mail.subject and "\n" not in mail.subject
    for text in (
        f"http://atelier.localhost{settings.BASE_PORT}/accounts/login/",
        "lea@x.test",
        "bien-secret<&>",
        "Léa",
    ):
        assert text in mail.text, text
    assert "bien-secret&lt;&amp;&gt;" in mail.html and f'lang="{language}"' in mail.html
    assert mail.tenant_id == people.home.id


def test_line_break_in_a_subject_adds_no_header(people):
    from dataclasses import replace

    with tenant_context(replace(people.home, name="Atelier\r\nBcc: x@evil.example")):
        services.send_welcome(
            replace(people.home, name="Atelier\r\nBcc: x@evil.example"),
            email="lea@x.test",
            password="x",
            must_change_password=False,
        )
    mail = OutboxMessage.objects.latest("pk")
    assert "\n" not in mail.subject and "\r" not in mail.subject
    services.deliver(str(mail.pk))
    assert sent[0].message()["Bcc"] is None


@pytest.mark.parametrize(("kind", "status"), [("transactional", "sent"), ("sequence", "failed")])
def test_only_transactional_mail_is_sent_again_after_its_process_died(settings, kind, status):
    settings.MAIL_TRANSPORT = f"{__name__}.Dies"
    row = put()
    OutboxMessage.objects.filter(pk=row.pk).update(kind=kind)
    with contextlib.suppress(KeyboardInterrupt):
        services.deliver(str(row.pk))
    settings.MAIL_TRANSPORT = f"{__name__}.Transport"
    OutboxMessage.objects.filter(pk=row.pk).update(taken_until=timezone.now())
    services.deliver(str(row.pk))
    row.refresh_from_db()
    assert row.status == status and len(sent) == (2 if kind == "transactional" else 1)
