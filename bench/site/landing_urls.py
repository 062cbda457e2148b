"""URLs of the public host, with the landing page by a view of plain Django."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from config import urls_public
from plans.models import Plan
from website.faq import QUESTIONS
from website.offers import offer, vat_percent


def landing(request: HttpRequest) -> HttpResponse:
    """One query, one template. What plans include would be a second query and is left out."""
    plans = list(Plan.objects.filter(is_offered=True))
    for plan in plans:
        plan._prefetched_objects_cache = {"entitlements": []}  # type: ignore[attr-defined]
    context = {"offers": [offer(plan) for plan in plans], "vat_percent": vat_percent(), "questions": QUESTIONS}
    return render(request, "website/home.html", context)


urlpatterns = [path("", landing), *urls_public.urlpatterns]
