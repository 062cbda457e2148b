"""The request of a view that declares roles: somebody is signed in, in a workspace."""

from typing import cast

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from tenants.context import TenantRef


class MemberRequest(HttpRequest):
    """For annotations only: what the middleware has made of the request by then."""

    user: User
    tenant: TenantRef
    htmx: HtmxDetails


def operator_of(request: HttpRequest) -> User:
    """Who acts in the console: its pages open to operators alone."""
    return cast(User, request.user)


def origin_of(request: HttpRequest) -> str:
    """The network address a request came from, as the outermost of our own proxies saw it; "" where nobody can say."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return ""
