"""The public site."""

import sys

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import get_language

from accounts.access import anyone
from billing import terms
from plans import selectors as plan_selectors
from tenants.busy import busy, is_busy


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400. Not Django's own: that one reads the form again, whose encoding may be what was refused."""
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
    """The terms of sale in force, or the version of that number: whoever accepted one can read it for good."""
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
    """The components on one page, for those who build pages; in the embedded run only."""
    if not settings.RUCHE_EMBEDDED:
        raise Http404
    return render(request, "website/components.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`: 503 where what it needs did not come in time, no fault of the code; else the page of a 500.

    Neither asks the database: it may be what failed.
    """
    error = sys.exc_info()[1]
    if is_busy(error):
        response = busy(request, getattr(request, "tenant", None), error=error)
        # One line a second says it; Django's would be one with a traceback for each.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response
    return HttpResponse(loader.render_to_string("500.html"), status=500)
