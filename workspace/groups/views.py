"""Pages of the groups of members."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import MANAGERS, access
from accounts.http import MemberRequest
from ui.lines import Line
from workspace.groups import selectors, services
from workspace.members import selectors as members
from workspace.members.forms import searched, ticked_keys

# Who may be ticked at once. More people are narrowed down by the search field.
SHOWN: Final = 100


class GroupForm(forms.Form):
    name = Line(label=gettext_lazy("Nom du groupe"), max_length=80)


@access(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: MemberRequest) -> HttpResponse:
    """The groups, and the form of a new one."""
    form = GroupForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            group = services.group_create(name=form.cleaned_data["name"], actor=request.user)
            return redirect("group", group.pk)
        except services.GroupRefused as refusal:
            form.add_error("name", str(refusal))
    context = {
        "form": form,
        "groups": selectors.group_list(),
        "seats": members.seats(),
        "invitation_count": members.invitation_list().count(),
    }
    return render(request, "groups/list.html", context, status=422 if form.is_bound else 200)


@access(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: MemberRequest, group_id: UUID) -> HttpResponse:
    """One group: its name, who is in it, who may be added."""
    group = selectors.access_group(group_id)
    form = GroupForm(request.POST if request.method == "POST" else None, initial={"name": group.name})
    if form.is_valid():
        try:
            services.group_rename(group=group, name=form.cleaned_data["name"], actor=request.user)
            messages.success(request, _("Groupe renommé."))
            return redirect("group", group.pk)
        except services.GroupRefused as refusal:
            form.add_error("name", str(refusal))
    return _page(request, group, form, status=422 if form.is_bound else 200)


def _page(request: MemberRequest, group: Any, form: GroupForm, *, status: int = 200, **more: Any) -> HttpResponse:
    query = searched(request.GET.get("q", ""))
    people, candidates = selectors.people_in(group, query), selectors.people_outside(group, query)
    context = {
        "group": group,
        "form": form,
        "query": query,
        "people": people[:SHOWN],
        "people_count": people.count(),
        "candidates": candidates[:SHOWN],
        "candidate_count": candidates.count(),
        "breadcrumbs": [{"url": reverse("groups"), "label": _("Groupes")}],
    } | more
    return render(request, "groups/detail.html", context, status=status)


@access(MANAGERS)
@require_POST
def add(request: MemberRequest, group_id: UUID) -> HttpResponse:
    """Add the ticked people."""
    group = selectors.access_group(group_id)
    count = services.people_add(group=group, keys=ticked_keys(request.POST.getlist("selected")), actor=request.user)
    return _back(request, group, count, ngettext("%(count)s personne ajoutée.", "%(count)s personnes ajoutées.", count))


@access(MANAGERS)
@require_POST
def remove(request: MemberRequest, group_id: UUID) -> HttpResponse:
    """Take the ticked people out."""
    group = selectors.access_group(group_id)
    count = services.people_remove(group=group, keys=ticked_keys(request.POST.getlist("selected")), actor=request.user)
    return _back(request, group, count, ngettext("%(count)s personne retirée.", "%(count)s personnes retirées.", count))


def _back(request: MemberRequest, group: Any, count: int, text: str) -> HttpResponse:
    """To the group's page, with how many people it was about."""
    if count:
        messages.success(request, text % {"count": count})
    else:
        messages.warning(request, _("Cochez d’abord des personnes."))
    url, query = reverse("group", args=[group.pk]), searched(request.POST.get("q", ""))
    return redirect(f"{url}?{urlencode({'q': query})}" if query else url)


@access(MANAGERS)
@require_POST
def delete(request: MemberRequest, group_id: UUID) -> HttpResponse:
    """Delete the group, whose name is typed."""
    group = selectors.access_group(group_id)
    if request.POST.get("name", "").strip().casefold() != group.name.casefold():
        problem = _("Ce n’est pas le nom du groupe : rien n’est supprimé.")
        return _page(request, group, GroupForm(initial={"name": group.name}), status=422, problem=problem)
    services.group_delete(group=group, actor=request.user)
    messages.success(request, _("Groupe supprimé. Ses membres restent dans l’espace."))
    return redirect("groups")
