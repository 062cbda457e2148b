"""Who may, how often, and what is said where Stripe refuses or does not answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.access import ALL_STATES, access
from accounts.http import MemberRequest
from accounts.models import Role
from billing import api
from billing.subscription_types import StripeUnavailable
from tenants.admission import OUTSIDE

Handler = Callable[..., HttpResponse]
OWNERS: Final = frozenset({Role.OWNER})
# Pages that ask Stripe, of one workspace: far more than a person clicks, far less than Stripe's own limit for all.
MAX_REQUESTS_PER_MINUTE: Final = 60

# Paying is what reopens a workspace: these pages write in one that is suspended, as no other does.
owner_acts = access(OWNERS, writes_when_read_only=True, lane=OUTSIDE)
owner_reads = access(OWNERS, states=ALL_STATES)
# Reads what Stripe knows: it shares its bound with others that wait for somebody else's server.
owner_reads_stripe = access(OWNERS, states=ALL_STATES, lane=OUTSIDE)


def calls_stripe(view: Handler) -> Handler:
    """A view that speaks to Stripe: not too often, and back to the plan's page with words where that fails."""

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
    """False where the workspace in context has asked Stripe too often in a minute."""
    cache.add("plan-asked", 0, 60)
    try:
        return bool(cache.incr("plan-asked") <= MAX_REQUESTS_PER_MINUTE)
    except ValueError:  # the minute ended in between
        return True


def error_message(error: ValidationError | StripeUnavailable) -> str:
    """What went wrong, for people."""
    return stripe_unavailable_message() if isinstance(error, StripeUnavailable) else " ".join(error.messages)


def stripe_unavailable_message() -> str:
    return _("Stripe, qui s’occupe des paiements, ne répond pas. Rien n’a été changé : réessayez dans un moment.")


def manual_billing_message() -> str:
    """Where no key of Stripe is configured."""
    return _("Le paiement en ligne n’est pas ouvert sur cette plateforme : votre opérateur fait les changements.")
