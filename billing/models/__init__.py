"""Models of subscriptions, discounts, billing profiles, terms of sale and MRR movements."""

from billing.models.console import Dunning, WebhookEvent
from billing.models.customers import BillingProfile, Cancellation
from billing.models.discounts import CodeUse, Coupon, PromotionCode
from billing.models.revenue import RevenueChange
from billing.models.subscriptions import DunningNotice, StripeTurn, Subscription
from billing.models.terms import TermsAcceptance, TermsVersion

__all__ = [
    "BillingProfile",
    "Cancellation",
    "CodeUse",
    "Coupon",
    "Dunning",
    "DunningNotice",
    "PromotionCode",
    "RevenueChange",
    "StripeTurn",
    "Subscription",
    "TermsAcceptance",
    "TermsVersion",
    "WebhookEvent",
]
