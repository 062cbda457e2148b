"""Repeats the access check of long responses.

During a stream of minutes the user may sign out, lose the role or the account, or the workspace may be suspended.
`still_allowed` repeats the checks of the middleware; `publish_change` makes every process repeat them at once. Checks
inside the view, such as ownership of a page, must be repeated by the view.
"""

import copy
from collections.abc import Callable
from importlib import import_module
from typing import Final, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from accounts.access import Access
from accounts.http import MemberRequest
from accounts.middleware import AccessMiddleware
from tenants import broadcast, selectors
from tenants.context import TenantRef

TOPIC: Final = "rights"


def publish_change(tenant_id: UUID) -> None:
    """Tell every process that rights in a workspace have changed. Call it on commit."""
    broadcast.publish(TOPIC, str(tenant_id))


def subscribe(function: Callable[[str], None]) -> None:
    """Call `function(workspace id, or "*" for all)` when rights change. It runs in the listener's thread."""
    broadcast.subscribe(TOPIC, function)


def still_allowed(request: HttpRequest, access: Access) -> MemberRequest | None:
    """A copy of the request with the current workspace and user, or None if access is now refused."""
    original = cast(MemberRequest, request)
    tenant: TenantRef | None = selectors.tenant_for_host(original.tenant.domain)
    if tenant is None or tenant.id != original.tenant.id:
        return None
    current = cast(MemberRequest, copy.copy(request))
    current.tenant = tenant
    store = import_module(settings.SESSION_ENGINE).SessionStore
    current.session = store(request.session.session_key)
    current.user = get_user(current)  # type: ignore[assignment]
    refusal = AccessMiddleware(lambda _request: None).refusal(current, access)  # type: ignore[arg-type]
    return current if refusal is None else None
