"""Types of requests after authentication, and helpers to read them."""

from typing import cast

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from tenants.context import TenantRef


class MemberRequest(HttpRequest):
    """A request to a view that declares roles, with the attributes set by the middleware. For annotations only."""

    user: User
    tenant: TenantRef
    htmx: HtmxDetails


def operator_of(request: HttpRequest) -> User:
    """The signed-in operator. The console's views admit operators only."""
    return cast(User, request.user)


def client_ip(request: HttpRequest) -> str:
    """The client's IP address, as seen by the outermost trusted proxy; "" if unknown."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return ""
