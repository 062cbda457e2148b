"""All that other apps use of billing: plan, payment and invoices of one workspace, terms of sale, MRR figures.

Unless stated otherwise, functions raise `ValidationError`, with a message for the owner and no effect, and
`StripeUnavailable`.
"""

from billing import terms as terms
from billing.mrr import figures as mrr_figures
from billing.stripe.cancellation import cancel, counter_offer, offer_accept, resume
from billing.stripe.changes import change, preview
from billing.stripe.checkout import checkout_url, code_refusal, portal_url, returned
from billing.stripe.customers import forget_customers
from billing.stripe.documents import document_url, invoices, next_payment, pay_url
from billing.stripe.profiles import profile_of, profile_save
from billing.stripe.status import current, is_on

__all__ = [
    "cancel",
    "change",
    "checkout_url",
    "code_refusal",
    "counter_offer",
    "current",
    "document_url",
    "forget_customers",
    "invoices",
    "is_on",
    "mrr_figures",
    "next_payment",
    "offer_accept",
    "pay_url",
    "portal_url",
    "preview",
    "profile_of",
    "profile_save",
    "resume",
    "returned",
    "terms",
]
