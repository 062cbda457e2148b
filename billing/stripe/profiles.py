"""What a workspace's invoices bear, said to Stripe: its customer, its VAT number, the VAT of what it pays for."""

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
from billing.profiles import Status, checked, draft, profile_of, vat_for, vat_of, write
from billing.stripe.client import client, is_on
from billing.stripe.customers import expire_pages, living_customer_of
from billing.stripe.errors import asking
from billing.stripe.states import LIVE
from billing.stripe.tax_rates import tax_rate_of
from billing.stripe.turns import turn
from mailing.services import send_to_owners
from tax.vat import Vat
from tenants.context import TenantRef, public_context, tenant_context
from tenants.selectors import tenant_ref

__all__ = ["follow_tax_id", "profile_of", "profile_save", "tell", "vat_of"]

ADDRESS = ("line1", "line2", "postal_code", "city", "country")
# What Stripe says of a number, in our words; anything else: it was not answered yet.
SAID = {"verified": Status.VERIFIED, "unverified": Status.REFUSED}


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
    """Keep what the next invoices bear, and tell Stripe. A subscription that lives takes its VAT from its next invoice.

    `country`: two letters, of `tax.countries`. Raises `ValidationError` with the messages of each field, and
    `StripeAway`: nothing is kept here then, and saving again finishes what was begun there.
    """
    fields = checked(
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
    with asking():
        # Committed by itself: what is made at Stripe is known here, whatever comes after.
        customer = living_customer_of(tenant.id) if is_on() else ""
        with public_context(), turn(tenant.id) if customer else nullcontext():
            wanted = draft(tenant, fields)
            if customer:
                before = vat_of(tenant)
                _tell(Subscription.objects.get(tenant_id=tenant.id), wanted, tenant)
                if vat_for(wanted) != before:
                    # A page of payment that is open still has the VAT from before.
                    expire_pages(customer)
            with transaction.atomic():
                row, changed = write(tenant, fields)
                _keep(row, wanted)
                if changed:
                    with tenant_context(tenant):
                        audit.record("profile.saved", actor=actor, target=row.name, **changed)
    return row


def follow_tax_id(customer: str) -> None:
    """Stripe says something of a customer's VAT number: ask how it is, and follow. Raises `stripe.StripeError`."""
    with public_context():
        subscription = Subscription.objects.filter(stripe_customer_id=customer).first()
        if subscription is None:
            return
        with turn(subscription.tenant_id):
            row = BillingProfile.objects.filter(tenant_id=subscription.tenant_id).first()
            if row is not None and row.vat_number:
                _follow_number(subscription, row)


def _follow_number(subscription: Subscription, row: BillingProfile) -> None:
    before, vat_before = row.vat_status, vat_for(row)
    tenant = tenant_ref(row.tenant_id)
    _tell(subscription, row, tenant)
    if vat_for(row) != vat_before:
        expire_pages(subscription.stripe_customer_id)
    with transaction.atomic():
        _keep(BillingProfile.objects.select_for_update().get(pk=row.pk), row)
        if row.vat_status == before:
            return
        with tenant_context(tenant):
            was, now = str(Status(before).label), str(Status(row.vat_status).label)
            audit.record("profile.vat_checked", label="Stripe", target=row.vat_number, before=was, after=now)
        if row.vat_status == Status.REFUSED:
            send_to_owners(tenant, "mail/vat_number_refused", number=row.vat_number, company=row.name)


def tell(tenant: TenantRef) -> None:
    """Stripe's customer says what the profile says, also where it was made after it. Raises `stripe.StripeError`."""
    with public_context(), turn(tenant.id):
        row = BillingProfile.objects.filter(tenant_id=tenant.id).first()
        if row is not None:
            _tell(Subscription.objects.get(tenant_id=tenant.id), row, tenant)
            with transaction.atomic():
                _keep(BillingProfile.objects.select_for_update().get(pk=row.pk), row)


def _tell(subscription: Subscription, row: BillingProfile, tenant: TenantRef) -> None:
    """The number first: it may be refused, and says which VAT there is. Where all is said already, one question."""
    customer = subscription.stripe_customer_id
    there = client().v1.customers.retrieve(customer, {"expand": ["tax_ids"]})
    _tell_number(customer, row, there.tax_ids.data if there.tax_ids else [])
    vat = vat_for(row)
    wanted = _wanted(row, vat, tenant.language)
    if _said(there) != wanted:
        client().v1.customers.update(customer, wanted)  # type: ignore[arg-type]
    if subscription.status in LIVE and subscription.stripe_id:
        _tell_subscription(subscription.stripe_id, vat)


def _wanted(row: BillingProfile, vat: Vat, language: str) -> dict[str, Any]:
    """The mention stands at the foot of each invoice, from the next one on."""
    with translation.override(language):
        footer = _(vat.mention) if vat.mention else ""
    return {
        "name": row.name,
        "address": {name: getattr(row, name) for name in ADDRESS},
        "preferred_locales": [language],
        "invoice_settings": {"footer": footer},
    }


def _said(there: stripe.Customer) -> dict[str, Any]:
    settings = there.invoice_settings
    return {
        "name": there.name,
        "address": {name: getattr(there.address, name, None) or "" for name in ADDRESS},
        "preferred_locales": list(there.preferred_locales or []),
        "invoice_settings": {"footer": (settings.footer if settings else None) or ""},
    }


def _tell_number(customer: str, row: BillingProfile, there: list[stripe.TaxId]) -> None:
    """Stripe's customer has this number and no other; the row, not saved, bears what Stripe says of it."""
    mine = next((one for one in there if one.value == row.vat_number), None)
    if mine is None and row.vat_number:
        mine = _add_number(customer, row.vat_number)
    for one in there:
        if mine is None or one.id != mine.id:
            client().v1.customers.tax_ids.delete(customer, one.id)
    said = mine.verification.status if mine and mine.verification else ""
    row.vat_status = SAID.get(said, Status.PENDING) if row.vat_number else Status.NONE
    row.stripe_tax_id = mine.id if mine else ""


def _add_number(customer: str, number: str) -> stripe.TaxId:
    try:
        return client().v1.customers.tax_ids.create(customer, {"type": "eu_vat", "value": number})
    except stripe.InvalidRequestError as error:
        if error.code != "tax_id_invalid":
            raise
        raise ValidationError({"vat_number": _("Ce numéro de TVA n’est pas bien formé : vérifiez-le.")}) from error


def _keep(row: BillingProfile, told: BillingProfile) -> None:
    """What Stripe said of the number of `told`, which was not saved, is kept in the row of the same number."""
    said = (told.stripe_tax_id, told.vat_status)
    if row.vat_number == told.vat_number and (row.stripe_tax_id, row.vat_status) != said:
        row.stripe_tax_id, row.vat_status = said
        row.save(update_fields=["stripe_tax_id", "vat_status", "updated_at"])


def _tell_subscription(stripe_id: str, vat: Vat) -> None:
    rate = tax_rate_of(vat)
    there = client().v1.subscriptions.retrieve(stripe_id)
    if [one.id for one in there.default_tax_rates or []] != [rate]:
        asked: Any = {"default_tax_rates": [rate], "proration_behavior": "none"}
        client().v1.subscriptions.update(stripe_id, asked)
