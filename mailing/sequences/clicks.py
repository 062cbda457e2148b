"""Clicks in mails of sequences: a signed link on the workspace's own host, which counts and leads on."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import anyone
from mailing.models import SequenceMail
from tenants import signing
from tenants.context import TenantRef, public_context, tenant_context
from tenants.selectors import tenant_url

_PURPOSE: Final = "mailing.click"


def click_url(tenant: TenantRef, mail_id: UUID, path: str) -> str:
    with tenant_context(tenant):
        token = signing.sign(_PURPOSE, [mail_id.hex, path])
    return tenant_url(tenant.domain, reverse("mail_click", args=[token], urlconf=settings.TENANT_URLCONF))


@anyone
@never_cache
@require_safe
def follow(request: HttpRequest, click_token: str) -> HttpResponse:
    """Lead to the page of a mail's button and note the first click. A link that is not ours leads home."""
    try:
        key, path = signing.unsign(_PURPOSE, click_token[:500])
        mail_id = UUID(key)
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return HttpResponseRedirect("/")
    if request.method == "GET":
        with public_context():
            SequenceMail.objects.filter(pk=mail_id, clicked_at=None).update(clicked_at=timezone.now())
    # Signed by this platform, and a path of this host.
    return HttpResponseRedirect(path if path.startswith("/") and not path.startswith("//") else "/")
