"""A mail as its reader sees it, in a frame of the console in which nothing runs and nothing is loaded."""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.access import OPERATORS, access
from mailing.marks import with_picture
from mailing.models import OutboxMessage
from mailing.outgoing import is_readable
from tenants.admission import OUTSIDE

POLICY: Final[dict[str, list[str]]] = {
    "default-src": ["'none'"],
    "script-src": ["'none'"],
    "media-src": ["'none'"],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "sandbox": [],
}


def framed(html: str) -> HttpResponse:
    """The page of a frame: no script, no form, no way out."""
    response = HttpResponse(html)
    response._csp_replace = POLICY  # type: ignore[attr-defined]
    return response


@access(OPERATORS, lane=OUTSIDE)
@require_safe
@xframe_options_sameorigin
def outbox_frame(request: HttpRequest, message_id: Any) -> HttpResponse:
    """A mail of the outbox, whose body may be shown."""
    row = OutboxMessage.objects.filter(pk=message_id).first()
    if row is None or not row.html or not is_readable(row):
        raise Http404
    return framed(with_picture(row.html, row.tenant_id))


def frame_of(row: OutboxMessage, title: str) -> SafeString:
    address = reverse("admin:mailing_outbox_frame", args=[row.pk])
    return format_html('<iframe class="rc-mail" sandbox="" title="{}" src="{}"></iframe>', title, address)
