"""Errors with the fields and messages of Stripe's API."""

from typing import Any


class StripeError(Exception):
    """Ends a request: `status` and the fields of the `error` object."""

    def __init__(self, status: int, kind: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.fields = {"type": kind, "message": message, **{key: value for key, value in fields.items() if value}}

    def body(self, request_id: str) -> dict[str, Any]:
        log = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": {**self.fields, "request_log_url": log}}


def invalid(message: str, param: str = "", code: str = "", **fields: Any) -> StripeError:
    return StripeError(400, "invalid_request_error", message, param=param, code=code, **fields)


def missing(kind: str, id_: str, param: str = "id", status: int = 404) -> StripeError:
    word = {"payment_method": "PaymentMethod", "checkout.session": "checkout.session"}.get(kind, kind.split(".")[-1])
    code = "resource_missing"
    return StripeError(status, "invalid_request_error", f"No such {word}: '{id_}'", param=param, code=code)


def unsimulated(feature: str) -> StripeError:
    """Error for a feature of Stripe that the fake does not simulate, instead of ignoring it silently."""
    return invalid(f"The Stripe fake does not simulate {feature} (docs/stripe.md).", code="fake_not_simulated")


def unauthorized(message: str) -> StripeError:
    return StripeError(401, "invalid_request_error", message)


def card_error(decline: str, **fields: Any) -> StripeError:
    """402 with Stripe's message for a decline code."""
    code, message = DECLINES.get(decline, ("card_declined", "Your card was declined."))
    return StripeError(402, "card_error", message, code=code, decline_code=_decline_code(code, decline), **fields)


def _decline_code(code: str, decline: str) -> str:
    return "" if code == "authentication_required" and decline != code else decline


DECLINES = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "lost_card": ("card_declined", "Your card was declined."),
    "expired_card": ("expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": (
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "authentication_required": (
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
    "authentication_failure": (
        "payment_intent_authentication_failure",
        "The provided PaymentMethod has failed authentication.",
    ),
    "debit_not_authorized": (
        "payment_intent_payment_attempt_failed",
        "The payment failed: the customer's bank refused the debit.",
    ),
}
