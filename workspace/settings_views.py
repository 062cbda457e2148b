"""Settings of the workspace: the index, identity, brand; the brand's stylesheet, logo and icons."""

from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import EVERYBODY, MANAGERS, access, anyone, anyone_calling_outside
from accounts.http import MemberRequest
from tenants.admission import OUTSIDE
from tenants.pictures import PICTURE_HEADERS
from workspace import brand_form, services
from workspace.forms import IdentityForm

YEAR_SECONDS: Final = 31_536_000


@access(EVERYBODY)
@require_safe
def index(request: MemberRequest) -> HttpResponse:
    """All sections of the settings that the person may open."""
    return render(request, "settings/index.html")


@access(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def identity(request: MemberRequest) -> HttpResponse:
    """Form for name and language of the workspace."""
    tenant = request.tenant
    data = request.POST if request.method == "POST" else None
    form = IdentityForm(data, initial={"name": tenant.name, "language": tenant.language})
    if form.is_valid():
        services.identity_change(actor=request.user, **form.cleaned_data)
        messages.success(request, _("Réglages enregistrés."))
        return redirect("settings_identity")
    return render(request, "settings/identity.html", {"form": form}, status=422 if form.is_bound else 200)


# The limit is above that of a logo, so that the form reports a file that is too large and keeps the other fields.
@access(MANAGERS, body_limit=10_000_000, lane=OUTSIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def brand(request: MemberRequest) -> HttpResponse:
    """Form for colour and logo, with the colours proposed from the logo."""
    form, is_saved = brand_form.handle(request)
    if is_saved:
        return redirect("settings_brand")
    context = {"form": form, "proposals": brand_form.proposals(request.tenant)}
    return render(request, "settings/brand.html", context, status=422 if request.method == "POST" else 200)


# The URL contains the hue or the logo's file name, so the response can be cached forever: a change gives a new URL, and
# a process with an outdated cache cannot serve the former colour or logo under it.
@anyone
@cache_control(max_age=YEAR_SECONDS, private=True, immutable=True)
def brand_css(request: MemberRequest, hue: int) -> HttpResponse:
    """Stylesheet that sets the brand's hue as a custom property."""
    if hue >= 360:
        raise Http404
    return HttpResponse(f":root{{--brand-hue:{hue}}}", content_type="text/css")


@anyone_calling_outside
@cache_control(max_age=YEAR_SECONDS, private=True, immutable=True)
def brand_logo(request: MemberRequest, name: str) -> HttpResponse:
    """The workspace's logo or one of its icons, also shown on the sign-in page."""
    picture = services.read_picture(request.tenant, name)
    if picture is None:
        raise Http404
    content, media_type = picture
    return HttpResponse(content, content_type=media_type, headers=PICTURE_HEADERS)


# Its address carries the workspace's version.
@anyone
@cache_control(max_age=24 * 3600, private=True)
def brand_icon(request: MemberRequest) -> HttpResponse:
    """The icon of a workspace without a logo: its initials on its colour."""
    return HttpResponse(services.initials_svg(request.tenant), content_type="image/svg+xml", headers=PICTURE_HEADERS)
