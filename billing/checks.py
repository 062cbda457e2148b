"""Registers dj-stripe's system checks that read its tables as database checks, run in the context public.

Without this they run before every command and without a context, although the tables are in the schema public.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.checks import Tags, register
from django.core.checks.registry import registry

from tenants.context import public_context

DATABASE_CHECKS = {"check_webhook_validation", "check_webhook_endpoint_has_secret"}
# Warns that the callback setting is deprecated; the callback is the only way to handle an event outside the request.
CALLBACK_CHECK = "check_webhook_event_callback_accepts_api_key"


def check_stripe_in_public() -> None:
    """Replace the checks. Call it once all apps are loaded, dj-stripe included."""
    checks = [check for check in registry.registered_checks if check.__module__ == "djstripe.checks"]
    for check in checks:
        name = getattr(check, "__name__", "")
        if name in DATABASE_CHECKS or name == CALLBACK_CHECK:
            registry.registered_checks.discard(check)
        if name in DATABASE_CHECKS:
            register(_in_public(check), Tags.database)


def _in_public(check: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(check)
    def checked(**kwargs: Any) -> Any:
        with public_context():
            return check(**kwargs)

    return checked
