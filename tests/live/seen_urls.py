"""A workspace's URLs, a page of each module, and what this process knows of the workspace."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from accounts.access import TEAM, access
from plans import entitlements
from tenants import host_cache
from tests.plans.module_urls import urlpatterns as modules


@access(TEAM)
def seen(request: HttpRequest) -> JsonResponse:
    tenant = request.tenant
    rights = entitlements.for_tenant(tenant)
    remembers = host_cache.find_in_memory(tenant.domain) and entitlements._cache.peek(str(tenant.id))
    return JsonResponse(
        {
            "remembers": bool(remembers),
            "state": tenant.state,
            "plan": tenant.plan_code,
            "plan_of_rights": rights.plan_code,
            "seats": int(rights.limit("seats") or 0),
            "analytics": rights.has("analytics"),
        }
    )


urlpatterns = [*modules, path("seen/", seen, name="seen")]
