"""Links to items, over HTTP: made and revoked by whoever may, opened by whoever has one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TEAM, access, anyone
from library import selectors, services
from library.contents import client_ip, preview_of_share
from library.forms import ShareForm
from library.models import Item
from library.types import ShareGone
from library.views import allowing, download_answer, file_answer, sharing_of, shown, user_of, wants_part


@access(TEAM)
def share(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """The links of an item, on a page of their own or as the body of the dialog; POST makes one."""
    user = user_of(request)
    item = selectors.access_item(user, item_id, for_writing=True)
    form = ShareForm(request.POST or None)
    made = None
    if request.method == "POST":
        if not form.is_valid():
            return _share_page(request, item, form=form, status=422)
        made = services.share_create(item=item, actor=user, days=form.cleaned_data["days"])
        if not wants_part(request):
            messages.success(request, _("Le lien est prêt."))
            return redirect("library:share", item.pk)
    return _share_page(request, item, made=made, announce=_("Le lien est prêt.") if made else "")


@access(TEAM)
@require_POST
def share_revoke(request: HttpRequest, item_id: UUID, share_id: UUID) -> HttpResponse:
    user = user_of(request)
    found = selectors.access_share(user, item_id, share_id)
    services.share_revoke(share=found, actor=user)
    if wants_part(request):
        return _share_page(request, found.item, announce=_("Le lien est désactivé."))
    messages.success(request, _("Le lien est désactivé."))
    return redirect("library:share", item_id)


def _share_page(
    request: HttpRequest, item: Item, *, form: ShareForm | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"item": item} | sharing_of(request, item) | more
    if form is not None:
        context["share_form"] = form
    if wants_part(request):
        return render(request, "library/_shares.html", context, status=status)
    context["breadcrumbs"] = [
        {"url": reverse("library:list"), "label": _("Bibliothèque")},
        {"url": reverse("library:detail", args=[item.pk]), "label": item.title},
    ]
    return render(request, "library/share.html", context, status=status)


def _discreet(response: HttpResponseBase) -> HttpResponseBase:
    """The address is a key: no search engine keeps it, no other site is told of it."""
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _gone(request: HttpRequest) -> HttpResponseBase:
    """One page for every reason: who tries links learns nothing."""
    return _discreet(render(request, "library/share_gone.html", status=404))


@anyone
@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponseBase:
    try:
        opened = selectors.shared(token) if request.method == "HEAD" else services.share_open(token=token)
    except ShareGone:
        return _gone(request)
    preview = preview_of_share(opened)
    context = shown(opened.item, preview) | {"share": opened, "token": token}
    return _discreet(allowing(render(request, "library/shared.html", context), client_ip(preview)))


@anyone
@require_safe
def shared_file(request: HttpRequest, token: str) -> HttpResponseBase:
    try:
        opened = selectors.shared(token)
    except ShareGone:
        return _gone(request)
    return _discreet(file_answer(request, opened.item))


@anyone
@require_safe
def shared_download(request: HttpRequest, token: str) -> HttpResponseBase:
    try:
        opened = selectors.shared(token)
    except ShareGone:
        return _gone(request)
    return _discreet(download_answer(request, opened.item))
