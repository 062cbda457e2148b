"""Pages of the library. Each view gets its item from `access_item`, which checks the rights."""

from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from accounts.access import BODY_LIMIT, TEAM, access
from accounts.models import User
from library import files, names, presenters, selectors, services
from library.contents import Preview, item_preview, preview_origin
from library.forms import EditForm, FilterForm, ShareForm, UploadForm, VisibilityForm
from library.models import Item
from library.serving import allow_sources, file_response, thumbnail_response
from library.types import UploadRefused
from tenants import search
from tenants.admission import OUTSIDE
from tenants.content.addresses import any_origin
from tenants.selectors import tenant_url
from ui.markdown import MAX_INPUT, render_cached

PAGE_SIZE: Final = 30
# Bytes of the largest file of any kind, with the form around it.
UPLOAD_LIMIT: Final[int] = max(settings.MAX_UPLOAD_BYTES.values()) + BODY_LIMIT
DOWNLOADS: Final = {"md": "text/markdown", "txt": "text/plain"}


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


def wants_part(request: HttpRequest) -> bool:
    """True if htmx requests a part of the page. A history restore requests the whole page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


@access(TEAM)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    user, form = user_of(request), FilterForm(request.GET)
    filters = form.filters()
    page = Paginator(selectors.item_list(user, filters), PAGE_SIZE).get_page(request.GET.get("page"))
    is_narrowed = any(request.GET.get(name) for name in form.fields if name != "archived")
    query = search.parse(filters.query)
    texts = selectors.matching_file_texts(page.object_list, query)
    context: dict[str, Any] = {
        "form": form,
        "filters": filters,
        "page": page,
        "rows": [presenters.row(item, user, query, texts.get(item.pk, "")) for item in page.object_list],
        "is_narrowed": is_narrowed,
    }
    if wants_part(request):
        response = render(request, "library/_results.html", context)
    else:
        context |= {"tags": selectors.tags_in_use(user), "kinds": Item.Kind.choices}
        response = render(request, "library/list.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@access(TEAM, body_limit=UPLOAD_LIMIT, lane=OUTSIDE)
def upload(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method != "POST":
        # The script puts the item's page into this document, whose policy stays in force (static/js/upload.js).
        return allow_sources(render(request, "library/upload.html", {"form": form}), any_origin())
    if form.is_valid():
        uploaded = form.cleaned_data["file"]
        try:
            item = services.item_upload(
                author=user_of(request),
                file=uploaded.file,
                name=uploaded.name,
                size=uploaded.size,
                title=form.cleaned_data["title"],
                visibility=form.cleaned_data["visibility"],
            )
        except UploadRefused as error:
            form.add_error("file", error.message)
        else:
            messages.success(request, _("« %(title)s » est dans la bibliothèque.") % {"title": item.title})
            return redirect("library:detail", item.pk)
    return render(request, "library/upload.html", {"form": form}, status=422)


@access(TEAM)
@require_safe
def detail(request: HttpRequest, item_id: UUID) -> HttpResponse:
    user = user_of(request)
    item = selectors.access_item(user, item_id)
    context = item_context(item, item_preview(user, item)) | {
        "may_write": selectors.may_write(user, item),
        "may_delete": selectors.may_delete(user, item),
        "may_publish": selectors.may_publish(user, item),
        "sees_conversation": selectors.sees_conversation(user, item),
        "is_shared": selectors.is_shared(item),
        "cost": presenters.cost_for(user, item),
        "breadcrumbs": [{"url": reverse("library:list"), "label": _("Bibliothèque")}],
    }
    if context["may_write"]:
        context |= sharing_context(request, item)
    return allow_sources(render(request, "library/detail.html", context), preview_origin(context["preview"]))


def item_context(item: Item, preview: Preview | None) -> dict[str, Any]:
    """Template context that the item's page and the page of a share link have in common."""
    # Long texts are not rendered: rendering is expensive, and share links are public.
    is_plain = item.media_type.startswith(("text/plain", "text/csv")) or len(item.text) > MAX_INPUT
    return {
        "item": item,
        "preview": preview,
        "rendered": render_cached(item.text) if item.text and not is_plain else "",
        "is_plain": is_plain,
        "is_made_by_ai": presenters.is_made_by_ai(item),
    }


@access(TEAM)
def edit(request: HttpRequest, item_id: UUID) -> HttpResponse:
    item = selectors.access_item(user_of(request), item_id, for_writing=True)
    form = EditForm(request.POST) if request.method == "POST" else EditForm.for_item(item)
    if form.is_bound and form.is_valid():
        services.item_edit(item=item, title=form.cleaned_data["title"], tags=form.cleaned_data["tags"])
        messages.success(request, _("Les modifications sont enregistrées."))
        return redirect("library:detail", item.pk)
    breadcrumbs = [
        {"url": reverse("library:list"), "label": _("Bibliothèque")},
        {"url": reverse("library:detail", args=[item.pk]), "label": item.title},
    ]
    context = {"form": form, "item": item, "breadcrumbs": breadcrumbs}
    return render(request, "library/edit.html", context, status=422 if form.is_bound else 200)


@access(TEAM)
@require_safe
def file(request: HttpRequest, item_id: UUID) -> HttpResponseBase:
    item = selectors.access_item(user_of(request), item_id)
    return item_file_response(request, item)


@access(TEAM)
@require_safe
def thumbnail(request: HttpRequest, item_id: UUID) -> HttpResponseBase:
    item = selectors.access_item(user_of(request), item_id)
    return thumbnail_response(request, item) if item.thumbnail else HttpResponse(status=404)


def item_file_response(request: HttpRequest, item: Item) -> HttpResponseBase:
    if not item.file:
        return HttpResponse(status=404)
    return file_response(request, item, as_attachment="download" in request.GET)


@access(TEAM)
@require_GET
def download(request: HttpRequest, item_id: UUID) -> HttpResponseBase:
    return item_download_response(request, selectors.access_item(user_of(request), item_id))


def item_download_response(request: HttpRequest, item: Item) -> HttpResponseBase:
    """The download of an item: its file, or its text as Markdown or (`?format=txt`) plain text."""
    if item.file:
        return file_response(request, item, as_attachment=True)
    requested = request.GET.get("format", "md")
    extension = requested if requested in DOWNLOADS else "md"
    response = HttpResponse(item.text, content_type=f"{DOWNLOADS[extension]}; charset=utf-8")
    response["Content-Disposition"] = files.disposition(
        names.name_from_title(item.title, extension), as_attachment=True
    )
    response["Cache-Control"] = "private, no-store"
    return response


@access(TEAM)
@require_POST
def archive(request: HttpRequest, item_id: UUID) -> HttpResponse:
    item = selectors.access_item(user_of(request), item_id, for_writing=True)
    services.item_archive(item=item)
    text = _("« %(title)s » est archivé.") % {"title": item.title}
    undo = reverse("library:restore", args=[item.pk])
    if wants_part(request):
        return trigger_client_event(HttpResponse(), "toast", {"text": text, "kind": "success", "undo": undo})
    messages.success(request, text, extra_tags=f"undo:{undo}")
    return redirect("library:list")


@access(TEAM)
@require_POST
def restore(request: HttpRequest, item_id: UUID) -> HttpResponse:
    item = selectors.access_item(user_of(request), item_id, for_writing=True)
    services.item_restore(item=item)
    text = _("« %(title)s » est de nouveau dans la bibliothèque.") % {"title": item.title}
    if wants_part(request):
        return trigger_client_event(HttpResponse(), "toast", {"text": text, "kind": "success", "undo": ""})
    messages.success(request, text)
    return redirect(_return_url(request))


@access(TEAM, lane=OUTSIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Confirmation page and permanent deletion of an archived item."""
    user = user_of(request)
    item = selectors.access_item(user, item_id, for_writing=True)
    if not selectors.may_delete(user, item):
        raise Http404
    if item.archived_at is None:
        return redirect("library:detail", item.pk)
    if request.method == "POST":
        services.item_delete(item=item, actor=user)
        messages.success(request, _("« %(title)s » est supprimé définitivement.") % {"title": item.title})
        return redirect(f"{reverse('library:list')}?archived=on")
    breadcrumbs = [
        {"url": reverse("library:list"), "label": _("Bibliothèque")},
        {"url": reverse("library:detail", args=[item.pk]), "label": item.title},
    ]
    return render(request, "library/delete.html", {"item": item, "breadcrumbs": breadcrumbs})


def _return_url(request: HttpRequest) -> str:
    """The page with the submitted form if it is on this host, else the list."""
    address = request.headers.get("Referer", "")
    is_own_host = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_own_host else reverse("library:list")


@access(TEAM)
@require_POST
def visibility(request: HttpRequest, item_id: UUID) -> HttpResponse:
    user = user_of(request)
    item = selectors.access_item(user, item_id, for_writing=True)
    form = VisibilityForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    services.item_set_visibility(item=item, visibility=form.cleaned_data["visibility"], actor=user)
    if item.visibility == Item.Visibility.WORKSPACE:
        messages.success(request, _("Toute l’équipe de l’espace voit maintenant ce contenu."))
    else:
        messages.success(request, _("Ce contenu n’est plus publié dans l’espace."))
    # An owner who makes another person's item private loses access to it.
    is_still_writable = selectors.may_write(user, item)
    return redirect("library:detail", item.pk) if is_still_writable else redirect("library:list")


def sharing_context(request: HttpRequest, item: Item) -> dict[str, Any]:
    # The workspace's domain rather than the Host header, which may contain any port.
    domain = request.tenant.domain  # type: ignore[attr-defined]
    links = [
        presenters.Link(link, tenant_url(domain, reverse("library:shared", args=[selectors.share_token(link)])))
        for link in selectors.valid_shares(item)
    ]
    return {"share_form": ShareForm(), "links": links}
