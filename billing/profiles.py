"""Rules of the billing profile (name, address, VAT number) and the VAT that follows from it. No network."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.models import BillingProfile
from tax.countries import is_country, name_of
from tax.vat import Buyer, Seller, Vat, country_of, vat_on, well_formed
from tax.vat_tables import EU, FRENCH_OVERSEAS, place_of
from tenants.context import TenantRef, public_context
from ui.days import platform_today

Status = BillingProfile.VatStatus
FIELDS = ("name", "line1", "line2", "postal_code", "city", "country", "vat_number")
REQUIRED = {
    "name": _("Donnez le nom ou la raison sociale."),
    "line1": _("Donnez l’adresse."),
    "city": _("Donnez la ville."),
}
# Territories with postal codes of five digits and French VAT numbers.
FRENCH_TERRITORIES = frozenset({"FR", "MC", *FRENCH_OVERSEAS.values()})


def profile_of(tenant: TenantRef) -> BillingProfile | None:
    """The workspace's billing profile; None before its owner has saved one."""
    with public_context():
        profile: BillingProfile | None = BillingProfile.objects.filter(tenant_id=tenant.id).first()
    return profile


def vat_of(tenant: TenantRef, on: dt.date | None = None) -> Vat:
    """The VAT of a workspace's invoices on a day, today by default. Without a profile, that of the seller's country."""
    return vat_for(profile_of(tenant), on)


def vat_for(profile: BillingProfile | None, on: dt.date | None = None) -> Vat:
    """As `vat_of`, for a profile that is already loaded."""
    seller = Seller(settings.SELLER_COUNTRY, settings.VAT_OSS)
    if profile is None:
        buyer = Buyer(seller.country)
    else:
        refused = profile.vat_status == Status.REFUSED
        buyer = Buyer(profile.country, profile.postal_code, profile.vat_number, vat_refused=refused)
    return vat_on(seller, buyer, on or platform_today())


def cleaned(values: dict[str, str]) -> dict[str, str]:
    """The fields normalized for saving: trimmed, the VAT number with its country prefix and without spaces.

    Raises `ValidationError` with the messages of each field.
    """
    fields = {name: " ".join(values[name].split()) for name in FIELDS}
    fields["country"] = fields["country"].upper()
    errors: dict[str, Any] = {name: message for name, message in REQUIRED.items() if not fields[name]}
    if not is_country(fields["country"]):
        raise ValidationError(errors | {"country": _("Choisissez un pays de la liste.")})
    digits = fields["postal_code"].replace(" ", "")
    if fields["country"] in FRENCH_TERRITORIES:
        fields["postal_code"] = digits
        if not (len(digits) == 5 and digits.isascii() and digits.isdigit()):
            errors["postal_code"] = _("Un code postal français a cinq chiffres.")
    try:
        fields["vat_number"] = _clean_vat_number(fields)
    except ValidationError as error:
        errors["vat_number"] = error
    if errors:
        raise ValidationError(errors)
    return fields


def _clean_vat_number(fields: dict[str, str]) -> str:
    text = fields["vat_number"]
    if not text:
        return ""
    country = "FR" if fields["country"] in FRENCH_TERRITORIES else fields["country"]
    if place_of(country, fields["postal_code"]) not in EU and country != "FR":
        raise ValidationError(_("Hors de l’Union européenne, laissez ce champ vide."))
    number = well_formed(text, country)
    if number:
        return number
    other_country = country_of(text)
    if other_country:
        message = _("Ce numéro est d’un autre pays (%(country)s) que l’adresse.")
        raise ValidationError(message, params={"country": name_of(other_country)})
    raise ValidationError(_("Ce numéro de TVA n’est pas bien formé : vérifiez-le."))


def save_profile(tenant: TenantRef, fields: dict[str, str]) -> tuple[BillingProfile, dict[str, Any]]:
    """Save the fields in the caller's transaction; return the locked row and the changed fields.

    Raises `ValidationError`.
    """
    row = BillingProfile.objects.select_for_update().filter(tenant_id=tenant.id).first()
    row, changed = merge(row or BillingProfile(tenant_id=tenant.id), fields)
    row.save()
    return row, changed


def draft_profile(tenant: TenantRef, fields: dict[str, str]) -> BillingProfile:
    """The row as `save_profile` would save it. Nothing is saved. Raises `ValidationError`."""
    row = BillingProfile.objects.filter(tenant_id=tenant.id).first()
    return merge(row or BillingProfile(tenant_id=tenant.id), fields)[0]


def merge(row: BillingProfile, fields: dict[str, str]) -> tuple[BillingProfile, dict[str, Any]]:
    """`row` with these fields, unsaved, and the changed fields. A changed VAT number is pending again.

    Raises `ValidationError`.
    """
    changed: dict[str, Any] = {
        name: value for name, value in fields.items() if row._state.adding or getattr(row, name) != value
    }
    for name, value in fields.items():
        setattr(row, name, value)
    if "vat_number" in changed:
        row.vat_status = Status.PENDING if row.vat_number else Status.NONE
    row.full_clean(validate_unique=False)
    return row, changed
