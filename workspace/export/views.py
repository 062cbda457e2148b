"""Page of the exportable data, and download of the archive."""

from functools import partial

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import recheck
from accounts.access import ALL_STATES, TEAM, access
from accounts.http import MemberRequest
from library.files import disposition
from workspace.export import overview, sending
from workspace.export.archive import archive_begin


@access(TEAM, states=ALL_STATES)
@require_safe
def show(request: MemberRequest) -> HttpResponse:
    """Counts of the exportable contents, with a form to download them."""
    return _page(request)


@access(TEAM, states=ALL_STATES, writes_when_read_only=True)
@require_POST
def download(request: MemberRequest) -> HttpResponseBase:
    """The archive, generated while it is sent. Writes only an audit entry."""
    try:
        turn = sending.take_turn(request.tenant, request.user)
    except sending.TooManyExports as error:
        refusal = _page(request, busy="own" if error.own else "all", status=429 if error.own else 503)
        refusal["Retry-After"] = "60"
        return refusal
    try:
        archive = archive_begin(tenant=request.tenant, person=request.user, allowed=partial(_allowed, request))
    except BaseException:
        turn.close()
        raise
    send = sending.send if isinstance(request, ASGIRequest) else sending.send_sync
    response = StreamingHttpResponse(send(archive, turn), content_type="application/zip")
    name = f"{request.tenant.slug}-{timezone.localdate():%Y-%m-%d}.zip"
    # Closes the turn if the response is never iterated.
    response._resource_closers.append(turn.close)  # type: ignore[attr-defined]
    response["Content-Disposition"] = disposition(name, as_attachment=True)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    # A buffering proxy would collect the whole archive first.
    response["X-Accel-Buffering"] = "no"
    return response


def _page(request: MemberRequest, *, busy: str = "", status: int = 200) -> HttpResponse:
    context = {"counts": overview.counts_of(request.user), "busy": busy, "title": _("Mes données")}
    return render(request, "home/data.html", context, status=status)


def _allowed(request: MemberRequest) -> bool:
    """Whether the user of the request may still make this export, with the same role."""
    current = recheck.still_allowed(request, download.access)  # type: ignore[attr-defined]
    return current is not None and current.user.role == request.user.role
