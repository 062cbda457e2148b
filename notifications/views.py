"""Pages of a person's notifications."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import EVERYBODY, access, anyone
from accounts.http import MemberRequest
from notifications import mail_choices as choices
from notifications import selectors, services
from notifications.forms import PreferencesForm
from notifications.kinds import KINDS

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


@anyone
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail_choices(request: HttpRequest, mail_token: str) -> HttpResponse:
    """The page of a mail's link, without signing in: stop these mails, or choose among all.

    A POST of `List-Unsubscribe=One-Click` (RFC 8058) comes from the mailbox's server, without cookies; the link itself
    is the right. GET changes nothing: servers that scan mails open links.
    """
    link = choices.read(mail_token)
    if link is None:
        return render(request, "notifications/mail_choices_gone.html", status=404)
    person, kinds = link
    with translation.override(person.language or translation.get_language()):
        form = PreferencesForm(preferences=selectors.preferences(person))
        is_saved = False
        if request.method == "POST" and "save" in request.POST:
            form = PreferencesForm(request.POST, preferences=selectors.preferences(person))
            if is_saved := form.is_valid():
                services.save_preferences(person, form.choices())
        elif request.method == "POST":
            choices.mail_stop(person, kinds)
            form = PreferencesForm(preferences=selectors.preferences(person))
            is_saved = True
        stopped = [KINDS[kind].label for kind in kinds]
        context = {"form": form, "person": person, "stopped": stopped, "is_saved": is_saved}
        status = 422 if form.errors else 200
        return render(request, "notifications/mail_choices.html", context, status=status)
