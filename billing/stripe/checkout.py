"""The first payment, on Stripe's checkout page, and the address of Stripe's portal for the means of payment."""

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
from billing.stripe.customers import customer_of, ensure_customer, expire_checkouts
from billing.stripe.errors import translated_errors
from billing.stripe.portal_configuration import portal_configuration
from billing.stripe.price_items import select_prices
from billing.stripe.profiles import profile_of, vat_of
from billing.stripe.snapshot import Snapshot, read_snapshot
from billing.stripe.status import current
from billing.stripe.sync import refresh
from billing.stripe.tax_rates import tax_rate_of
from billing.stripe.turns import turn
from billing.subscription_types import AcceptedTerms, Choice, Current
from tenants.context import TenantRef, public_context

PAYMENT_METHODS = ("card", "sepa_debit")


def checkout_url(
    tenant: TenantRef, choice: Choice, *, actor: User, success_url: str, cancel_url: str, accepted: AcceptedTerms | None
) -> str:
    """The address of Stripe's page where the choice is paid. Nothing is charged before that.

    Pages opened earlier expire, so that a workspace cannot subscribe twice. The acceptance of the terms of sale is
    recorded before the address is returned. Raises `ValidationError` for terms that are not accepted, a missing
    billing profile, a choice that is not for sale, a refused code, a pending first payment or a live subscription;
    `StripeUnavailable`.
    """
    agreed_terms = terms.require_current(accepted)
    if profile_of(tenant) is None:
        raise ValidationError(_("Donnez d’abord vos coordonnées de facturation."), code="profile")
    with translated_errors(), public_context():
        customer = ensure_customer(tenant.id)
        profiles.push_profile(tenant)
        parameters = _session_parameters(tenant, choice, customer)
        with turn(tenant.id):
            expire_checkouts(customer)
            # A payment on an earlier page may be at Stripe while its webhook has not arrived.
            snapshot = read_snapshot(customer)
            _require_no_pending_payment(snapshot)
            url = ""
            if not snapshot.live:
                session = _create_session({**parameters, "success_url": success_url, "cancel_url": cancel_url})
                url = str(session.url)
                terms.record(
                    tenant,
                    agreed_terms,
                    choice,
                    actor=actor,
                    origin=accepted.origin if accepted else "",
                    act=terms.Act.CHECKOUT,
                    reference=session.id,
                )
        if not url:
            refresh(tenant.id)
            raise ValidationError(_("L’espace a déjà un abonnement : changez-le plutôt."), code="living")
    audit.record("checkout.opened", actor=actor, target=tenant.slug, plan=choice.plan, interval=choice.interval)
    return url


def _require_no_pending_payment(snapshot: Snapshot) -> None:
    """Raises `ValidationError` while a first payment is incomplete: paying both would make two subscriptions.

    Stripe expires an incomplete subscription after 23 hours:
    https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
    """
    if snapshot.unfinished:
        raise ValidationError(
            _("Un premier paiement attend d’être terminé : terminez-le, ou attendez demain pour un autre choix."),
            code="unfinished",
        )


def _create_session(parameters: dict[str, Any]) -> Any:
    return client().v1.checkout.sessions.create(parameters)  # type: ignore[arg-type]


def _session_parameters(tenant: TenantRef, choice: Choice, customer: str) -> dict[str, Any]:
    prices = select_prices(choice)
    if len({price.interval for price in prices.all}) > 1:
        # Checkout refuses mixed intervals; an existing subscription accepts them:
        # https://docs.stripe.com/billing/subscriptions/mixed-interval
        raise ValidationError(
            _("Certaines options se paient au mois. Prenez d’abord l’offre à l’année : vous les ajouterez ensuite."),
            code="rhythms",
        )
    return {
        "mode": "subscription",
        "customer": customer,
        "client_reference_id": str(tenant.id),
        "line_items": [{"price": price.stripe_price_id, "quantity": 1} for price in prices.all],
        "payment_method_types": list(PAYMENT_METHODS),
        "locale": get_language() or tenant.language,
        "subscription_data": {
            "default_tax_rates": [tax_rate_of(vat_of(tenant))],
            "metadata": {"ruche_slug": tenant.slug, **_code_metadata(choice)},
            "billing_mode": {"type": "flexible"},
        },
        **_discounts(choice, tenant, customer),
    }


def _code_metadata(choice: Choice) -> dict[str, str]:
    code = choice.promotion_code.strip().upper()
    return {code_uses.METADATA_KEY: code} if code else {}


def _discounts(choice: Choice, tenant: TenantRef, customer: str) -> dict[str, Any]:
    """Parameters for the code typed on our page; without one, Stripe's page lets people type a code.

    A workspace uses a code once. Stripe's page cannot check that, so it takes no codes if the workspace has used any;
    then codes are typed on our page only. Raises `ValidationError` for a refused code.
    """
    used, code = code_uses.used_codes(tenant.id, customer), choice.promotion_code.strip()
    if not code:
        return {} if used else {"allow_promotion_codes": True}
    if code.upper() in used:
        raise ValidationError(code_uses.ALREADY_USED, code="code")
    promotion_code = coupons.find_redeemable(choice.promotion_code, first_time=_is_first_subscription(tenant))
    return {"discounts": [{"promotion_code": promotion_code.stripe_id}]}


def _is_first_subscription(tenant: TenantRef) -> bool:
    subscriptions = Subscription.objects.filter(tenant_id=tenant.id).exclude(stripe_id="")
    return not subscriptions.exclude(status__in=("incomplete", "incomplete_expired")).exists()


def code_refusal(tenant: TenantRef, promotion_code: str) -> str:
    """Why a typed code is refused, as a French text; "" if our own rows do not refuse it. No network."""
    try:
        with public_context():
            coupons.require_valid(promotion_code, first_time=_is_first_subscription(tenant))
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def returned(tenant: TenantRef) -> Current:
    """Sync from Stripe and return the result, for a person who returns from Stripe's page before the webhook arrives.

    Raises `StripeUnavailable`.
    """
    with translated_errors():
        refresh(tenant.id)
        code_uses.sync(tenant.id)
    return current(tenant)


def portal_url(tenant: TenantRef, *, return_url: str, flow: str = "") -> str:
    """The address of Stripe's portal for the means of payment. `flow`: "payment_method_update" opens that form."""
    with translated_errors():
        parameters: dict[str, Any] = {
            "customer": customer_of(tenant.id),
            "configuration": portal_configuration(),
            "return_url": return_url,
            "locale": get_language() or tenant.language,
        }
        if flow:
            after_completion = {"type": "redirect", "redirect": {"return_url": return_url}}
            parameters["flow_data"] = {"type": flow, "after_completion": after_completion}
        return str(client().v1.billing_portal.sessions.create(parameters).url)  # type: ignore[arg-type]
