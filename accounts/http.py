"""The request of a view that declares roles: somebody is signed in, in a workspace."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from tenants.context import TenantRef


class MemberRequest(HttpRequest):
    """For annotations only: what the middleware has made of the request by then."""

    user: User  # type: ignore[assignment]
    tenant: TenantRef
    htmx: HtmxDetails
