"""Access and rate limit of the owner's pages, and the messages shown if Stripe refuses or does not answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.access import ALL_STATES, OWNERS, access
from accounts.http import MemberRequest
from billing import api
from billing.subscription_types import StripeUnavailable
from tenants.admission import OUTSIDE

Handler = Callable[..., HttpResponse]
# Requests of one workspace that call Stripe: far more than a person makes, far below Stripe's limit per account
# (https://docs.stripe.com/rate-limits).
MAX_REQUESTS_PER_MINUTE: Final = 60

# Paying reopens a suspended workspace, so these pages may write although it is read-only.
owner_acts = access(OWNERS, writes_when_read_only=True, lane=OUTSIDE)
owner_reads = access(OWNERS, states=ALL_STATES)
# Pages that call Stripe share the request limit of views that wait for an outside server.
owner_reads_stripe = access(OWNERS, states=ALL_STATES, lane=OUTSIDE)


def calls_stripe(view: Handler) -> Handler:
    """Decorator of a view that calls Stripe.

    Responds 429 above the rate limit. If Stripe is off, refuses or does not answer, redirects to the plan's page with a
    message.
    """

    @wraps(view)
    def wrapper(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not api.is_on():
            messages.info(request, manual_billing_message())
            return redirect("workspace_plan")
        if not is_within_rate_limit():
            return render(request, "429.html", status=429)
        try:
            return view(request, *args, **kwargs)
        except (ValidationError, StripeUnavailable) as error:
            messages.error(request, error_message(error))
            return redirect("workspace_plan")

    return wrapper


def is_within_rate_limit() -> bool:
    """False if the workspace in context exceeds `MAX_REQUESTS_PER_MINUTE`. Counts the request."""
    cache.add("plan-asked", 0, 60)
    try:
        return bool(cache.incr("plan-asked") <= MAX_REQUESTS_PER_MINUTE)
    except ValueError:  # the minute ended in between
        return True


def error_message(error: ValidationError | StripeUnavailable) -> str:
    """The error's message for people."""
    return stripe_unavailable_message() if isinstance(error, StripeUnavailable) else " ".join(error.messages)


def stripe_unavailable_message() -> str:
    return _("Stripe, qui s’occupe des paiements, ne répond pas. Rien n’a été changé : réessayez dans un moment.")


def manual_billing_message() -> str:
    """The message shown if no key of Stripe is configured."""
    return _("Le paiement en ligne n’est pas ouvert sur cette plateforme : votre opérateur fait les changements.")
