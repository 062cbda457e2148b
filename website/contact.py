"""The page that writes to the operator."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import anyone
from accounts.http import client_ip
from signup import proof
from website import leads
from website.forms import ContactForm


@anyone
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """The form. A message that fills in the trap is thanked for and dropped."""
    if request.method != "POST":
        return _page(request, ContactForm())
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    if form.is_trapped:
        return redirect("contact_done")
    cleaned, ip = form.cleaned_data, client_ip(request)
    sent = leads.Message(
        email=cleaned["email"],
        name=cleaned["name"],
        company=cleaned["company"],
        message=cleaned["message"],
        wants_news=cleaned["news"],
        language=get_language() or settings.LANGUAGE_CODE,
        source=_source(request),
        origin=ip or None,
    )
    if not leads.is_repeated(cleaned["lead_id"], sent):
        if not leads.may_write(ip, has_proof=proof.accept(cleaned["proof"])):
            form.add_error(None, gettext("Trop de messages en peu de temps : réessayez dans une heure."))
            return _page(request, form, status=429)
        leads.lead_open(cleaned["lead_id"], sent)
    return redirect("contact_done")


def _source(request: HttpRequest) -> str:
    """The campaign named by the form's address; "" without one."""
    query = urlsplit(request.headers.get("referer", "")[:2_000]).query
    values = QueryDict(query[:500])
    return " / ".join(values.get(f"utm_{part}", "")[:60] for part in ("source", "medium", "campaign")).strip(" /")


def _page(request: HttpRequest, form: ContactForm, status: int = 200) -> HttpResponse:
    return render(request, "website/contact.html", {"form": form, "challenge": proof.new_challenge()}, status=status)


@anyone
@require_GET
def contact_done(request: HttpRequest) -> HttpResponse:
    return render(request, "website/contact_done.html")
