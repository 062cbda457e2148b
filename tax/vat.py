"""Which VAT an invoice bears, and why. Pure: no row, no clock, no network.

An operator has it confirmed by their accountant; what it follows is named at each rule (CGI: code général des impôts;
directive: 2006/112/CE).
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
    """What is sold."""

    # Article 7 of implementing regulation 282/2011: by internet, without a person at work.
    ELECTRONIC = "electronic"


class Category(StrEnum):
    """The codes of UN/EDIFACT 5305 that an electronic invoice uses (EN 16931)."""

    STANDARD = "S"
    REVERSE_CHARGE = "AE"
    # Outside the EU.
    OUTSIDE = "G"
    # Within France, where the tax is not applied.
    NOT_APPLIED = "O"


@dataclass(frozen=True)
class Seller:
    """`country`: a member state. `oss`: above 10 000 € a year, or by choice (article 59 quater of the directive)."""

    country: str = "FR"
    oss: bool = False


@dataclass(frozen=True)
class Buyer:
    """As their address says. `vat_number` counts unless VIES has refused it (`vat_refused`)."""

    country: str
    postal_code: str = ""
    vat_number: str = ""
    vat_refused: bool = False


@dataclass(frozen=True)
class Vat:
    """`rate_percent` on each line; `country`: whose VAT, "" for none; `mention`: a French msgid, "" for none."""

    rate_percent: Decimal
    category: Category
    mention: str = ""
    country: str = ""


# The word that article 242 nonies A, I-13° of annex II to the CGI wants, and where it comes from.
REVERSE = gettext_noop("Autoliquidation, art. 283-2 du CGI et 196 de la directive 2006/112/CE")
REVERSE_ABROAD = gettext_noop("Autoliquidation, art. 196 de la directive 2006/112/CE")
# Businesses by article 259, 1° (44 of the directive), others by article 259 B, 12° (58 of the directive).
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
    """At home; abroad, for who is no business: the seller's VAT, or with OSS the buyer's (article 259 D of the CGI)."""
    if place == seller.country or not seller.oss:
        return Vat(standard_rate(seller.country, on), Category.STANDARD, country=seller.country)
    return Vat(standard_rate(place, on, buyer.postal_code), Category.STANDARD, country=place)


def _is_business(buyer: Buyer, place: str) -> bool:
    """Article 18 of implementing regulation 282/2011: who has a number is one."""
    return not buyer.vat_refused and well_formed(buyer.vat_number, place) != ""


def well_formed(text: str, country: str) -> str:
    """A VAT number of a member state as it is written without spaces, prefix first; "" where it is not one."""
    prefix = NUMBER_PREFIXES.get(country, "")
    # Pasting brings characters that nobody sees.
    number = "".join(sign for sign in text if not sign.isspace() and unicodedata.category(sign) != "Cf").upper()
    if not prefix or not number:
        return ""
    # Many write it without the prefix; some Greeks with their country's code.
    for tried in (number, f"{prefix}{number}"):
        found = _compact(tried)
        if found.startswith("GR"):
            found = f"EL{found[2:]}"
        if found.startswith(prefix):
            return found
    return ""


def country_of(text: str) -> str:
    """The member state whose VAT number this is; "" where it is none's."""
    number = _compact(text)
    prefix = "EL" if number.startswith("GR") else number[:2]
    return next((code for code, known in NUMBER_PREFIXES.items() if known == prefix), "")


def _compact(text: str) -> str:
    try:
        return str(eu_vat.validate(text))
    except NotWellFormed:
        return ""
