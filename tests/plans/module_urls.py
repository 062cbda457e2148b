"""A workspace's URLs plus a page of each module that options bring: the modules themselves come later."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.access import TEAM, access
from config.urls_tenant import urlpatterns as real
from plans import entitlements
from plans.meters import METERS, Kind

MODULES = [meter.key for meter in METERS.values() if meter.kind is Kind.MODULE]


def _page(key: str):
    @access(TEAM, entitlement=key)
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"module {key}")

    return page


@access(TEAM)
def by_service(request: HttpRequest, key: str) -> HttpResponse:
    """A page open to all whose service asks."""
    entitlements.require(key)
    return HttpResponse("served")


urlpatterns = [
    *real,
    *[path(f"module/{key}/", _page(key), name=f"module_{key}") for key in MODULES],
    path("service/<slug:key>/", by_service, name="by_service"),
]
