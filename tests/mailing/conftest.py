"""Webhooks of each provider, signed as they sign; a row of the outbox that was sent."""

import base64
import hashlib
import hmac
import json
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from mailing.models import OutboxMessage
from tenants.context import public_context
from tests.plans.conftest import grant

__all__ = ["grant"]

SECRET = "hook:not-guessed"
BASIC = {"Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()}
SIGNING_KEY = "mailgun-signing-key"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = base64.b64encode(
    EC_KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()


class Call(NamedTuple):
    body: bytes
    headers: dict[str, str]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def brevo(row: OutboxMessage, kind: str, to: str) -> Call:
    event = {"delivered": "delivered", "hard": "hard_bounce", "soft": "soft_bounce", "complaint": "spam"}[kind]
    body = {
        "event": event,
        "email": to,
        "message-id": "<1@x>",
        "ts_epoch": 1790000000000,
        "X-Mailin-custom": json.dumps({"outbox": str(row.pk)}),
        "reason": "550 5.1.1 unknown",
    }
    return Call(_json(body), BASIC)


def mailgun(row: OutboxMessage, kind: str, to: str) -> Call:
    event = {"delivered": "delivered", "hard": "failed", "soft": "failed", "complaint": "complained"}[kind]
    token, at = f"t-{kind}", "1790000000"
    signature = hmac.new(SIGNING_KEY.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    body: dict[str, Any] = {
        "signature": {"token": token, "timestamp": at, "signature": signature},
        "event-data": {
            "event": event,
            "id": f"id-{kind}",
            "timestamp": 1790000000.0,
            "recipient": to,
            "user-variables": {"outbox": str(row.pk)},
            "message": {"headers": {"message-id": "1@x"}},
        },
    }
    if event == "failed":
        body["event-data"]["severity"] = "permanent" if kind == "hard" else "temporary"
    return Call(_json(body), {})


def postmark(row: OutboxMessage, kind: str, to: str) -> Call:
    common = {"MessageID": "m-1", "Metadata": {"outbox": str(row.pk)}}
    if kind == "delivered":
        body = {"RecordType": "Delivery", "Recipient": to, "DeliveredAt": "2026-09-21T10:00:00Z", **common}
    elif kind == "complaint":
        body = {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": to, "ID": 7, **common}
        body["BouncedAt"] = "2026-09-21T10:00:00Z"
    else:
        name = "HardBounce" if kind == "hard" else "SoftBounce"
        body = {"RecordType": "Bounce", "Type": name, "Email": to, "ID": 8, "BouncedAt": "2026-09-21T10:00:00Z"}
        body |= common
    return Call(_json(body), BASIC)


def sendgrid(row: OutboxMessage, kind: str, to: str) -> Call:
    event = {"delivered": "delivered", "hard": "bounce", "soft": "bounce", "complaint": "spamreport"}[kind]
    one = {"event": event, "email": to, "timestamp": 1790000000, "sg_event_id": f"e-{kind}", "outbox": str(row.pk)}
    if event == "bounce":
        one["type"] = "bounce" if kind == "hard" else "blocked"
    body = _json([one])
    signature = EC_KEY.sign(b"1790000000" + body, ec.ECDSA(hashes.SHA256()))
    name = "X-Twilio-Email-Event-Webhook"
    return Call(body, {f"{name}-Signature": base64.b64encode(signature).decode(), f"{name}-Timestamp": "1790000000"})


def ses(row: OutboxMessage, kind: str, to: str) -> Call:
    mail = {
        "messageId": "m-1",
        "destination": [to],
        "headers": [{"name": "X-Metadata", "value": json.dumps({"outbox": str(row.pk)})}],
    }
    event: dict[str, Any] = {"mail": mail}
    if kind == "delivered":
        event |= {"eventType": "Delivery", "delivery": {"recipients": [to], "smtpResponse": "250 ok"}}
    elif kind == "complaint":
        event |= {"eventType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": to}]}}
    else:
        bounce = {"bounceType": "Permanent" if kind == "hard" else "Transient", "bounceSubType": "General"}
        event |= {"eventType": "Bounce", "bounce": {**bounce, "bouncedRecipients": [{"emailAddress": to}]}}
    message = {
        "Type": "Notification",
        "MessageId": f"n-{kind}",
        "Timestamp": "2026-09-21T10:00:00.000Z",
        "Message": json.dumps(event),
    }
    names = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": f"n-{kind}"}
    return Call(_json(message), BASIC | names)


CALLS = {"brevo": brevo, "mailgun": mailgun, "postmark": postmark, "sendgrid": sendgrid, "ses": ses}


@pytest.fixture
def configured(settings: Any) -> Any:
    """`configured("brevo")`: this provider is the one in use, with its secrets."""

    def use(name: str) -> None:
        settings.MAIL_PROVIDER = name
        settings.ANYMAIL = {
            "WEBHOOK_SECRET": SECRET,
            "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY,
            "MAILGUN_API_KEY": "k",
            "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": PUBLIC_KEY,
        }
        if name == "sendgrid":
            del settings.ANYMAIL["WEBHOOK_SECRET"]
        if name == "mailgun":
            del settings.ANYMAIL["WEBHOOK_SECRET"]

    return use


@pytest.fixture
def sent_mail() -> OutboxMessage:
    with public_context():
        return OutboxMessage.objects.create(
            to=["lea@x.test"], subject="Objet", sender="a@b.test", status="sent", sent_at=timezone.now()
        )


@pytest.fixture
def hook(client_for: Any) -> Any:
    """`hook("brevo", call)`: the provider calls; the status of the answer."""
    client: Client = client_for(None, host=django_settings.BASE_HOST)

    def post(name: str, call: Call) -> int:
        with public_context():
            return client.post(
                f"/mail/webhook/{name}/", call.body, content_type="application/json", headers=call.headers
            ).status_code

    return post
