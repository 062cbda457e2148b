"""Home page of each role, settings, colour and logo of the workspace."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.access import ALL_STATES, EVERYBODY, MANAGERS, access, anyone, anyone_calling_outside
from accounts.http import MemberRequest
from accounts.models import Role
from assistants.selectors import assistants_offered
from conversations import selectors as conversations
from library import selectors as library
from plans import selectors as plan_selectors
from plans.types import AI_EUROS, TOKENS
from tenants.admission import OUTSIDE
from ui.templatetags.ui import money, number
from usage import selectors as usage_selectors
from usage.types import Gauge
from workspace import palette, services
from workspace.colour import hex_of
from workspace.forms import IdentityForm

YEAR_SECONDS = 31_536_000
_PAGES: dict[str, str] = {Role.LEARNER: "home/learner.html", Role.PROMOTER: "home/promoter.html"}


@access(EVERYBODY, states=ALL_STATES)
def home(request: MemberRequest) -> HttpResponse:
    """Home page of the user's role. A closed workspace redirects to the export, the only action left."""
    if request.tenant.state == "closed":
        return redirect("workspace_data")
    page = _PAGES.get(request.user.role)
    return render(request, page) if page else render(request, "home/member.html", _team_context(request))


def _team_context(request: MemberRequest) -> dict[str, Any]:
    context: dict[str, Any] = {
        "assistants": [
            {
                "name": assistant.name,
                "tagline": assistant.tagline,
                "icon": assistant.icon,
                "url": _conversations_url(assistant.code),
            }
            for assistant in assistants_offered()
        ],
        "recent_conversations": [
            {
                "title": row.title,
                "assistant": row.assistant.name,
                "url": reverse("conversations:detail", args=[row.pk]),
                "at": row.active_at,
            }
            for row in conversations.recent(request.user)
        ],
        "recent_items": [
            {
                "title": item.title,
                "kind": item.kind,
                "kind_label": item.get_kind_display(),
                "url": reverse("library:detail", args=[item.pk]),
                "at": item.created_at,
            }
            for item in library.items_visible(request.user).filter(archived_at=None).order_by("-id")[:5]
        ],
    }
    if request.user.role in MANAGERS:
        context["plan_name"] = plan_selectors.plan_of(request.tenant)["name"]
        context["quotas"] = [_quota(gauge) for gauge in usage_selectors.gauges(request.tenant, [TOKENS, AI_EUROS])]
    return context


@access(EVERYBODY)
@require_safe
def search(request: MemberRequest) -> HttpResponse:
    """Pages, acts, conversations and contents that match `q`: a page, or the results alone for the palette."""
    query = request.GET.get("q", "").replace("\x00", "").strip()[: palette.MAX_QUERY]
    is_palette = bool(request.htmx)
    groups = palette.find(request, query, limit=palette.SHORT if is_palette else palette.LONG)
    template = "palette/_results.html" if is_palette else "palette/page.html"
    return render(request, template, {"groups": groups, "query": query})


def _quota(gauge: Gauge) -> dict[str, Any]:
    """Context of components/quota.html."""
    format_amount = money if gauge.key == AI_EUROS else number
    return {
        "label": gauge.label,
        "used": format_amount(gauge.used),
        "limit": format_amount(gauge.limit) if gauge.limit is not None else None,
        "percent": gauge.percent,
        "unit": "" if gauge.key == AI_EUROS else _("jetons"),
    }


def _conversations_url(assistant_code: str) -> str:
    return f"{reverse('conversations:list')}?assistant={assistant_code}"


# The limit is above that of a logo, so that the form reports a file that is too large and keeps the other fields.
@access(MANAGERS, body_limit=10_000_000, lane=OUTSIDE)
def settings(request: MemberRequest) -> HttpResponse:
    """Form for name, language, colour and logo of the workspace."""
    tenant = request.tenant
    form = IdentityForm(
        request.POST or None,
        request.FILES or None,
        initial={
            "name": tenant.name,
            "language": tenant.language,
            "brand_hue": tenant.brand_hue,
            "brand_color": "" if tenant.brand_hue is None else hex_of(tenant.brand_hue),
        },
    )
    if request.method == "POST" and form.is_valid():
        hue = form.cleaned_data.pop("brand_color")
        services.identity_change(actor=request.user, brand_hue=hue, **form.cleaned_data)
        messages.success(request, _("Réglages enregistrés."))
        return redirect("workspace_settings")
    status = 422 if form.is_bound else 200
    return render(request, "home/settings.html", {"form": form}, status=status)


# The URL contains the hue or the logo's file name, so the response can be cached forever: a change gives a new URL, and
# a process with an outdated cache cannot serve the former colour or logo under it.
@anyone
@cache_control(max_age=YEAR_SECONDS, private=True, immutable=True)
def brand_css(request: MemberRequest, hue: int) -> HttpResponse:
    """Stylesheet that sets the brand's hue as a custom property."""
    if hue >= 360:
        raise Http404
    return HttpResponse(f":root{{--brand-hue:{hue}}}", content_type="text/css")


@anyone_calling_outside
@cache_control(max_age=YEAR_SECONDS, private=True, immutable=True)
def brand_logo(request: MemberRequest, name: str) -> HttpResponse:
    """The workspace's logo, also shown on the sign-in page."""
    logo = services.read_logo(request.tenant, name)
    if logo is None:
        raise Http404
    content, media_type = logo
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
    return HttpResponse(content, content_type=media_type, headers=headers)
