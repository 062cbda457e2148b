"""Sending mail: rendered, put in the outbox with the act it belongs to, delivered by a job, tried again on failure."""

import contextlib
import logging
import smtplib
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts import audit
from accounts.models import User
from accounts.services import operators_written_to, owner_emails
from mailing.models import OutboxMessage
from tenants.breaker import REDIS, RedisAway, quick_client
from tenants.context import TenantRef, current, public_context, tenant_context
from tenants.executors import give_back_connection
from tenants.queue import JobTimeout, enqueue
from tenants.selectors import tenant_url
from ui.lines import one_line

log = logging.getLogger(__name__)
Status = OutboxMessage.Status
MAX_TRIES = 6
# After each try but the last: an evening's outage of the transport loses no mail.
WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360)]
# A transport that did not answer is left alone so long, by all processes.
REST_SECONDS = 60
_RESTS = "mailing:transport-rests"
# Longer than any transport waits (config/settings/mail.py).
LONGEST_DELIVERY = timedelta(minutes=5)
# For operators, beside the transports' own words.
_NEVER_CAME_BACK = "the process that sent it ended each time, before it could say whether it did"


def send(*, template: str, to: str, context: dict[str, Any], carries_secret: bool = False) -> None:
    """Render `<template>.subject`, `.txt`, `.html` in the active language and put the mail in the outbox.

    `carries_secret`: it holds a password, a code or a link that opens something.
    """
    message = EmailMultiAlternatives(
        subject=" ".join(render_to_string(f"{template}.subject", context).split()),
        body=render_to_string(f"{template}.txt", context),
        to=[to],
    )
    message.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    message.carries_secret = carries_secret  # type: ignore[attr-defined]
    message.send()


def send_to_operators(template: str, *, path: str, **context: Any) -> None:
    """`send` to every operator of the platform, each in their language.

    `name`, and `page_url` (the console's page at `path`) come with it.
    """
    page_url = tenant_url(settings.BASE_HOST, path)
    with public_context():
        for email, name, language in operators_written_to():
            with translation.override(language or settings.LANGUAGE_CODE):
                send(template=template, to=email, context={"name": name, "page_url": page_url} | context)


def send_to_owners(tenant: TenantRef, template: str, **context: Any) -> None:
    """`send` to every owner of a workspace, in its language.

    `name`, `workspace`, `address`, `plan_url` (the page of the plan) and `pay_url` (on to what is owed) come with it.
    """
    addresses = {"address": "/", "plan_url": "/settings/plan/", "pay_url": "/settings/plan/pay/"}
    known = {"workspace": tenant.name} | {key: tenant_url(tenant.domain, path) for key, path in addresses.items()}
    with tenant_context(tenant), translation.override(tenant.language):
        for email, name in owner_emails():
            send(template=template, to=email, context={"name": name} | known | context)


def send_welcome(
    tenant: TenantRef,
    *,
    email: str,
    password: str,
    must_change_password: bool,
    owner_name: str = "",
    welcome: bool = True,
    **_details: Any,
) -> None:
    """Lifecycle step "made": address, sign-in and first steps, to the owner."""
    if not welcome:
        return
    with tenant_context(tenant), translation.override(tenant.language):
        send(
            template="mail/welcome",
            to=email,
            carries_secret=True,
            context={
                "name": owner_name,
                "workspace": tenant.name,
                "address": tenant_url(tenant.domain),
                "sign_in_url": tenant_url(tenant.domain, "/accounts/login/"),
                "email": email,
                "password": password,
                "must_change_password": must_change_password,
            },
        )


def queue_message(message: EmailMessage) -> None:
    """Put a Django message in the outbox of the platform, in the caller's transaction, and ask for its delivery."""
    context = current()
    html = next((str(body) for body, kind in getattr(message, "alternatives", []) if kind == "text/html"), "")
    tenant = context if isinstance(context, TenantRef) else None
    row = OutboxMessage.objects.create(
        tenant_id=tenant.id if tenant else None,
        tenant_slug=tenant.slug if tenant else "",
        sender=one_line(message.from_email or settings.DEFAULT_FROM_EMAIL),
        to=[one_line(address) for address in message.to],
        # A header is one line: a name in it with an end of line would stop the mail for good.
        subject=one_line(str(message.subject))[:300],
        text=str(message.body),
        html=html,
        # Of others' mails nothing is known: allauth's carry codes and keys.
        carries_secret=getattr(message, "carries_secret", True),
    )
    enqueue("mailing.services.deliver", message_id=str(row.pk))


def deliver(message_id: str) -> None:
    """Hand one waiting message to the transport. A second call sends nothing.

    Nothing of the database is held while the transport is waited for; who dies in the middle leaves it to be sent
    again after `LONGEST_DELIVERY`. Where the transport did not answer a moment ago the message waits for the clock.
    """
    if _transport_rests():
        return
    now = timezone.now()
    mine = OutboxMessage.objects.filter(pk=UUID(message_id), status=Status.WAITING)
    free = mine.filter(Q(taken_until=None) | Q(taken_until__lte=now))
    if free.filter(tries__lt=MAX_TRIES).update(taken_until=now + LONGEST_DELIVERY, tries=F("tries") + 1):
        row = mine.get()
        give_back_connection()
        _deliver(row)
    else:
        # Taken so often, and nobody came back: whoever sends it dies of it.
        free.filter(tries__gte=MAX_TRIES).update(status=Status.FAILED, taken_until=None, error=_NEVER_CAME_BACK)


def _deliver(row: OutboxMessage) -> None:
    message = EmailMultiAlternatives(one_line(row.subject), row.text, row.sender, row.to)
    if row.html:
        message.attach_alternative(row.html, "text/html")
    outcome: dict[str, Any]
    try:
        get_connection(settings.MAIL_TRANSPORT).send_messages([message])
    except JobTimeout:
        # The worker's limit: nobody knows whether it left.
        raise
    except Exception as error:  # the transport's own errors have no common class
        log.warning("mail not delivered id=%s try=%s error=%s", row.pk, row.tries, type(error).__name__)
        if _is_away(error):
            _let_transport_rest()
        outcome = {"error": one_line(f"{type(error).__name__}: {error}")[:300]}
        if row.tries < MAX_TRIES:
            # Not before then.
            outcome |= {"taken_until": timezone.now() + WAITS[row.tries - 1]}
        else:
            outcome |= {"status": Status.FAILED, "taken_until": None}
        is_done = row.tries >= MAX_TRIES and row.carries_secret
    else:
        outcome = {"status": Status.SENT, "sent_at": timezone.now(), "error": "", "taken_until": None}
        is_done = True
    if is_done and not settings.MAIL_KEEPS_BODIES:
        outcome |= {"text": "", "html": ""}
    # Taken by somebody else since, it is theirs to say how it ended.
    mine = OutboxMessage.objects.filter(pk=row.pk, status=Status.WAITING, taken_until=row.taken_until)
    if not mine.update(**outcome):
        log.warning("mail taken by another meanwhile id=%s", row.pk)


def _is_away(error: Exception) -> bool:
    """True where the transport did not answer, whatever the mail: not where it answered with a refusal."""
    refused = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)
    # requests' own errors, of HTTP transports, carry the answer there was.
    return isinstance(error, OSError) and not isinstance(error, refused) and getattr(error, "response", None) is None


def _let_transport_rest() -> None:
    """Nobody asks it for a moment: each mail would hold a worker for as long as it takes to give up."""
    with contextlib.suppress(RedisAway):
        REDIS.call(lambda: quick_client().set(_RESTS, 1, ex=REST_SECONDS))


def _transport_rests() -> bool:
    try:
        return bool(REDIS.call(lambda: quick_client().exists(_RESTS)))
    except RedisAway:
        return False


def deliver_waiting() -> int:
    """Try again what waits for more than a minute; how many. Scheduled."""
    if not settings.MAIL_KEEPS_BODIES:
        # What failed before its secrets went.
        OutboxMessage.objects.filter(status=Status.FAILED, carries_secret=True).exclude(text="", html="").update(
            text="", html=""
        )
    now = timezone.now()
    waiting = OutboxMessage.objects.filter(status=Status.WAITING, created_at__lt=now - timedelta(minutes=1))
    due = waiting.filter(Q(taken_until=None) | Q(taken_until__lte=now)).order_by("created_at")
    handed = 0
    for key in list(due.values_list("pk", flat=True)[:200]):
        if _transport_rests():
            break
        deliver(str(key))
        handed += 1
    return handed


def resend(*, message_id: UUID, reason: str, actor: User) -> None:
    """Give a failed message its tries again, from the public schema.

    One that has not failed, or whose text went with its secrets, is left alone: it is asked for anew.
    """
    with transaction.atomic():
        failed = OutboxMessage.objects.select_for_update().filter(pk=message_id, status=Status.FAILED)
        row = failed.exclude(text="").first()
        if row is None:
            return
        row.status, row.tries, row.error, row.taken_until = Status.WAITING, 0, "", None
        row.save(update_fields=["status", "tries", "error", "taken_until"])
        audit.record("mail.resent", actor=actor, target=", ".join(row.to), subject=row.subject, reason=reason)
        enqueue("mailing.services.deliver", message_id=str(row.pk))
