"""The rule of VAT, case by case, and the table of rates."""

import datetime as dt
from decimal import Decimal

import pytest

from tax.vat import Buyer, Category, Seller, country_of, vat_on, well_formed
from tax.vat_tables import EU, STANDARD_RATES, standard_rate

TODAY = dt.date(2026, 11, 21)
FR, FR_OSS, BE = Seller("FR"), Seller("FR", oss=True), Seller("BE")
GERMAN, GREEK, FRENCH = "DE136695976", "EL094259216", "FR40303265045"
S, AE, G, O = Category.STANDARD, Category.REVERSE_CHARGE, Category.OUTSIDE, Category.NOT_APPLIED  # noqa: E741
CASES = [
    # France, Monaco and the overseas
    (FR, Buyer("FR", "75011"), "20", S, "FR", ""),
    (FR, Buyer("FR", "75011", FRENCH), "20", S, "FR", ""),
    (FR, Buyer("FR", "20000"), "20", S, "FR", ""),
    (FR, Buyer("MC", "98000"), "20", S, "FR", ""),
    (FR, Buyer("FR", "98000"), "20", S, "FR", ""),
    (FR_OSS, Buyer("MC", "98000"), "20", S, "FR", ""),
    (FR, Buyer("FR", "97110"), "8.5", S, "GP", ""),
    (FR, Buyer("FR", "97200"), "8.5", S, "MQ", ""),
    (FR, Buyer("FR", "974 00", FRENCH), "8.5", S, "RE", ""),
    (FR, Buyer("RE", "97400"), "8.5", S, "RE", ""),
    (FR, Buyer("GF", "97300"), "0", O, "", "art. 294 du CGI"),
    (FR, Buyer("FR", "97600"), "0", O, "", "art. 294 du CGI"),
    (FR, Buyer("FR", "97133"), "0", G, "", "259-1"),
    (FR, Buyer("FR", "97150"), "0", G, "", "259-1"),
    (FR, Buyer("FR", "97500"), "0", G, "", "259-1"),
    (FR, Buyer("FR", "98800"), "0", G, "", "259-1"),
    (FR, Buyer("PF"), "0", G, "", "259-1"),
    # Other member states
    (FR, Buyer("DE", "10115", GERMAN), "0", AE, "", "Autoliquidation, art. 283-2 du CGI"),
    (FR, Buyer("DE", "10115", "de 136 695 976"), "0", AE, "", "Autoliquidation"),
    (FR_OSS, Buyer("DE", "10115", GERMAN), "0", AE, "", "Autoliquidation"),
    (FR, Buyer("GR", "10431", GREEK), "0", AE, "", "Autoliquidation"),
    (FR, Buyer("DE", "10115", GERMAN, vat_refused=True), "20", S, "FR", ""),
    (FR, Buyer("DE", "10115", "DE136695977"), "20", S, "FR", ""),
    (FR, Buyer("DE", "10115", FRENCH), "20", S, "FR", ""),
    (FR, Buyer("DE", "10115"), "20", S, "FR", ""),
    (FR_OSS, Buyer("DE", "10115"), "19", S, "DE", ""),
    (FR_OSS, Buyer("DE", "10115", GERMAN, vat_refused=True), "19", S, "DE", ""),
    (FR_OSS, Buyer("FI", "00100"), "25.5", S, "FI", ""),
    (FR_OSS, Buyer("PT", "9000-018"), "22", S, "PT", ""),
    (FR_OSS, Buyer("PT", "1000-001"), "23", S, "PT", ""),
    (FR_OSS, Buyer("AT", "6991"), "19", S, "AT", ""),
    # What VAT law counts as outside
    (FR_OSS, Buyer("ES", "35001"), "0", G, "", "259-1"),
    (FR, Buyer("ES", "28001"), "20", S, "FR", ""),
    (FR, Buyer("DE", "27498"), "0", G, "", "259-1"),
    (FR, Buyer("FI", "FI-22100"), "0", G, "", "259-1"),
    (FR, Buyer("IT", "23041"), "0", G, "", "259-1"),
    # Outside the EU
    (FR, Buyer("CH", "1200"), "0", G, "", "259 B du CGI"),
    (FR, Buyer("GB", "BT1 1AA", "XI123456789"), "0", G, "", "259-1"),
    (FR, Buyer("US", "97401"), "0", G, "", "259-1"),
    (FR_OSS, Buyer("NO", "0150"), "0", G, "", "259-1"),
    # Another seller
    (BE, Buyer("BE", "1000", "BE0428759497"), "21", S, "BE", ""),
    (BE, Buyer("FR", "75011", FRENCH), "0", AE, "", "Autoliquidation, art. 196"),
    (BE, Buyer("MC", "98000", FRENCH), "0", AE, "", "Autoliquidation"),
    (BE, Buyer("FR", "75011"), "21", S, "BE", ""),
    (BE, Buyer("FR", "97400"), "0", G, "", "directive"),
    (BE, Buyer("CA"), "0", G, "", "art. 44 et 58"),
]


@pytest.mark.parametrize(("seller", "buyer", "rate", "category", "country", "mention"), CASES)
def test_the_rule(seller, buyer, rate, category, country, mention):
    found = vat_on(seller, buyer, TODAY)
    assert (found.rate_percent, found.category, found.country) == (Decimal(rate), category, country)
    assert mention in found.mention and bool(mention) == bool(found.mention)


@pytest.mark.parametrize(
    ("country", "day", "rate"),
    [
        ("EE", (2025, 6, 30), "22"),
        ("EE", (2025, 7, 1), "24"),
        ("RO", (2025, 7, 31), "19"),
        ("RO", (2025, 8, 1), "21"),
        ("SK", (2024, 12, 31), "20"),
        ("SK", (2025, 1, 1), "23"),
        ("FI", (2024, 8, 31), "24"),
        ("FI", (2024, 9, 1), "25.5"),
        ("HU", (2026, 1, 1), "27"),
        ("LU", (2026, 1, 1), "17"),
    ],
)
def test_rates_have_their_days(country, day, rate):
    assert vat_on(FR_OSS, Buyer(country), dt.date(*day)).rate_percent == Decimal(rate)


def test_the_table_is_whole():
    assert len(EU) == 27
    for country, rates in STANDARD_RATES.items():
        assert [since for since, _rate in rates] == sorted(since for since, _rate in rates)
        # Articles 97 and 98 of the directive: never below 15; nobody's is above 27.
        assert 15 <= standard_rate(country, TODAY) <= 27


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("FR 40 303 265 045", "FR", FRENCH),
        ("40303265045", "FR", FRENCH),
        ("094259216", "GR", GREEK),
        ("GR094259216", "GR", GREEK),
        ("fr40303265046", "FR", ""),
        (GERMAN, "FR", ""),
        ("XI123456789", "GB", ""),
        ("", "FR", ""),
        ("?", "FR", ""),
    ],
)
def test_a_number_is_read(text, country, number):
    assert well_formed(text, country) == number


def test_a_number_says_whose_it_is():
    assert [country_of(text) for text in (GERMAN, GREEK, "GR094259216", "XI123", "12")] == ["DE", "GR", "GR", "", ""]


def test_a_seller_outside_the_union_has_no_rule_here():
    with pytest.raises(ValueError, match="CH"):
        vat_on(Seller("CH"), Buyer("FR"), TODAY)
