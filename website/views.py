"""Pages of the public site, and error handlers."""

import sys

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import get_language

from accounts.access import anyone
from billing.api import terms
from plans import selectors as plan_selectors
from tenants.busy import busy, is_busy


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`. Django's reads the form again, whose encoding may be the cause of the error."""
    return render(request, "400.html", status=400)


@anyone
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "website/home.html", {"plans": plan_selectors.plans_offered()})


@anyone
def pricing(request: HttpRequest) -> HttpResponse:
    context = {"plans": plan_selectors.plans_offered(), "addons": plan_selectors.add_ons()}
    return render(request, "website/pricing.html", context)


@anyone
def legal_notice(request: HttpRequest) -> HttpResponse:
    return render(request, "website/legal_notice.html")


@anyone
def legal_terms(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The terms of sale in force, or the version `number`: accepted versions stay readable."""
    latest = terms.current()
    row = latest if number is None else terms.version(number)
    if row is None:
        raise Http404
    is_translated = bool(row.translation) and get_language() == "en"
    context = {
        "row": row,
        "latest": latest,
        "blocks": terms.blocks(row.translation if is_translated else row.text),
        "language": "en" if is_translated else "fr",
        "is_translated": is_translated,
        "has_gaps": terms.has_gaps(row.text),
    }
    return render(request, "website/legal_terms.html", context)


@anyone
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "website/privacy.html")


@anyone
def components(request: HttpRequest) -> HttpResponse:
    """All interface components on one page, for developers; in the embedded run only."""
    if not settings.RUCHE_EMBEDDED:
        raise Http404
    return render(request, "website/components.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`: 503 if a resource was not available in time, else the page of a 500.

    Makes no query, because the database may be the cause.
    """
    error = sys.exc_info()[1]
    if is_busy(error):
        response = busy(request, getattr(request, "tenant", None), error=error)
        # `busy` logs at most one line a second; Django would log a traceback for each response.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response
    return HttpResponse(loader.render_to_string("500.html"), status=500)
