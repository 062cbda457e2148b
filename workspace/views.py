"""Home page of each role, and the search of the workspace."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.access import ALL_STATES, EVERYBODY, MANAGERS, access
from accounts.http import MemberRequest
from accounts.models import Role
from workspace import palette
from workspace.homes import team_context
from workspace.onboarding import services as onboarding
from workspace.onboarding.steps import steps_context

_PAGES: dict[str, str] = {Role.LEARNER: "home/learner.html", Role.PROMOTER: "home/promoter.html"}


@access(EVERYBODY, states=ALL_STATES)
def home(request: MemberRequest) -> HttpResponse:
    """Home page of the user's role. A closed workspace redirects to the export, the only action left."""
    if request.tenant.state == "closed":
        return redirect("workspace_data")
    page = _PAGES.get(request.user.role)
    if page:
        return render(request, page)
    context: dict[str, Any] = {}
    if request.user.role in MANAGERS:
        state = onboarding.progress(request.tenant)
        if onboarding.lead_in(request.tenant, state):
            return redirect("onboarding")
        if state is not None:
            context["has_samples"] = state.has_samples
            if state.is_shown and request.tenant.writable:
                context["checklist"] = {"steps": steps_context(state), "done_count": state.count}
    return render(request, "home/member.html", context | team_context(request))


@access(EVERYBODY)
@require_safe
def search(request: MemberRequest) -> HttpResponse:
    """Pages, acts, conversations and contents that match `q`: a page, or the results alone for the palette."""
    query = request.GET.get("q", "").replace("\x00", "").strip()[: palette.MAX_QUERY]
    is_palette = bool(request.htmx)
    groups = palette.find(request, query, limit=palette.SHORT if is_palette else palette.LONG)
    template = "palette/_results.html" if is_palette else "palette/page.html"
    return render(request, template, {"groups": groups, "query": query})
