"""What other apps do when a workspace is made, suspended, closed or deleted: config/lifecycle.py, in its order."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from tenants.context import TenantRef


def run(event: str, tenant: TenantRef, **details: Any) -> None:
    """Call each step of an event, in the caller's transaction. A step that raises undoes all."""
    for name in settings.LIFECYCLE_STEPS[event]:
        import_string(name)(tenant, **details)
