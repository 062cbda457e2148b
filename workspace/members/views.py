"""Pages of members: the list, one member, what managers do with them."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MANAGERS, OWNERS, access
from accounts.http import MemberRequest
from accounts.limits import HOUR, count
from accounts.models import Role, User
from tenants.admission import HASHING
from workspace.members import selectors, services
from workspace.members.forms import FilterForm, HandOverForm, RemoveForm, RoleForm, ticked_keys
from workspace.members.types import MemberRefused, Outcome

PAGE_SIZE: Final = 50
PASSWORDS_PER_HOUR: Final = 10


@access(MANAGERS)
@require_safe
def index(request: MemberRequest) -> HttpResponse:
    form = FilterForm(request.GET)
    filters = form.filters()
    page = Paginator(selectors.member_list(filters), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "filters": filters,
        "page": page,
        "rows": [{"member": row, "is_managed": selectors.may_manage(request.user, row)} for row in page.object_list],
        "roles": selectors.roles_given_by(request.user),
        "is_narrowed": bool(filters.query or filters.role or filters.state),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "members/_results.html", context)
    context |= {"seats": selectors.seats(), "invitation_count": selectors.invitation_list().count()}
    return render(request, "members/list.html", context)


@access(MANAGERS)
@require_POST
def bulk(request: MemberRequest) -> HttpResponse:
    """Change the role of the ticked members, deactivate them or bring them back."""
    keys, chosen = ticked_keys(request.POST.getlist("selected")), request.POST.get("act", "")[:40]
    if chosen.startswith("role:"):
        act: Any = partial(_bulk_role, role=chosen.removeprefix("role:"), actor=request.user)
    elif chosen in ("activate", "deactivate"):
        act = partial(_bulk_active, active=chosen == "activate", actor=request.user)
    else:
        act = None
    if not keys or act is None:
        messages.warning(request, _("Cochez des personnes et choisissez ce qu’il faut faire."))
        return redirect("members")
    return finish(request, services.for_each(keys, act), back="members")


def _bulk_role(member_id: UUID, *, role: str, actor: User) -> User:
    return services.member_set_role(member_id=member_id, role=role, actor=actor)


def _bulk_active(member_id: UUID, *, active: bool, actor: User) -> User:
    return services.member_set_active(member_id=member_id, active=active, actor=actor)


def finish(request: MemberRequest, outcome: Outcome, *, back: str) -> HttpResponse:
    """The list with a message where all was done; otherwise a page that says what was not done, and why."""
    if outcome.refused:
        return render(request, "members/outcome.html", {"outcome": outcome, "back": reverse(back)})
    count_done = len(outcome.done)
    text = ngettext("C’est fait pour %(count)s personne.", "C’est fait pour %(count)s personnes.", count_done)
    messages.success(request, text % {"count": count_done})
    return redirect(back)


@access(MANAGERS)
@require_safe
def detail(request: MemberRequest, member_id: UUID) -> HttpResponse:
    return _page(request, selectors.access_member(member_id))


def _page(request: MemberRequest, member: User, *, status: int = 200, **forms: Any) -> HttpResponse:
    is_managed = selectors.may_manage(request.user, member)
    may_hand_over = request.user.role == Role.OWNER and is_managed and member.is_active
    context = {
        "member": member,
        "is_self": member.pk == request.user.pk,
        "is_managed": is_managed,
        "may_hand_over": may_hand_over and member.role not in (Role.OWNER, Role.LEARNER, Role.PROMOTER),
        "contents": selectors.contents_of(member),
        "role_form": RoleForm(actor=request.user, initial={"role": member.role}),
        "remove_form": RemoveForm(member=member),
        "hand_over_form": HandOverForm(),
        "breadcrumbs": [{"url": reverse("members"), "label": _("Membres")}],
    } | forms
    return render(request, "members/detail.html", context, status=status)


@access(MANAGERS)
@require_POST
def set_role(request: MemberRequest, member_id: UUID) -> HttpResponse:
    member = selectors.access_member(member_id)
    form = RoleForm(request.POST, actor=request.user)
    if form.is_valid():
        before = member.role
        try:
            member = services.member_set_role(member_id=member_id, role=form.cleaned_data["role"], actor=request.user)
        except MemberRefused as error:
            form.add_error("role", error.message)
        else:
            if before != member.role:
                names = {"person": member, "role": member.get_role_display()}
                messages.success(request, _("%(person)s a maintenant le rôle « %(role)s ».") % names)
            return redirect("member", member_id)
    return _page(request, member, status=422, role_form=form)


@access(MANAGERS)
@require_POST
def set_active(request: MemberRequest, member_id: UUID) -> HttpResponse:
    """Deactivate (`active` empty) or bring back. The message has a way back."""
    member = selectors.access_member(member_id)
    active = request.GET.get("to", request.POST.get("to")) == "active"
    try:
        services.member_set_active(member_id=member_id, active=active, actor=request.user)
    except MemberRefused as error:
        messages.error(request, error.message)
        return redirect("member", member_id)
    back = f"{reverse('member_active', args=[member_id])}?to={'inactive' if active else 'active'}"
    text = _("%(person)s est de retour.") if active else _("%(person)s n’a plus accès à l’espace.")
    messages.success(request, text % {"person": member}, extra_tags=f"undo:{back}")
    return redirect("members")


@access(MANAGERS)
@require_POST
def remove(request: MemberRequest, member_id: UUID) -> HttpResponse:
    member = selectors.access_member(member_id)
    form = RemoveForm(request.POST, member=member)
    if form.is_valid():
        heir = form.cleaned_data["heir"]
        try:
            label = services.member_remove(member_id=member_id, heir_id=heir.pk, actor=request.user)
        except MemberRefused as error:
            form.add_error(None, error.message)
        else:
            names = {"person": label, "heir": heir}
            messages.success(request, _("%(person)s est retiré ; ses contenus sont à %(heir)s.") % names)
            return redirect("members")
    return _page(request, member, status=422, remove_form=form)


@access(OWNERS, lane=HASHING)
@require_http_methods(["POST"])
def hand_over(request: MemberRequest, member_id: UUID) -> HttpResponse:
    """Make this member the owner, with the owner's password."""
    member = selectors.access_member(member_id)
    form = HandOverForm(request.POST)
    if form.is_valid():
        try:
            if count("hand-over", str(request.user.pk), HOUR) > PASSWORDS_PER_HOUR:
                raise MemberRefused(_("Trop d’essais : réessayez dans une heure."))
            services.ownership_hand_over(
                member_id=member_id, password=form.cleaned_data["password"], actor=request.user
            )
        except MemberRefused as error:
            form.add_error("password", error.message)
        else:
            text = _("%(person)s est maintenant propriétaire ; vous êtes administrateur.")
            messages.success(request, text % {"person": member})
            return redirect("members")
    return _page(request, member, status=422, hand_over_form=form)
