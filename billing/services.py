"""Lifecycle steps of a workspace in billing."""

from typing import Any

from billing.models import BillingProfile, Cancellation
from tenants.context import TenantRef


def tenant_deleting(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "deleting": delete the billing profile and the comments on cancellations.

    Stripe's invoices keep the name and address that are printed on them.
    """
    BillingProfile.objects.filter(tenant_id=tenant.id).delete()
    Cancellation.objects.filter(tenant_id=tenant.id).update(comment="")
