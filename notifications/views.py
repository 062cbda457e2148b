"""Pages of a person's notifications."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import EVERYBODY, access
from accounts.http import MemberRequest
from notifications import selectors, services
from notifications.forms import PreferencesForm

PAGE_SIZE: Final = 30


@access(EVERYBODY)
@require_safe
def index(request: MemberRequest) -> HttpResponse:
    page = Paginator(selectors.of_person(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": selectors.lines(request.user, page.object_list),
        "has_unread": selectors.unread_count(request.user) > 0,
    }
    return render(request, "notifications/list.html", context)


@access(EVERYBODY, writes_when_read_only=True)
@require_POST
def open_one(request: MemberRequest, notification_id: UUID) -> HttpResponse:
    """Mark as read, and go where it leads."""
    notification = selectors.access_notification(request.user, notification_id)
    services.mark_read(request.user, notification.pk)
    (line,) = selectors.lines(request.user, [notification])
    return redirect(line.url or "notifications:list")


@access(EVERYBODY, writes_when_read_only=True)
@require_POST
def read_all(request: MemberRequest) -> HttpResponse:
    if services.mark_read(request.user):
        messages.success(request, _("Toutes les notifications sont lues."))
    return redirect("notifications:list")


@access(EVERYBODY, writes_when_read_only=True)
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: MemberRequest) -> HttpResponse:
    form = PreferencesForm(request.POST or None, preferences=selectors.preferences(request.user))
    if request.method == "POST" and form.is_valid():
        services.save_preferences(request.user, form.choices())
        messages.success(request, _("Vos préférences sont enregistrées."))
        return redirect("notifications:preferences")
    return render(request, "notifications/preferences.html", {"form": form}, status=422 if form.errors else 200)
