"""Test cards and IBANs: which number does what. The numbers are Stripe's own."""

import hashlib
from dataclasses import dataclass

from fakes.stripe.errors import invalid


@dataclass(frozen=True)
class Means:
    """What a card or an account does when it is attached, charged with its owner there, and charged later."""

    brand: str
    attach: str = "ok"
    on_session: str = "ok"
    off_session: str = "ok"


_DECLINED = Means("visa", "generic_decline", "generic_decline", "generic_decline")
# Outcomes: "ok", "authenticate", "pending", "pending_fail", or a decline code.
CARDS = {
    "4242424242424242": Means("visa"),
    "5555555555554444": Means("mastercard"),
    "4000002500001001": Means("cartes_bancaires"),
    "4000000000000341": Means("visa", "ok", "generic_decline", "generic_decline"),
    "4000002500003155": Means("visa", "authenticate", "authenticate", "ok"),
    "4000002760003184": Means("visa", "authenticate", "authenticate", "authenticate"),
    "4000003800000446": Means("visa", "authenticate", "authenticate", "ok"),
    "4000000000000002": _DECLINED,
    "4000000000009995": Means("visa", "insufficient_funds", "insufficient_funds", "insufficient_funds"),
    "4000000000009987": Means("visa", "lost_card", "lost_card", "lost_card"),
    "4000000000000069": Means("visa", "expired_card", "expired_card", "expired_card"),
    "4000000000000127": Means("visa", "incorrect_cvc", "incorrect_cvc", "incorrect_cvc"),
    "4000000000000119": Means("visa", "processing_error", "processing_error", "processing_error"),
}
# Those of Stripe's own test payment methods that are used in tests; each becomes a new one.
ALIASES = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_threeDSecure2Required": "4000002760003184",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "tok_visa": "4242424242424242",
    "tok_mastercard": "5555555555554444",
    "tok_chargeCustomerFail": "4000000000000341",
    "tok_chargeDeclined": "4000000000000002",
    "pm_sepaDebit_fr": "FR1420041010050500013M02606",
}
IBANS = {
    "DE89370400440532013000": "pending",
    "FR1420041010050500013M02606": "pending",
    "DE62370400440532013001": "pending_fail",
    "FR8420041010050500013M02607": "pending_fail",
}


def card(number: str) -> Means:
    digits = number.replace(" ", "")
    means = CARDS.get(digits)
    if means is None:
        fields = {"decline_code": "test_mode_live_card"} if digits.isdigit() and len(digits) > 12 else {}
        raise invalid("Your card number is incorrect.", "number", "incorrect_number", **fields)
    return means


def iban(number: str) -> Means:
    """Any other IBAN whose check digits are right is paid as well."""
    plain = number.replace(" ", "").upper()
    if not _checks(plain):
        raise invalid("The IBAN you provided is invalid.", "sepa_debit[iban]", "invalid_bank_account_iban")
    outcome = IBANS.get(plain, "pending")
    return Means("sepa_debit", "ok", outcome, outcome)


def _checks(plain: str) -> bool:
    if len(plain) < 15 or not plain.isalnum() or not plain[:2].isalpha() or not plain[2:4].isdigit():
        return False
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


def fingerprint(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()[:16]
