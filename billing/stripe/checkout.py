"""The first payment, on Stripe's own page, and the way to its pages of means of payment."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing import terms
from billing.models import Subscription
from billing.stripe import code_uses, coupons, profiles
from billing.stripe.client import client
from billing.stripe.customers import customer_of, expire_pages, living_customer_of
from billing.stripe.errors import asking
from billing.stripe.portal_configuration import portal_configuration
from billing.stripe.price_items import wanted
from billing.stripe.profiles import profile_of, vat_of
from billing.stripe.snapshot import Known, read
from billing.stripe.status import current
from billing.stripe.sync import refresh
from billing.stripe.tax_rates import tax_rate_of
from billing.stripe.turns import turn
from billing.subscription_types import Accepted, Choice, Current
from tenants.context import TenantRef, public_context

METHODS = ("card", "sepa_debit")


def checkout_url(
    tenant: TenantRef, choice: Choice, *, actor: User, success_url: str, cancel_url: str, accepted: Accepted | None
) -> str:
    """The address of Stripe's page where the choice is paid for. Nothing is charged before that.

    One page at a time: those opened before expire, so that nobody subscribes twice. The terms of sale are accepted
    before; without a proof of it the page is shown to nobody.
    """
    agreed = terms.require(accepted)
    if profile_of(tenant) is None:
        raise ValidationError(_("Donnez d’abord vos coordonnées de facturation."), code="profile")
    with asking(), public_context():
        customer = living_customer_of(tenant.id)
        profiles.tell(tenant)
        asked = _asked(tenant, choice, customer)
        with turn(tenant.id):
            expire_pages(customer)
            # What was paid on a page opened before may not have been told yet: Stripe knows.
            known = read(customer)
            _require_nothing_unfinished(known)
            url = ""
            if not known.live:
                page = _open({**asked, "success_url": success_url, "cancel_url": cancel_url})
                url = str(page.url)
                terms.record(
                    tenant,
                    agreed,
                    choice,
                    actor=actor,
                    origin=accepted.origin if accepted else "",
                    act=terms.Act.CHECKOUT,
                    reference=page.id,
                )
        if not url:
            refresh(tenant.id)
            raise ValidationError(_("L’espace a déjà un abonnement : changez-le plutôt."), code="living")
    audit.record("checkout.opened", actor=actor, target=tenant.slug, plan=choice.plan, interval=choice.interval)
    return url


def _require_nothing_unfinished(known: Known) -> None:
    """Once it is paid, there would be two subscriptions. Stripe gives it up after 23 hours."""
    if known.unfinished:
        raise ValidationError(
            _("Un premier paiement attend d’être terminé : terminez-le, ou attendez demain pour un autre choix."),
            code="unfinished",
        )


def _open(asked: dict[str, Any]) -> Any:
    return client().v1.checkout.sessions.create(asked)  # type: ignore[arg-type]


def _asked(tenant: TenantRef, choice: Choice, customer: str) -> dict[str, Any]:
    want = wanted(choice)
    if len({price.interval for price in want.all}) > 1:
        # https://docs.stripe.com/billing/subscriptions/mixed-interval: not on Stripe's page, but added afterwards.
        raise ValidationError(
            _("Certaines options se paient au mois. Prenez d’abord l’offre à l’année : vous les ajouterez ensuite."),
            code="rhythms",
        )
    return {
        "mode": "subscription",
        "customer": customer,
        "client_reference_id": str(tenant.id),
        "line_items": [{"price": price.stripe_price_id, "quantity": 1} for price in want.all],
        "payment_method_types": list(METHODS),
        "locale": get_language() or tenant.language,
        "subscription_data": {
            "default_tax_rates": [tax_rate_of(vat_of(tenant))],
            "metadata": {"ruche_slug": tenant.slug, **_codes(choice)},
            "billing_mode": {"type": "flexible"},
        },
        **_discounts(choice, tenant, customer),
    }


def _codes(choice: Choice) -> dict[str, str]:
    typed = choice.promotion_code.strip().upper()
    return {code_uses.METADATA: typed} if typed else {}


def _discounts(choice: Choice, tenant: TenantRef, customer: str) -> dict[str, Any]:
    """The code that was typed here; otherwise Stripe's page asks for one, unless one was had before.

    A code is had once, and Stripe's page cannot refuse a second time: then it must be typed here, where it is checked.
    """
    had, typed = code_uses.had(tenant.id, customer), choice.promotion_code.strip()
    if not typed:
        return {} if had else {"allow_promotion_codes": True}
    if typed.upper() in had:
        raise ValidationError(code_uses.HAD, code="code")
    code = coupons.find(choice.promotion_code, first_time=_is_first(tenant))
    return {"discounts": [{"promotion_code": code.stripe_id}]}


def _is_first(tenant: TenantRef) -> bool:
    paid = Subscription.objects.filter(tenant_id=tenant.id).exclude(stripe_id="")
    return not paid.exclude(status__in=("incomplete", "incomplete_expired")).exists()


def code_refusal(tenant: TenantRef, code: str) -> str:
    """Why a code that was typed will be refused, in people's words; "": nothing is known against it. No network."""
    try:
        with public_context():
            coupons.require_valid(code, first_time=_is_first(tenant))
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def returned(tenant: TenantRef) -> Current:
    """Ask Stripe how things are, and follow: for who comes back from its pages before its webhook does."""
    with asking():
        refresh(tenant.id)
        code_uses.follow(tenant.id)
    return current(tenant)


def portal_url(tenant: TenantRef, *, return_url: str, flow: str = "") -> str:
    """The address of Stripe's page of means of payment. `flow`: "payment_method_update" goes straight to it."""
    with asking():
        asked: dict[str, Any] = {
            "customer": customer_of(tenant.id),
            "configuration": portal_configuration(),
            "return_url": return_url,
            "locale": get_language() or tenant.language,
        }
        if flow:
            done = {"type": "redirect", "redirect": {"return_url": return_url}}
            asked["flow_data"] = {"type": flow, "after_completion": done}
        return str(client().v1.billing_portal.sessions.create(asked).url)  # type: ignore[arg-type]
