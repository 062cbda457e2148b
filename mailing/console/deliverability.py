"""The page on which an operator reads what the DNS says of the sender's domain."""

from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.access import OPERATORS, access
from mailing import deliverability
from mailing.providers import webhook_provider, webhook_url
from tenants.admission import OUTSIDE

REMEMBERED_SECONDS: Final = 3600
_KEY: Final = "mailing:deliverability"


def page_of(site: Any) -> Any:
    """The view, in the console's site."""

    @access(OPERATORS, lane=OUTSIDE)
    @require_http_methods(["GET", "HEAD", "POST"])
    def show(request: HttpRequest) -> HttpResponse:
        """The last result; a POST asks the DNS again."""
        domain = deliverability.sender_domain()
        if request.method == "POST":
            cache.set(_KEY, (domain, timezone.now(), deliverability.check_all(domain)), REMEMBERED_SECONDS)
            return redirect("admin:mailing_deliverability")
        known_domain, checked_at, checks = cache.get(_KEY) or ("", None, [])
        is_known = known_domain == domain
        context = {
            **site.each_context(request),
            "title": gettext("Délivrabilité"),
            "domain": domain,
            "sender": settings.DEFAULT_FROM_EMAIL,
            "provider": settings.MAIL_PROVIDER,
            "webhook": webhook_url(),
            "is_webhook_signed": webhook_provider(settings.MAIL_PROVIDER) is not None,
            "checks": checks if is_known else [],
            "checked_at": checked_at if is_known else None,
        }
        return TemplateResponse(request, "admin/deliverability.html", context)

    return show
