"""Whether a request that was let in would be let in now: for what stays open long after it was asked.

A stream of events lives for minutes, and meanwhile its person may sign out, lose their role or their account, or the
workspace be suspended. `still_allowed` asks all that was asked at the door again; `changed` has every process ask at
once. What else the view asked (whose page it is) is the view's to ask again.
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


def changed(tenant_id: UUID) -> None:
    """Rights of a workspace have changed: what is open there is asked again, in every process. Call it on commit."""
    broadcast.publish(TOPIC, str(tenant_id))


def on_change(function: Callable[[str], None]) -> None:
    """Call `function(key of the workspace, or "*")` when rights change. It runs in the listener's thread."""
    broadcast.subscribe(TOPIC, function)


def still_allowed(request: HttpRequest, access: Access) -> MemberRequest | None:
    """The request as it would be let in now, with the workspace and person of now; None where it would not be."""
    known = cast(MemberRequest, request)
    tenant: TenantRef | None = selectors.tenant_for_host(known.tenant.domain)
    if tenant is None or tenant.id != known.tenant.id:
        return None
    again = cast(MemberRequest, copy.copy(request))
    again.tenant = tenant
    store = import_module(settings.SESSION_ENGINE).SessionStore
    again.session = store(request.session.session_key)
    again.user = get_user(again)  # type: ignore[assignment]
    refused = AccessMiddleware(lambda _request: None).refusal(again, access)  # type: ignore[arg-type]
    return again if refused is None else None
