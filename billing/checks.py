"""dj-stripe's system checks that read its tables: run where a database is to be checked, not before every command,
and in public, where these tables are.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.checks import Tags, register
from django.core.checks.registry import registry

from tenants.context import public_context

READ_TABLES = {"check_webhook_validation", "check_webhook_endpoint_has_secret"}
# Says before every command that the callback is deprecated; it is the one way to handle an event outside the request.
ABOUT_THE_CALLBACK = "check_webhook_event_callback_accepts_api_key"


def check_stripe_in_public() -> None:
    """To be called when all apps are loaded, dj-stripe's among them."""
    found = [check for check in registry.registered_checks if check.__module__ == "djstripe.checks"]
    for check in found:
        name = getattr(check, "__name__", "")
        if name in READ_TABLES or name == ABOUT_THE_CALLBACK:
            registry.registered_checks.discard(check)
        if name in READ_TABLES:
            register(_in_public(check), Tags.database)


def _in_public(check: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(check)
    def checked(**kwargs: Any) -> Any:
        with public_context():
            return check(**kwargs)

    return checked
