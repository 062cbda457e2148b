"""Pages of the public site, and error handlers."""

import sys

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.templatetags.static import static
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import cache_control

from accounts.access import anyone, anyone_calling_outside
from billing.api import terms
from tenants.busy import busy, is_busy
from website import articles, legal, status, structured
from website.cards import card, card_url, card_version
from website.faq import QUESTIONS
from website.offers import add_on_offers, fingerprint, offers, vat_percent
from website.rich_text import rich_text


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`. Django's reads the form again, whose encoding may be the cause of the error."""
    return render(request, "400.html", status=400)


@anyone
def home(request: HttpRequest) -> HttpResponse:
    context = {
        "offers": SimpleLazyObject(offers),
        "fingerprint": fingerprint(),
        "vat_percent": vat_percent(),
        "questions": QUESTIONS,
        "structured": [structured.data_block(structured.organization()), structured.data_block(structured.faq_page())],
        "card_url": card_url("home", page_title("home")),
    }
    return render(request, "website/home.html", context)


@anyone
def pricing(request: HttpRequest) -> HttpResponse:
    rows = offers()
    description = gettext("Assistants d’IA et bibliothèque de contenus, dans un espace à votre nom.")
    context = {
        "offers": rows,
        "plans": [offer.row for offer in rows],
        "addons": add_on_offers(),
        "vat_percent": vat_percent(),
        "questions": QUESTIONS,
        "structured": [
            structured.data_block(structured.product(rows, description)),
            structured.data_block(structured.faq_page()),
        ],
        "card_url": card_url("pricing", page_title("pricing")),
    }
    return render(request, "website/pricing.html", context)


def page_title(page: str) -> str:
    """The title on the picture of a page. Raises Http404 for a page without one."""
    titles = {
        "home": gettext("Des assistants d’IA qui travaillent chez vous, et dont rien ne se perd."),
        "pricing": gettext("Offres et tarifs"),
    }
    if page in titles:
        return titles[page]
    row = articles.article(page.removeprefix(articles.CARD)) if page.startswith(articles.CARD) else None
    if row is None:
        raise Http404
    return row.title


@anyone_calling_outside
@cache_control(max_age=31_536_000, public=True, immutable=True)
def site_card(request: HttpRequest, page: str, version: str) -> HttpResponse:
    """The picture of a page where it is shared. Another version than the present one is not drawn."""
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            title = page_title(page)
        if card_version(title) == version:
            content = card(title)
            break
    else:
        raise Http404
    if content is None:
        return redirect(static("icons/open-graph.png"))
    return HttpResponse(content, content_type="image/png")


@anyone
def legal_document(request: HttpRequest, document: str, number: int | None = None) -> HttpResponse:
    """A legal text in force, or its version `number`: what somebody accepted stays readable."""
    latest = legal.current(document)
    row = latest if number is None else legal.version(document, number)
    if row is None and number is not None:
        raise Http404
    text, language = legal.in_language(row, document)
    with translation.override(language):
        html = rich_text(legal.filled(text))
    context = {
        "document": document,
        "label": legal.Document(document).label,
        "page": legal.PAGES[document],
        "row": row,
        "latest": latest,
        "versions": legal.versions(document),
        "html": html,
        "language": language,
    }
    return render(request, "website/legal_document.html", context)


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
        "versions": terms.versions(),
    }
    return render(request, "website/legal_terms.html", context)


@anyone
def components(request: HttpRequest) -> HttpResponse:
    """All interface components on one page, for developers; in the embedded run only."""
    if not settings.RUCHE_EMBEDDED:
        raise Http404
    return render(request, "website/components.html")


@anyone
def service_status(request: HttpRequest) -> HttpResponse:
    """Whether each part of the platform works, and how it did in the last days."""
    return render(request, "website/status.html", {"status": status.status(), "shown_days": status.SHOWN_DAYS})


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
