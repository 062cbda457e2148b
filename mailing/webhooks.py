"""The address at which the provider of mail reports deliveries, bounces and complaints; what follows from them."""

import logging
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotFound
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.access import BODY_LIMIT, anyone_calling_outside
from accounts.addresses import plain_address
from mailing import providers, suppression
from mailing.models import MailEvent, OutboxMessage, Suppression
from mailing.providers import Reported
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.selectors import ref_of

log = logging.getLogger(__name__)
Report = OutboxMessage.Report
# What a provider says later never takes back a graver report.
_GRAVITY: Final = {"": 0, Report.DEFERRED: 1, Report.DELIVERED: 2, Report.BOUNCED: 3, Report.COMPLAINED: 4}


@anyone_calling_outside
@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """200 once the events are kept, 400 if unsigned or unreadable, 404 for a provider that is not the one in use.

    413 for a body over a megabyte, unread. Amazon's subscription is
    confirmed by a call to Amazon, before which no database connection was taken.
    """
    if providers.webhook_provider(provider) is None:
        return HttpResponseNotFound()
    if request.method == "HEAD":
        return HttpResponse()
    if int(request.headers.get("content-length") or BODY_LIMIT + 1) > BODY_LIMIT:
        return HttpResponse(status=413)
    if provider == "ses" and not request.headers.get("authorization"):
        # Amazon sends the secret only once it was asked for it.
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="mail"'})
    try:
        reports = providers.read(provider, request)
    except providers.NotSigned:
        log.warning("webhook of mail refused: not signed provider=%s", provider)
        return HttpResponseBadRequest()
    except providers.Malformed:
        log.warning("webhook of mail refused: unreadable provider=%s", provider)
        return HttpResponseBadRequest()
    record_all(reports)
    return HttpResponse()


def record_all(reports: Iterable[Reported]) -> int:
    """Keep reports about mails of the outbox, each once. Returns how many were new."""
    known = [report for report in reports if report.kind and _uuid(report.message_id)]
    rows = OutboxMessage.objects.defer("text", "html").in_bulk({_uuid(report.message_id) for report in known})
    count = 0
    for report in sorted(known, key=lambda report: report.at):
        message = rows.get(_uuid(report.message_id))
        if message and _address(message, report):
            count += _record(message, report)
    return count


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _address(message: OutboxMessage, report: Reported) -> str:
    """The recipient as the outbox spells it; "" for somebody to whom this mail did not go."""
    recipient = plain_address(report.recipient)
    return next((address for address in message.to if plain_address(address) == recipient), "")


@transaction.atomic
def _record(message: OutboxMessage, report: Reported) -> bool:
    address = _address(message, report)
    values = {
        "message": message,
        "digest": suppression.digest_of(address),
        "provider": report.provider,
        "kind": report.kind,
        "is_permanent": report.is_permanent,
        "detail": report.detail,
        "at": report.at,
    }
    _event, is_new = MailEvent.objects.get_or_create(key=report.key, defaults=values)
    if not is_new:
        return False
    row = OutboxMessage.objects.select_for_update().only("report").get(pk=message.pk)
    if _GRAVITY[row.report] < _GRAVITY.get(report.kind, 0):
        row.report, row.reported_at = report.kind, report.at
        row.save(update_fields=["report", "reported_at"])
    if report.kind == Report.COMPLAINED:
        suppression.suppress(address, Suppression.Reason.COMPLAINT, message=message)
    elif report.kind == Report.BOUNCED and report.is_permanent:
        suppression.suppress(address, Suppression.Reason.HARD_BOUNCE, message=message)
    elif report.kind == providers.UNSUBSCRIBED:
        _unsubscribe(message, address)
    elif report.kind == Report.BOUNCED:
        suppression.count_soft_bounce(address, message=message)
    return True


def _unsubscribe(message: OutboxMessage, address: str) -> None:
    """Have the workspace of a mail stop what may be stopped, for this address."""
    tenant = Tenant.objects.filter(pk=message.tenant_id).first() if message.tenant_id else None
    if tenant is not None:
        with tenant_context(ref_of(tenant)):
            import_string(settings.MAIL_ADDRESS_STOP)(address)
