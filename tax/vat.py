"""VAT of an invoice and its legal mention. Pure functions: no database, no clock, no network.

Each rule names its source (CGI: code général des impôts; directive: 2006/112/CE). Operators should have the result
confirmed by their accountant.
"""

import datetime as dt
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext_noop
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError as NotWellFormed

from tax.vat_tables import (
    DEPARTMENTS_WITH_VAT,
    DEPARTMENTS_WITHOUT_VAT,
    EU,
    NUMBER_PREFIXES,
    OVERSEAS_RATE,
    place_of,
    standard_rate,
)

NONE = Decimal(0)


class Supply(StrEnum):
    """Kind of supply."""

    # Article 7 of implementing regulation 282/2011: delivered over the internet with minimal human intervention.
    ELECTRONIC = "electronic"


class Category(StrEnum):
    """VAT category codes of electronic invoices (UN/EDIFACT 5305, EN 16931)."""

    STANDARD = "S"
    REVERSE_CHARGE = "AE"
    # Outside the EU.
    OUTSIDE = "G"
    # French territories without VAT.
    NOT_APPLIED = "O"


@dataclass(frozen=True)
class Seller:
    """`country`: a member state. `oss`: uses the One Stop Shop (article 59 quater of the directive)."""

    country: str = "FR"
    oss: bool = False


@dataclass(frozen=True)
class Buyer:
    """Buyer by their billing address. `vat_number` is ignored if VIES has refused it (`vat_refused`)."""

    country: str
    postal_code: str = ""
    vat_number: str = ""
    vat_refused: bool = False


@dataclass(frozen=True)
class Vat:
    """`rate_percent` of each line; `country` whose VAT is charged, "" for none; `mention`: a French msgid or ""."""

    rate_percent: Decimal
    category: Category
    mention: str = ""
    country: str = ""


# The mention required by article 242 nonies A, I-13° of annex II to the CGI, with its legal basis.
REVERSE = gettext_noop("Autoliquidation, art. 283-2 du CGI et 196 de la directive 2006/112/CE")
REVERSE_ABROAD = gettext_noop("Autoliquidation, art. 196 de la directive 2006/112/CE")
# Businesses: article 259, 1° (44 of the directive); others: article 259 B, 12° (58 of the directive).
OUTSIDE = gettext_noop("TVA non applicable, art. 259-1 et 259 B du CGI")
OUTSIDE_ABROAD = gettext_noop("TVA non applicable, art. 44 et 58 de la directive 2006/112/CE")
NOT_APPLIED = gettext_noop("TVA non applicable, art. 294 du CGI")


def vat_on(seller: Seller, buyer: Buyer, on: dt.date, supply: Supply = Supply.ELECTRONIC) -> Vat:
    """The VAT of a supply on a day. Raises `ValueError` for a seller outside the EU and for another kind of supply."""
    if seller.country not in EU or supply is not Supply.ELECTRONIC:
        raise ValueError(f"no rule for {supply} from {seller.country}")
    place = place_of(buyer.country, buyer.postal_code)
    is_french = seller.country == "FR"
    if is_french and place in DEPARTMENTS_WITH_VAT:
        return Vat(OVERSEAS_RATE, Category.STANDARD, country=place)
    if is_french and place in DEPARTMENTS_WITHOUT_VAT:
        return Vat(NONE, Category.NOT_APPLIED, NOT_APPLIED)
    if place not in EU:
        return Vat(NONE, Category.OUTSIDE, OUTSIDE if is_french else OUTSIDE_ABROAD)
    if place != seller.country and _is_business(buyer, place):
        return Vat(NONE, Category.REVERSE_CHARGE, REVERSE if is_french else REVERSE_ABROAD)
    return _taxed(seller, buyer, place, on)


def _taxed(seller: Seller, buyer: Buyer, place: str, on: dt.date) -> Vat:
    """Domestic VAT; for a consumer abroad the seller's VAT, or with OSS the buyer's (article 259 D of the CGI)."""
    if place == seller.country or not seller.oss:
        return Vat(standard_rate(seller.country, on), Category.STANDARD, country=seller.country)
    return Vat(standard_rate(place, on, buyer.postal_code), Category.STANDARD, country=place)


def _is_business(buyer: Buyer, place: str) -> bool:
    """Article 18 of implementing regulation 282/2011: a valid VAT number makes the buyer a business."""
    return not buyer.vat_refused and well_formed(buyer.vat_number, place) != ""


def well_formed(text: str, country: str) -> str:
    """A VAT number of a member state in compact form with its prefix, or "" if it is not one."""
    prefix = NUMBER_PREFIXES.get(country, "")
    # Pasted text may contain invisible format characters.
    number = "".join(
        character for character in text if not character.isspace() and unicodedata.category(character) != "Cf"
    ).upper()
    if not prefix or not number:
        return ""
    # The prefix may be missing, or "GR" written instead of "EL".
    for candidate in (number, f"{prefix}{number}"):
        compact = _compact(candidate)
        if compact.startswith("GR"):
            compact = f"EL{compact[2:]}"
        if compact.startswith(prefix):
            return compact
    return ""


def country_of(text: str) -> str:
    """The member state of a VAT number, or ""."""
    number = _compact(text)
    prefix = "EL" if number.startswith("GR") else number[:2]
    return next((code for code, number_prefix in NUMBER_PREFIXES.items() if number_prefix == prefix), "")


def _compact(text: str) -> str:
    try:
        return str(eu_vat.validate(text))
    except NotWellFormed:
        return ""
