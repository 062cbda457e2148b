"""Pushes a workspace's billing profile to Stripe: customer, VAT number and the subscription's tax rate."""

from contextlib import nullcontext
from typing import Any

import stripe
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from billing.models import BillingProfile, Subscription
from billing.profiles import Status, cleaned, draft_profile, profile_of, save_profile, vat_for, vat_of
from billing.stripe.client import client, is_on
from billing.stripe.customers import ensure_customer, expire_checkouts
from billing.stripe.errors import translated_errors
from billing.stripe.states import LIVE
from billing.stripe.tax_rates import tax_rate_of
from billing.stripe.turns import turn
from mailing.services import send_to_owners
from tax.vat import Vat
from tenants.context import TenantRef, public_context, tenant_context
from tenants.selectors import tenant_ref

__all__ = ["follow_tax_id", "profile_of", "profile_save", "push_profile", "vat_of"]

ADDRESS_FIELDS = ("line1", "line2", "postal_code", "city", "country")
# Stripe's verification status of a VAT number → our status; any other status is pending.
# https://docs.stripe.com/billing/customer/tax-ids
VAT_STATUS_BY_VERIFICATION = {"verified": Status.VERIFIED, "unverified": Status.REFUSED}


def profile_save(
    tenant: TenantRef,
    *,
    name: str,
    line1: str,
    line2: str,
    postal_code: str,
    city: str,
    country: str,
    vat_number: str,
    actor: User,
) -> BillingProfile:
    """Save the billing profile and push it to Stripe. A live subscription has the new VAT from its next invoice on.

    `country`: ISO 3166-1 alpha-2, of `tax.countries`. Raises `ValidationError` with the messages of each field, and
    `StripeUnavailable`; then nothing is saved here, and saving again completes what was begun at Stripe.
    """
    fields = cleaned(
        {
            "name": name,
            "line1": line1,
            "line2": line2,
            "postal_code": postal_code,
            "city": city,
            "country": country,
            "vat_number": vat_number,
        }
    )
    with translated_errors():
        # Committed on its own: the id of a customer created at Stripe is kept even if the rest fails.
        customer = ensure_customer(tenant.id) if is_on() else ""
        with public_context(), turn(tenant.id) if customer else nullcontext():
            draft = draft_profile(tenant, fields)
            if customer:
                previous = vat_of(tenant)
                _push(Subscription.objects.get(tenant_id=tenant.id), draft, tenant)
                if vat_for(draft) != previous:
                    # An open checkout page still has the previous VAT.
                    expire_checkouts(customer)
            with transaction.atomic():
                row, changed = save_profile(tenant, fields)
                _store_vat_status(row, draft)
                if changed:
                    with tenant_context(tenant):
                        audit.record("profile.saved", actor=actor, target=row.name, **changed)
    return row


def follow_tax_id(customer: str) -> None:
    """Sync the status of a customer's VAT number after a webhook event about it. Raises `stripe.StripeError`."""
    with public_context():
        subscription = Subscription.objects.filter(stripe_customer_id=customer).first()
        if subscription is None:
            return
        with turn(subscription.tenant_id):
            row = BillingProfile.objects.filter(tenant_id=subscription.tenant_id).first()
            if row is not None and row.vat_number:
                _sync_vat_number(subscription, row)


def _sync_vat_number(subscription: Subscription, row: BillingProfile) -> None:
    previous, vat_before = row.vat_status, vat_for(row)
    tenant = tenant_ref(row.tenant_id)
    _push(subscription, row, tenant)
    if vat_for(row) != vat_before:
        expire_checkouts(subscription.stripe_customer_id)
    with transaction.atomic():
        _store_vat_status(BillingProfile.objects.select_for_update().get(pk=row.pk), row)
        if row.vat_status == previous:
            return
        with tenant_context(tenant):
            previous_label, label = str(Status(previous).label), str(Status(row.vat_status).label)
            audit.record(
                "profile.vat_checked", label="Stripe", target=row.vat_number, before=previous_label, after=label
            )
        if row.vat_status == Status.REFUSED:
            send_to_owners(tenant, "vat_number_refused", number=row.vat_number, company=row.name)


def push_profile(tenant: TenantRef) -> None:
    """Push the saved profile, for instance to a customer created after it. Raises `stripe.StripeError`."""
    with public_context(), turn(tenant.id):
        row = BillingProfile.objects.filter(tenant_id=tenant.id).first()
        if row is not None:
            _push(Subscription.objects.get(tenant_id=tenant.id), row, tenant)
            with transaction.atomic():
                _store_vat_status(BillingProfile.objects.select_for_update().get(pk=row.pk), row)


def _push(subscription: Subscription, row: BillingProfile, tenant: TenantRef) -> None:
    """Push number, customer fields and tax rate, each only if it differs. `row` gets the number's status, unsaved.

    The VAT number goes first: it may be refused, and the VAT depends on it.
    """
    customer = subscription.stripe_customer_id
    existing = client().v1.customers.retrieve(customer, {"expand": ["tax_ids"]})
    _push_vat_number(customer, row, existing.tax_ids.data if existing.tax_ids else [])
    vat = vat_for(row)
    draft = _customer_fields(row, vat, tenant.language)
    if _fields_at_stripe(existing) != draft:
        client().v1.customers.update(customer, draft)  # type: ignore[arg-type]
    if subscription.status in LIVE and subscription.stripe_id:
        _push_tax_rate(subscription.stripe_id, vat)


def _customer_fields(row: BillingProfile, vat: Vat, language: str) -> dict[str, Any]:
    """Stripe's parameters of the customer. The legal mention about VAT is the footer of the following invoices."""
    with translation.override(language):
        footer = _(vat.mention) if vat.mention else ""
    return {
        "name": row.name,
        "address": {name: getattr(row, name) for name in ADDRESS_FIELDS},
        "preferred_locales": [language],
        "invoice_settings": {"footer": footer},
    }


def _fields_at_stripe(existing: stripe.Customer) -> dict[str, Any]:
    settings = existing.invoice_settings
    return {
        "name": existing.name,
        "address": {name: getattr(existing.address, name, None) or "" for name in ADDRESS_FIELDS},
        "preferred_locales": list(existing.preferred_locales or []),
        "invoice_settings": {"footer": (settings.footer if settings else None) or ""},
    }


def _push_vat_number(customer: str, row: BillingProfile, existing: list[stripe.TaxId]) -> None:
    """Make `row.vat_number` the customer's only VAT number at Stripe; set its status and id on `row`, unsaved."""
    tax_id = next((candidate for candidate in existing if candidate.value == row.vat_number), None)
    if tax_id is None and row.vat_number:
        tax_id = _add_number(customer, row.vat_number)
    for candidate in existing:
        if tax_id is None or candidate.id != tax_id.id:
            client().v1.customers.tax_ids.delete(customer, candidate.id)
    verification = tax_id.verification.status if tax_id and tax_id.verification else ""
    row.vat_status = VAT_STATUS_BY_VERIFICATION.get(verification, Status.PENDING) if row.vat_number else Status.NONE
    row.stripe_tax_id = tax_id.id if tax_id else ""


def _add_number(customer: str, number: str) -> stripe.TaxId:
    try:
        return client().v1.customers.tax_ids.create(customer, {"type": "eu_vat", "value": number})
    except stripe.InvalidRequestError as error:
        if error.code != "tax_id_invalid":
            raise
        raise ValidationError({"vat_number": _("Ce numéro de TVA n’est pas bien formé : vérifiez-le.")}) from error


def _store_vat_status(row: BillingProfile, pushed: BillingProfile) -> None:
    """Copy the status of the number from the unsaved `pushed` to the saved row, if the number is the same."""
    verification = (pushed.stripe_tax_id, pushed.vat_status)
    if row.vat_number == pushed.vat_number and (row.stripe_tax_id, row.vat_status) != verification:
        row.stripe_tax_id, row.vat_status = verification
        row.save(update_fields=["stripe_tax_id", "vat_status", "updated_at"])


def _push_tax_rate(stripe_id: str, vat: Vat) -> None:
    rate = tax_rate_of(vat)
    existing = client().v1.subscriptions.retrieve(stripe_id)
    if [candidate.id for candidate in existing.default_tax_rates or []] != [rate]:
        update: Any = {"default_tax_rates": [rate], "proration_behavior": "none"}
        client().v1.subscriptions.update(stripe_id, update)
