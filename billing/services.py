"""What a workspace's life cycle asks of billing."""

from typing import Any

from billing.models import BillingProfile, Cancellation
from tenants.context import TenantRef


def tenant_deleting(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "deleting": billing addresses are deleted, with the comments given on cancelling.

    Stripe's invoices keep the name and address that they bear.
    """
    BillingProfile.objects.filter(tenant_id=tenant.id).delete()
    Cancellation.objects.filter(tenant_id=tenant.id).update(comment="")
