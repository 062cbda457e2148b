"""Mail: rendered, written to the outbox in the caller's transaction, delivered by a job, retried on failure."""

import contextlib
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone, translation

from accounts import audit
from accounts.models import User
from accounts.services import operator_contacts, owner_contacts
from mailing import suppression
from mailing.catalogue import TEMPLATES
from mailing.catalogue.types import MailTemplate
from mailing.marks import has_tile
from mailing.models import OutboxMessage, Suppression
from mailing.outgoing import give_up_doubtful, message_of, withhold
from mailing.refusals import is_mailbox_unknown, is_unreachable
from mailing.rendering import Mail, Sender, render
from mailing.texts import texts_in_force
from mailing.types import MailKind
from tenants.breaker import REDIS, RedisAway, quick_client
from tenants.context import TenantRef, current, public_context, tenant_context
from tenants.executors import give_back_connection
from tenants.platform import platform
from tenants.queue import JobTimeout, enqueue
from tenants.selectors import public_url, tenant_url
from ui.lines import one_line

log = logging.getLogger(__name__)
Status = OutboxMessage.Status
MAX_TRIES = 6
# Delay after each failed try: an outage of some hours loses no mail.
RETRY_DELAYS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360)]
# After no answer, no process calls the transport for this long.
PAUSE_SECONDS = 60
_PAUSE_KEY = "mailing:transport-rests"
# Longer than the timeout of any transport (config/settings/mail.py).
DELIVERY_LEASE = timedelta(minutes=5)
# Shown to operators as the error.
_PROCESS_DIED = "each process that tried to send it ended before it recorded the result"


def send(
    *,
    template: str,
    to: str,
    context: dict[str, Any],
    dedupe_key: str | None = None,
    unsubscribe_url: str = "",
) -> None:
    """Render a template of the catalogue (`mailing/catalogue`) in the active language and put the mail in the outbox.

    `dedupe_key`: a second mail with the same key is not written. `unsubscribe_url`: answers a POST without cookies
    (RFC 8058); only transactional mail has none.
    """
    about = TEMPLATES[template]
    if (about.kind == MailKind.TRANSACTIONAL) == bool(unsubscribe_url):
        raise ValueError(f"a mail of kind {about.kind} and its unsubscribe_url do not go together")
    mail = rendered(about, context, unsubscribe_url=unsubscribe_url)
    message = EmailMultiAlternatives(subject=mail.subject, body=mail.text, to=[to])
    message.attach_alternative(mail.html, "text/html")
    message.carries_secret, message.kind = about.carries_secret, about.kind  # type: ignore[attr-defined]
    if unsubscribe_url:
        message.extra_headers = {
            "List-Unsubscribe": f"<{unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    message.dedupe_key = dedupe_key  # type: ignore[attr-defined]
    message.send()


def is_written(dedupe_key: str) -> bool:
    """Whether a mail with this key is or was in the outbox."""
    return OutboxMessage.objects.filter(dedupe_key=dedupe_key).exists()


def rendered(
    template: MailTemplate, context: dict[str, Any], *, sender: Sender | None = None, unsubscribe_url: str = ""
) -> Mail:
    """The mail in the active language, in the name of the workspace in context or of the platform."""
    texts = texts_in_force(template.key, translation.get_language() or settings.LANGUAGE_CODE)
    sender = sender or sender_of(template)
    return render(template, context, sender=sender, texts=texts, unsubscribe_url=unsubscribe_url)


def sender_of(template: MailTemplate) -> Sender:
    """The workspace in context; the platform for its own mails, and where there is none."""
    tenant, identity = current(), platform()
    if template.is_of_platform or not isinstance(tenant, TenantRef):
        return Sender(identity.name, public_url("/"), None, bool(identity.mark_digest), identity)
    return Sender(tenant.name, tenant_url(tenant.domain), tenant.brand_hue, has_tile(tenant.logo), identity)


def send_to_operators(template: str, *, path: str, **context: Any) -> None:
    """`send` to every operator of the platform, each in their language.

    The context also has `name` and `page_url` (the console's page at `path`).
    """
    page_url = tenant_url(settings.BASE_HOST, path)
    with public_context():
        for email, name, language in operator_contacts():
            with translation.override(language or settings.LANGUAGE_CODE):
                send(template=template, to=email, context={"name": name, "page_url": page_url} | context)


def send_to_owners(tenant: TenantRef, template: str, **context: Any) -> None:
    """`send` to every owner of a workspace, in its language.

    The context also has `name`, `workspace`, `address`, `plan_url` (page of the plan) and `pay_url` (pay the arrears).
    """
    addresses = {"address": "/", "plan_url": "/settings/plan/", "pay_url": "/settings/plan/pay/"}
    shared = {"workspace": tenant.name} | {key: tenant_url(tenant.domain, path) for key, path in addresses.items()}
    with tenant_context(tenant), translation.override(tenant.language):
        for email, name in owner_contacts():
            send(template=template, to=email, context={"name": name} | shared | context)


def send_welcome(
    tenant: TenantRef,
    *,
    email: str,
    password: str,
    must_change_password: bool,
    owner_name: str = "",
    welcome: bool = True,
    is_password_chosen: bool = False,
    **_details: Any,
) -> None:
    """Lifecycle step "made": send the owner the address, the password and the first steps.

    `is_password_chosen`: the owner chose the password, which the mail then leaves out.
    """
    if not welcome:
        return
    with tenant_context(tenant), translation.override(tenant.language):
        send(
            template="welcome",
            to=email,
            context={
                "name": owner_name,
                "workspace": tenant.name,
                "address": tenant_url(tenant.domain),
                "sign_in_url": tenant_url(tenant.domain, "/accounts/login/"),
                "email": email,
                "password": "" if is_password_chosen else password,
                "must_change_password": must_change_password,
            },
        )


def queue_message(message: EmailMessage) -> None:
    """Write a Django message to the outbox, in the caller's transaction, and enqueue its delivery."""
    context = current()
    html = next((str(body) for body, kind in getattr(message, "alternatives", []) if kind == "text/html"), "")
    tenant = context if isinstance(context, TenantRef) else None
    dedupe_key = getattr(message, "dedupe_key", None)
    row = OutboxMessage(
        kind=getattr(message, "kind", MailKind.TRANSACTIONAL),
        headers={name: one_line(str(value)) for name, value in message.extra_headers.items()},
        dedupe_key=dedupe_key,
        tenant_id=tenant.id if tenant else None,
        tenant_slug=tenant.slug if tenant else "",
        sender=one_line(message.from_email or settings.DEFAULT_FROM_EMAIL),
        to=[one_line(address) for address in message.to],
        # A line break in a header would make every delivery fail.
        subject=one_line(str(message.subject))[:300],
        text=str(message.body),
        html=html,
        # Mails of libraries count as secret: allauth's contain codes and keys.
        carries_secret=getattr(message, "carries_secret", True),
    )
    OutboxMessage.objects.bulk_create([row], ignore_conflicts=bool(dedupe_key))
    if not dedupe_key or OutboxMessage.objects.filter(pk=row.pk).exists():
        enqueue(deliver, message_id=str(row.pk))


def deliver(message_id: str) -> None:
    """Send one waiting message with the transport. A second call sends nothing.

    No database connection is held while waiting for the transport. If the process dies, the message is sent again
    after `DELIVERY_LEASE`. While the transport is paused, the message waits for `deliver_waiting`.
    """
    if _is_transport_paused():
        return
    now = timezone.now()
    message = OutboxMessage.objects.filter(pk=UUID(message_id), status=Status.WAITING)
    available = message.filter(Q(taken_until=None) | Q(taken_until__lte=now))
    if withhold(available) or give_up_doubtful(available):
        return
    if available.filter(tries__lt=MAX_TRIES).update(taken_until=now + DELIVERY_LEASE, tries=F("tries") + 1, error=""):
        row = message.get()
        outgoing = message_of(row)
        give_back_connection()
        _deliver(row, outgoing)
    else:
        # Each try ended without a result: sending this message kills the process.
        available.filter(tries__gte=MAX_TRIES).update(status=Status.FAILED, taken_until=None, error=_PROCESS_DIED)


def _deliver(row: OutboxMessage, message: EmailMessage) -> None:
    outcome: dict[str, Any]
    try:
        get_connection(settings.MAIL_TRANSPORT).send_messages([message])
    except JobTimeout:
        # The worker's time limit: whether the mail was sent is unknown.
        raise
    except Exception as error:  # the transport's own errors have no common class
        log.warning("mail not delivered id=%s try=%s error=%s", row.pk, row.tries, type(error).__name__)
        if is_unreachable(error):
            _pause_transport()
        outcome = {"error": one_line(f"{type(error).__name__}: {error}")[:300]}
        is_done = row.carries_secret and not _may_retry(row, error)
        if is_mailbox_unknown(error):
            outcome |= {"report": OutboxMessage.Report.BOUNCED, "reported_at": timezone.now()}
            for address in row.to:
                suppression.suppress(address, Suppression.Reason.HARD_BOUNCE, message=row)
        if _may_retry(row, error):
            # Blocks the next try until then.
            outcome |= {"taken_until": timezone.now() + RETRY_DELAYS[row.tries - 1]}
        else:
            outcome |= {"status": Status.FAILED, "taken_until": None}
    else:
        outcome = {"status": Status.SENT, "sent_at": timezone.now(), "error": "", "taken_until": None}
        is_done = row.carries_secret
    if is_done and not settings.MAIL_KEEPS_BODIES:
        outcome |= {"text": "", "html": ""}
    # Only while this process still has the lease.
    leased = OutboxMessage.objects.filter(pk=row.pk, status=Status.WAITING, taken_until=row.taken_until)
    if not leased.update(**outcome):
        log.warning("mail leased by another process meanwhile id=%s", row.pk)


def _may_retry(row: OutboxMessage, error: Exception) -> bool:
    return row.tries < MAX_TRIES and not is_mailbox_unknown(error)


def _pause_transport() -> None:
    """Pause deliveries in all processes: each would block a worker until its timeout."""
    with contextlib.suppress(RedisAway):
        REDIS.call(lambda: quick_client().set(_PAUSE_KEY, 1, ex=PAUSE_SECONDS))


def _is_transport_paused() -> bool:
    try:
        return bool(REDIS.call(lambda: quick_client().exists(_PAUSE_KEY)))
    except RedisAway:
        return False


def deliver_waiting() -> int:
    """Deliver messages that wait for more than a minute. Returns how many were tried. Scheduled."""
    if not settings.MAIL_KEEPS_BODIES:
        # Secrets of failed messages that were not erased then.
        OutboxMessage.objects.filter(status=Status.FAILED, carries_secret=True).exclude(text="", html="").update(
            text="", html=""
        )
    now = timezone.now()
    waiting = OutboxMessage.objects.filter(status=Status.WAITING, created_at__lt=now - timedelta(minutes=1))
    due = waiting.filter(Q(taken_until=None) | Q(taken_until__lte=now)).order_by("created_at")
    tried = 0
    for key in list(due.values_list("pk", flat=True)[:200]):
        if _is_transport_paused():
            break
        deliver(str(key))
        tried += 1
    return tried


def resend(*, message_id: UUID, reason: str, actor: User) -> None:
    """Queue a failed message again with all its tries. Call it in the public schema.

    Does nothing if the message has not failed, or if its body was erased.
    """
    with transaction.atomic():
        failed = OutboxMessage.objects.select_for_update().filter(pk=message_id, status=Status.FAILED)
        row = failed.exclude(text="").first()
        if row is None:
            return
        row.status, row.tries, row.error, row.taken_until = Status.WAITING, 0, "", None
        row.save(update_fields=["status", "tries", "error", "taken_until"])
        audit.record("mail.resent", actor=actor, target=", ".join(row.to), subject=row.subject, reason=reason)
        enqueue(deliver, message_id=str(row.pk))
