"""Views of share links: creating and revoking them, and the public pages that they open."""

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
from library.contents import preview_origin, share_preview
from library.forms import ShareForm
from library.models import Item
from library.serving import allow_sources
from library.types import ShareGone
from library.views import (
    item_context,
    item_download_response,
    item_file_response,
    sharing_context,
    user_of,
    wants_part,
)


@access(TEAM)
def share(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """The share links of an item, as a page or as the body of the dialog; POST creates one."""
    user = user_of(request)
    item = selectors.access_item(user, item_id, for_writing=True)
    form = ShareForm(request.POST or None)
    new_share = None
    if request.method == "POST":
        if not form.is_valid():
            return _share_page(request, item, form=form, status=422)
        new_share = services.share_create(item=item, actor=user, days=form.cleaned_data["days"])
        if not wants_part(request):
            messages.success(request, _("Le lien est prêt."))
            return redirect("library:share", item.pk)
    return _share_page(request, item, new_share=new_share, announce=_("Le lien est prêt.") if new_share else "")


@access(TEAM)
@require_POST
def share_revoke(request: HttpRequest, item_id: UUID, share_id: UUID) -> HttpResponse:
    user = user_of(request)
    link = selectors.access_share(user, item_id, share_id)
    services.share_revoke(share=link, actor=user)
    if wants_part(request):
        return _share_page(request, link.item, announce=_("Le lien est désactivé."))
    messages.success(request, _("Le lien est désactivé."))
    return redirect("library:share", item_id)


def _share_page(
    request: HttpRequest, item: Item, *, form: ShareForm | None = None, status: int = 200, **extra: Any
) -> HttpResponse:
    context = {"item": item} | sharing_context(request, item) | extra
    if form is not None:
        context["share_form"] = form
    if wants_part(request):
        return render(request, "library/_shares.html", context, status=status)
    context["breadcrumbs"] = [
        {"url": reverse("library:list"), "label": _("Bibliothèque")},
        {"url": reverse("library:detail", args=[item.pk]), "label": item.title},
    ]
    return render(request, "library/share.html", context, status=status)


def _with_privacy_headers(response: HttpResponseBase) -> HttpResponseBase:
    """Keep the secret URL out of search engines and Referer headers."""
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _not_found(request: HttpRequest) -> HttpResponseBase:
    """The same 404 page for every reason, so that guessing links reveals nothing."""
    return _with_privacy_headers(render(request, "library/share_gone.html", status=404))


@anyone
@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponseBase:
    try:
        link = selectors.share_for_token(token) if request.method == "HEAD" else services.share_open(token=token)
    except ShareGone:
        return _not_found(request)
    preview = share_preview(link)
    context = item_context(link.item, preview) | {"share": link, "token": token}
    return _with_privacy_headers(
        allow_sources(render(request, "library/shared.html", context), preview_origin(preview))
    )


@anyone
@require_safe
def shared_file(request: HttpRequest, token: str) -> HttpResponseBase:
    try:
        link = selectors.share_for_token(token)
    except ShareGone:
        return _not_found(request)
    return _with_privacy_headers(item_file_response(request, link.item))


@anyone
@require_safe
def shared_download(request: HttpRequest, token: str) -> HttpResponseBase:
    try:
        link = selectors.share_for_token(token)
    except ShareGone:
        return _not_found(request)
    return _with_privacy_headers(item_download_response(request, link.item))
