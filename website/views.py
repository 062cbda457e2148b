"""The public site."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.access import anyone
from billing import selectors as billing


@anyone
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "website/home.html", {"plans": billing.plans_offered()})


@anyone
def pricing(request: HttpRequest) -> HttpResponse:
    context = {"plans": billing.plans_offered(), "addons": billing.add_ons()}
    return render(request, "website/pricing.html", context)


@anyone
def legal_notice(request: HttpRequest) -> HttpResponse:
    return render(request, "website/legal_notice.html")


@anyone
def legal_terms(request: HttpRequest) -> HttpResponse:
    return render(request, "website/legal_terms.html")


@anyone
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "website/privacy.html")


@anyone
def components(request: HttpRequest) -> HttpResponse:
    """The components on one page, for those who build pages; in the embedded run only."""
    if not settings.RUCHE_EMBEDDED:
        raise Http404
    return render(request, "website/components.html")
