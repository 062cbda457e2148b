"""Pages of invitations: a list to invite, those that wait, and the page of an invited person."""

from functools import partial
from typing import Any
from uuid import UUID

from allauth.account.utils import perform_login
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MANAGERS, TEAM, access, anyone_choosing_a_password
from accounts.http import MemberRequest
from accounts.models import User
from workspace.members import invitations, selectors, services
from workspace.members.forms import AcceptForm, InviteForm, searched, ticked_keys
from workspace.members.types import InvitationEnded, MemberRefused
from workspace.members.views import PAGE_SIZE, finish
from workspace.models import LIFETIME, Invitation


@access(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: MemberRequest) -> HttpResponse:
    """The list of people to invite. With a file, or lines that cannot be invited, a preview comes first."""
    if request.method != "POST":
        return _invite_page(request, InviteForm(actor=request.user))
    form = InviteForm(request.POST, request.FILES, actor=request.user)
    if not form.is_valid():
        return _invite_page(request, form, status=422)
    if "edit" in request.POST:
        # Back from the preview: what was read, to be corrected.
        initial = {"emails": form.text, "role": form.cleaned_data["role"]}
        return _invite_page(request, InviteForm(actor=request.user, initial=initial))
    needs_preview = bool(request.FILES) or len(form.valid_people) < len(form.people)
    if needs_preview and ("confirmed" not in request.POST or not form.valid_people):
        return _preview(request, form)
    outcome = invitations.invite_all(form.people, actor=request.user)
    if outcome.refused:
        return render(request, "members/outcome.html", {"outcome": outcome, "back": reverse("invitations")})
    count = len(outcome.done)
    text = ngettext("%(count)s invitation envoyée.", "%(count)s invitations envoyées.", count)
    messages.success(request, text % {"count": count})
    return redirect("invitations")


def _invite_page(request: MemberRequest, form: InviteForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "seats": selectors.seats(), "breadcrumbs": _breadcrumbs(), "days": LIFETIME.days}
    return render(request, "members/invite.html", context, status=status)


def _preview(request: MemberRequest, form: InviteForm) -> HttpResponse:
    valid = form.valid_people
    seats = selectors.seats()
    left = None if seats.limit is None else max(0, int(seats.limit - seats.used - seats.reserved))
    wanted = sum(line.role in TEAM for line in valid)
    context: dict[str, Any] = {
        "form": InviteForm(actor=request.user, initial={"emails": form.text, "role": form.cleaned_data["role"]}),
        "rows": [{"line": line, "role": form.roles.get(line.role, "")} for line in form.people],
        "valid_count": len(valid),
        "problem_count": len(form.people) - len(valid),
        "missing_seats": max(0, wanted - left) if left is not None else 0,
        "breadcrumbs": _breadcrumbs(),
    }
    return render(request, "members/preview.html", context, status=200 if valid else 422)


def _breadcrumbs() -> list[dict[str, str]]:
    return [{"url": reverse("members"), "label": _("Membres")}]


@access(MANAGERS)
@require_safe
def index(request: MemberRequest) -> HttpResponse:
    """Invitations that wait for an answer."""
    query = searched(request.GET.get("q", ""))
    page = Paginator(selectors.invitation_list(query), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "query": query, "seats": selectors.seats(), "breadcrumbs": _breadcrumbs()}
    return render(request, "members/invitations.html", context)


@access(MANAGERS)
@require_POST
def bulk(request: MemberRequest) -> HttpResponse:
    """Send the ticked invitations again, or revoke them. A row's own button has its key behind a colon."""
    chosen, _colon, key = request.POST.get("act", "")[:60].partition(":")
    keys = ticked_keys([key] if key else request.POST.getlist("selected"))
    acts = {"resend": _resend, "revoke": _revoke}
    if not keys or chosen not in acts:
        messages.warning(request, _("Cochez des invitations et choisissez ce qu’il faut faire."))
        return redirect("invitations")
    return finish(request, services.for_each(keys, partial(acts[chosen], actor=request.user)), back="invitations")


def _resend(invitation_id: UUID, *, actor: User) -> Invitation:
    return invitations.invitation_resend(invitation_id=invitation_id, actor=actor)


def _revoke(invitation_id: UUID, *, actor: User) -> Invitation:
    return invitations.invitation_revoke(invitation_id=invitation_id, actor=actor)


@anyone_choosing_a_password
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: MemberRequest, token: str) -> HttpResponse:
    """The page of the link: name and password, and the person is in. GET changes nothing."""
    response = _accept(request, token)
    # The token does not leave this site. With "no-referrer" a browser sends the form with the origin "null", which the
    # check of CSRF refuses.
    response["Referrer-Policy"] = "same-origin"
    return response


def _accept(request: MemberRequest, token: str) -> HttpResponse:
    try:
        invitation = invitations.invitation_of_link(token)
        context = {"invitation": invitation}
        if request.user.is_authenticated:
            return render(request, "members/signed_in.html", context, status=409)
        if request.method != "POST":
            form = AcceptForm(initial={"name": invitation.name})
            return render(request, "members/accept.html", context | {"form": form})
        form = AcceptForm(request.POST)
        if form.is_valid():
            try:
                user = invitations.invitation_accept(
                    invitation_id=invitation.pk,
                    language=get_language() or "",
                    **form.cleaned_data,
                )
            except ValidationError as error:
                form.add_error("password", error)
            except MemberRefused as error:
                form.add_error(None, error.message)
            else:
                answer: HttpResponse = perform_login(request, user, redirect_url="/")
                return answer
        return render(request, "members/accept.html", context | {"form": form}, status=422)
    except InvitationEnded:
        return render(request, "members/ended.html", status=410)
