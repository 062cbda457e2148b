"""Each role's first page, and the workspace's colour."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control

from accounts.access import ALL_STATES, EVERYBODY, access, anyone


@access(EVERYBODY, states=ALL_STATES)
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home/member.html")


@anyone
@cache_control(max_age=300, private=True)
def brand_css(request: HttpRequest) -> HttpResponse:
    """The brand's hue as a custom property, a number checked at writing."""
    hue = request.tenant.brand_hue  # type: ignore[attr-defined]
    css = f":root{{--brand-hue:{int(hue)}}}" if hue is not None else ""
    return HttpResponse(css, content_type="text/css")
