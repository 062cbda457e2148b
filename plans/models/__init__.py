"""The catalogue (plans, add-ons, entitlements, prices) and what is granted to one workspace beside its plan."""

from plans.models.catalogue import AddOn, Entitlement, Plan, Price
from plans.models.grants import Override, TenantAddOn

__all__ = ["AddOn", "Entitlement", "Override", "Plan", "Price", "TenantAddOn"]
