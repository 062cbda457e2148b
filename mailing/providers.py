"""Providers of mail: their webhooks as django-anymail reads them, and what their events mean."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Final

from anymail.exceptions import AnymailError
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from mailing.models import OutboxMessage
from ui.lines import one_line

Report = OutboxMessage.Report
# Events of one request; SendGrid sends up to a thousand at once.
MAX_EVENTS: Final = 2_000
# Kind of event of a person who used the provider's own link.
UNSUBSCRIBED: Final = "unsubscribed"


class NotSigned(Exception):
    """Raised if a request does not prove that it comes from the provider."""


class Malformed(Exception):
    """Raised if a signed request cannot be read."""


@dataclass(frozen=True)
class Provider:
    """`secrets`: settings of anymail of which one must be set, as they prove where a request comes from."""

    label: str
    view: str
    secrets: tuple[str, ...]


PROVIDERS: Final[dict[str, Provider]] = {
    "brevo": Provider("Brevo", "brevo.BrevoTrackingWebhookView", ("WEBHOOK_SECRET",)),
    "mailgun": Provider(
        "Mailgun", "mailgun.MailgunTrackingWebhookView", ("MAILGUN_WEBHOOK_SIGNING_KEY", "MAILGUN_API_KEY")
    ),
    "postmark": Provider("Postmark", "postmark.PostmarkTrackingWebhookView", ("WEBHOOK_SECRET",)),
    "sendgrid": Provider(
        "SendGrid",
        "sendgrid.SendGridTrackingWebhookView",
        ("SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY", "WEBHOOK_SECRET"),
    ),
    "ses": Provider("Amazon SES", "amazon_ses.AmazonSESTrackingWebhookView", ("WEBHOOK_SECRET",)),
}


@dataclass(frozen=True)
class Reported:
    """One event of one recipient. `message_id`: key of the outbox, "" where the provider gave none back."""

    key: str
    provider: str
    kind: str
    recipient: str
    message_id: str
    is_permanent: bool
    detail: str
    at: datetime


def webhook_provider(name: str) -> Provider | None:
    """The provider in use, if this is its name and its webhook can be verified."""
    provider = PROVIDERS.get(name)
    if provider is None or name != settings.MAIL_PROVIDER or not any(map(settings.ANYMAIL.get, provider.secrets)):
        return None
    return provider


def webhook_url() -> str:
    """The address to configure at the provider in use, without its secret; "" where it has no webhook."""
    if settings.MAIL_PROVIDER not in PROVIDERS:
        return ""
    path = reverse("mail_webhook", args=[settings.MAIL_PROVIDER], urlconf=settings.PUBLIC_URLCONF)
    return f"{settings.RUCHE_BASE_URL}{path}"


def read(name: str, request: HttpRequest) -> list[Reported]:
    """The events of a request. Raises `NotSigned` or `Malformed`."""
    module, _dot, view_name = PROVIDERS[name].view.partition(".")
    view: Any = getattr(import_module(f"anymail.webhooks.{module}"), view_name)()
    view.setup(request)
    try:
        view.run_validators(request)
    except SuspiciousOperation as error:
        raise NotSigned from error
    except (AnymailError, ValueError, AttributeError, TypeError, KeyError) as error:
        raise Malformed from error
    try:
        events = view.parse_events(request)[:MAX_EVENTS]
        return [reported for event in events if (reported := _reported(name, event))]
    except (AnymailError, ValueError, AttributeError, TypeError, KeyError, IndexError, SuspiciousOperation) as error:
        raise Malformed from error


def _reported(name: str, event: AnymailTrackingEvent) -> Reported | None:
    """None for what is not kept: openings and clicks, and what is said before a mail leaves."""
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    is_permanent, kind = False, ""
    if event.event_type == EventType.DELIVERED:
        kind = Report.DELIVERED
    elif event.event_type == EventType.DEFERRED:
        kind = Report.DEFERRED
    elif event.event_type == EventType.COMPLAINED:
        kind, is_permanent = Report.COMPLAINED, True
    elif event.event_type in (EventType.BOUNCED, EventType.REJECTED, EventType.FAILED):
        kind = Report.BOUNCED
        is_permanent = _is_permanent(name, event, raw)
        if event.reject_reason == RejectReason.SPAM:
            kind, is_permanent = Report.COMPLAINED, True
    elif event.event_type == EventType.UNSUBSCRIBED:
        kind = UNSUBSCRIBED
    else:
        return None
    recipient, at = str(event.recipient or "")[:320], event.timestamp or timezone.now()
    own_id = event.event_id or f"{event.message_id}:{event.timestamp}"
    key = hashlib.sha256(json.dumps([name, event.event_type, recipient, str(own_id)]).encode()).hexdigest()
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    detail = event.mta_response or event.description or ""
    return Reported(
        key=key,
        provider=name,
        kind=kind,
        recipient=recipient,
        message_id=str(metadata.get("outbox", ""))[:40],
        is_permanent=is_permanent,
        detail=one_line(str(detail))[:300],
        at=min(at, timezone.now()),
    )


# Whether a bounce is for good. anymail does not tell it; the providers' words do.
_PERMANENT: Final[dict[str, Callable[[dict[str, Any]], bool]]] = {
    "brevo": lambda raw: raw.get("event") in ("hard_bounce", "invalid_email"),
    "mailgun": lambda raw: raw.get("event-data", {}).get("severity") == "permanent",
    "postmark": lambda raw: raw.get("Type") in ("HardBounce", "BadEmailAddress"),
    "sendgrid": lambda raw: raw.get("event") == "bounce" and raw.get("type", "bounce") == "bounce",
    "ses": lambda raw: raw.get("bounce", {}).get("bounceType") == "Permanent",
}


def _is_permanent(name: str, event: AnymailTrackingEvent, raw: dict[str, Any]) -> bool:
    if event.event_type == EventType.REJECTED:
        # Refused by the provider itself, which remembers a bounce.
        return event.reject_reason in (RejectReason.INVALID, RejectReason.BOUNCED)
    return event.event_type == EventType.BOUNCED and _PERMANENT[name](raw)
