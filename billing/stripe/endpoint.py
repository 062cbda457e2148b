"""The webhook endpoint. Signatures are verified before anything is stored, so that only Stripe can fill our tables.

Source: https://docs.stripe.com/webhooks#verify-official-libraries
"""

import logging
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import stripe
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotFound
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from djstripe.models import WebhookEndpoint
from djstripe.views import ProcessWebhookView

from accounts.access import anyone

log = logging.getLogger(__name__)
# Bytes; Stripe's largest events are far smaller.
MAX_BYTES = 512_000
TOLERANCE_SECONDS = 300
_process = ProcessWebhookView.as_view()


@anyone
@csrf_exempt
@require_POST
def receive(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """200 once an event is stored, 400 for a wrong or old signature, 404 for a wrong address, 413 if too large."""
    secret = settings.STRIPE_WEBHOOK_SECRET
    if not secret or uuid != endpoint_uuid():
        return HttpResponseNotFound()
    if int(request.headers.get("content-length") or MAX_BYTES + 1) > MAX_BYTES:
        return HttpResponse(status=413)
    if not _is_signed(request, secret):
        log.warning("webhook refused: its signature is not Stripe's, or old")
        return HttpResponseBadRequest()
    _store_endpoint(secret)
    response: Any = _process(request, uuid=uuid)
    return response  # type: ignore[no-any-return]


def endpoint_uuid() -> UUID:
    """The UUID in the address of this installation's endpoint, derived from RUCHE_BASE_URL."""
    return uuid5(NAMESPACE_URL, f"{settings.RUCHE_BASE_URL}/stripe/webhook")


def endpoint_url() -> str:
    """The absolute address to configure at Stripe."""
    path = reverse("stripe_webhook", args=[endpoint_uuid()], urlconf=settings.PUBLIC_URLCONF)
    return f"{settings.RUCHE_BASE_URL}{path}"


def _is_signed(request: HttpRequest, secret: str) -> bool:
    try:
        body = request.body.decode()
        signature = request.headers.get("stripe-signature", "")
        stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


def _store_endpoint(secret: str) -> None:
    """Copy the secret from the settings to dj-stripe's row, which is where dj-stripe reads it."""
    row, _created = WebhookEndpoint.objects.get_or_create(
        djstripe_uuid=endpoint_uuid(),
        defaults={
            "id": f"we_{endpoint_uuid().hex}",
            "url": endpoint_url(),
            "secret": secret,
            "status": "enabled",
            "enabled_events": ["*"],
            "livemode": settings.STRIPE_LIVE_MODE,
            "djstripe_tolerance": TOLERANCE_SECONDS,
            "djstripe_validation_method": "verify_signature",
        },
    )
    if (row.secret, row.livemode) != (secret, settings.STRIPE_LIVE_MODE):
        row.secret, row.livemode = secret, settings.STRIPE_LIVE_MODE
        row.save(update_fields=["secret", "livemode"])
