"""Home page of each role, and the search of the workspace."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import ALL_STATES, EVERYBODY, MANAGERS, access
from accounts.http import MemberRequest
from accounts.models import Role
from assistants.selectors import assistants_offered
from conversations import selectors as conversations
from library import selectors as library
from plans import selectors as plan_selectors
from plans.types import AI_EUROS, TOKENS
from ui.templatetags.ui import money, number
from usage import selectors as usage_selectors
from usage.types import Gauge
from workspace import palette

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
