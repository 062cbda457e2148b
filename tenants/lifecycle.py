"""Runs the steps of other apps when a workspace is created, changed or deleted (config/lifecycle.py)."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from tenants.context import TenantRef


def run(event: str, tenant: TenantRef, **details: Any) -> None:
    """Call the steps of an event in order, in the caller's transaction. An exception in a step is not caught."""
    for name in settings.LIFECYCLE_STEPS[event]:
        import_string(name)(tenant, **details)
