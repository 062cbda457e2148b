"""Tables of the VAT rules: standard rates of the member states by date, and territories with special rules.

Rates: the Commission's "VAT rates applied in the Member States"; https://europa.eu/youreurope/business/taxation/vat/vat-rules-rates/
Territories: article 6 of directive 2006/112/CE; articles 294 to 296 of the CGI.
"""

import datetime as dt
from decimal import Decimal

_ALWAYS = dt.date.min

# Member state -> (first day, standard rate in percent), oldest first. Rates that ended before 2024 are left out.
STANDARD_RATES: dict[str, list[tuple[dt.date, Decimal]]] = {
    code: [(_ALWAYS, Decimal(rate))]
    for code, rate in {
        "AT": 20, "BE": 21, "BG": 20, "CY": 19, "CZ": 21, "DE": 19, "DK": 25, "EE": 22, "ES": 21,
        "FI": 24, "FR": 20, "GR": 24, "HR": 25, "HU": 27, "IE": 23, "IT": 22, "LT": 21, "LU": 17,
        "LV": 21, "MT": 18, "NL": 21, "PL": 23, "PT": 23, "RO": 19, "SE": 25, "SI": 22, "SK": 20,
    }.items()
}  # fmt: skip
for _code, _day, _rate in (
    ("FI", dt.date(2024, 9, 1), "25.5"),
    ("SK", dt.date(2025, 1, 1), "23"),
    ("EE", dt.date(2025, 7, 1), "24"),
    ("RO", dt.date(2025, 8, 1), "21"),
):
    STANDARD_RATES[_code].append((_day, Decimal(_rate)))

EU = frozenset(STANDARD_RATES)
# VAT numbers use "EL" for Greece.
NUMBER_PREFIXES = {code: "EL" if code == "GR" else code for code in EU}

# Parts of a member state with a standard rate of their own (article 105 of the directive; Austria's accession treaty).
REGIONAL_RATES: dict[str, list[tuple[tuple[str, ...], Decimal]]] = {
    "AT": [(("6691", "6991", "6992", "6993"), Decimal(19))],
    "PT": [(("90", "91", "92", "93"), Decimal(22)), (("95", "96", "97", "98", "99"), Decimal(16))],
}
# Parts of a member state outside the VAT territory: Heligoland, Büsingen, the Canaries, Ceuta, Melilla, Livigno,
# Campione, Åland, Mount Athos.
OUTSIDE: dict[str, tuple[str, ...]] = {
    "DE": ("27498", "78266"),
    "ES": ("35", "38", "51", "52"),
    "IT": ("23041", "23030", "22061"),
    "FI": ("22",),
    "GR": ("63086",),
}
# A French postal code → the territory's own country code. The longest that fits counts: two islands left Guadeloupe.
FRENCH_OVERSEAS = {
    "97133": "BL", "97150": "MF", "971": "GP", "972": "MQ", "973": "GF", "974": "RE", "975": "PM",
    "976": "YT", "977": "BL", "978": "MF", "984": "TF", "986": "WF", "987": "PF", "988": "NC",
}  # fmt: skip
# Article 296 of the CGI; article 294, 1: the tax is not applied there for now.
DEPARTMENTS_WITH_VAT = frozenset({"GP", "MQ", "RE"})
DEPARTMENTS_WITHOUT_VAT = frozenset({"GF", "YT"})
OVERSEAS_RATE = Decimal("8.5")


def standard_rate(country: str, on: dt.date, postal_code: str = "") -> Decimal:
    """The standard rate of a member state on a day, in percent. Raises `KeyError` for a country that is none."""
    for prefixes, rate in REGIONAL_RATES.get(country, []):
        if postal_code.startswith(prefixes):
            return rate
    return next(rate for since, rate in reversed(STANDARD_RATES[country]) if since <= on)


def place_of(country: str, postal_code: str = "") -> str:
    """Where an address is for VAT: a country code; "" for the parts of a member state that its VAT leaves out."""
    digits = "".join(postal_code.split()).upper()
    if country == "MC" or (country == "FR" and digits.startswith("980")):
        # Article 1 of the convention of 18 May 1963: as in France.
        return "FR"
    if country == "FR":
        fitting = [prefix for prefix in FRENCH_OVERSEAS if digits.startswith(prefix)]
        return FRENCH_OVERSEAS[max(fitting, key=len)] if fitting else "FR"
    # An Italian or Finnish code may bear its country before it.
    return "" if digits.removeprefix(f"{country}-").startswith(OUTSIDE.get(country, ())) else country
