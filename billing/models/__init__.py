"""Plans and what they allow, what one workspace has beside, counters that hold use to it, the ledger of every act."""

from billing.models.catalogue import AddOn, Entitlement, Plan, Price
from billing.models.console import Dunning, WebhookEvent
from billing.models.customers import BillingProfile, Cancellation
from billing.models.discounts import CodeUse, Coupon, PromotionCode
from billing.models.ledger import UsageEvent
from billing.models.quotas import QuotaCounter, QuotaNotice, Reservation
from billing.models.revenue import RevenueChange
from billing.models.rights import Override, TenantAddOn
from billing.models.subscriptions import DunningNotice, StripeTurn, Subscription
from billing.models.terms import TermsAcceptance, TermsVersion

__all__ = [
    "AddOn",
    "BillingProfile",
    "Cancellation",
    "CodeUse",
    "Coupon",
    "Dunning",
    "DunningNotice",
    "Entitlement",
    "Override",
    "Plan",
    "Price",
    "PromotionCode",
    "QuotaCounter",
    "QuotaNotice",
    "Reservation",
    "RevenueChange",
    "StripeTurn",
    "Subscription",
    "TenantAddOn",
    "TermsAcceptance",
    "TermsVersion",
    "UsageEvent",
    "WebhookEvent",
]
