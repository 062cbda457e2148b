"""The view of the content hosts (URLs: config/urls_content.py)."""

import logging
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.module_loading import import_string

from tenants import selectors
from tenants.content.addresses import Claim, NoContent, read
from tenants.content.types import Content, ContentRequest
from tenants.context import TenantRef, tenant_context
from tenants.fleet.applied import is_behind
from tenants.middleware import host_of

log = logging.getLogger(__name__)
BEHIND_SECONDS: Final = 60


def show(request: HttpRequest, tenant_id: UUID, token: str, path: str) -> HttpResponseBase:
    """Serve the content at a URL. Raises Http404 for every refusal.

    The URL is verified before any query; then the workspace's state and the kind's own permissions are checked.
    """
    if request.headers.get("Sec-Fetch-Dest") == "document":
        # Contents are shown in frames only: as a page of its own, one could imitate a page of the operator.
        raise Http404("not in a frame")
    try:
        claim = read(host_of(request), tenant_id, token)
    except NoContent as error:
        raise Http404("no content") from error
    tenant = _tenant_of(claim)
    if is_behind(tenant):
        log.warning("workspace behind its code slug=%s: no content", tenant.slug)
        return HttpResponse(status=503, headers={"Retry-After": str(BEHIND_SECONDS)})
    with tenant_context(tenant):
        content = _opened(request, claim, path)
    response = content.response
    response["Content-Security-Policy"] = content.restrictions.policy(selectors.tenant_url(tenant.domain, ""))
    return response


def _tenant_of(claim: Claim) -> TenantRef:
    """The workspace at the domain of the URL. Raises Http404 if it has moved or is closed."""
    tenant = selectors.tenant_for_host(claim.domain)
    if tenant is None or tenant.id != claim.tenant_id or tenant.state == "closed":
        raise Http404("no workspace")
    return tenant


def _opened(request: HttpRequest, claim: Claim, path: str) -> Content:
    name = settings.CONTENT_KINDS.get(claim.kind)
    if name is None:
        raise Http404("no such kind")
    content_request = ContentRequest(request, claim.object_id, claim.version, claim.viewer, path)
    opener: Any = import_string(name)
    content: Content = opener(content_request)
    return content
