"""Lifecycle steps of the catalogue, and the entitlement checks for other apps."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from plans import entitlements
from plans.entitlements import has_entitlement, require
from plans.models import Override, Plan, TenantAddOn
from tenants.context import TenantRef, public_context

__all__ = ["has_entitlement", "open_tenant", "plan_changed", "require", "tenant_deleting"]


def open_tenant(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "made": the plan must exist. Raises `ValidationError`."""
    with public_context():
        if not Plan.objects.filter(code=tenant.plan_code).exists():
            known = ", ".join(Plan.objects.values_list("code", flat=True))
            raise ValidationError(
                _("L’offre « %(plan)s » n’existe pas. Offres : %(known)s."),
                code="plan_unknown",
                params={"plan": tenant.plan_code, "known": known},
            )


def plan_changed(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "plan_changed": every process resolves its rights anew."""
    entitlements.forget(tenant.id)


def tenant_deleting(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "deleting": overrides are deleted, open add-ons end."""
    Override.objects.filter(tenant_id=tenant.id).delete()
    TenantAddOn.objects.filter(tenant_id=tenant.id, until=None).update(until=timezone.now())
    entitlements.forget(tenant.id)
