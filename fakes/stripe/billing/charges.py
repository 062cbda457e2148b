"""Charges, and what they move on the account's own balance."""

from fakes.stripe.billing import money
from fakes.stripe.errors import card_error
from fakes.stripe.world import DAY, Object, World


def charge(world: World, paid: Object, method: Object, status: str, decline: str = "") -> Object:
    now = world.now_for(paid)
    error = card_error(decline).fields if decline else {}
    created = {
        "id": world.new_id("charge"),
        "object": "charge",
        "amount": paid["amount"],
        "amount_captured": paid["amount"] if status == "succeeded" else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": dict(method["billing_details"]),
        "calculated_statement_descriptor": "STRIPE SIMULE",
        "captured": status != "failed",
        "created": now,
        "currency": paid["currency"],
        "customer": paid["customer"],
        "description": paid["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": error.get("code"),
        "failure_message": error.get("message"),
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(paid["metadata"]),
        "on_behalf_of": None,
        "outcome": _outcome(status, decline),
        "paid": status != "failed",
        "payment_intent": paid["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(method, paid["amount"]),
        "radar_options": {},
        "receipt_email": paid["receipt_email"],
        "receipt_number": None,
        "receipt_url": None if status == "failed" else f"{world.base}/receipts/{paid['id']}",
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }
    world.add(created)
    paid["latest_charge"] = created["id"]
    if status != "failed":
        book(world, created)
    return created


def _outcome(status: str, decline: str) -> Object:
    failed = status == "failed"
    return {
        "advice_code": "try_again_later" if failed else None,
        "network_advice_code": None,
        "network_decline_code": "02" if failed else None,
        "network_status": "declined_by_network" if failed else "approved_by_network",
        "reason": decline or None,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "The bank did not return any further details." if failed else "Payment complete.",
        "type": "issuer_declined" if failed else "authorized",
    }


def _details(method: Object, amount: int) -> Object:
    if method["type"] == "sepa_debit":
        account = method["sepa_debit"]
        names = ("bank_code", "branch_code", "country", "fingerprint", "last4")
        return {"sepa_debit": {name: account[name] for name in names} | {"mandate": None}, "type": "sepa_debit"}
    card = method["card"]
    names = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    more = {"amount_authorized": amount, "network": card["brand"], "three_d_secure": None, "installments": None}
    return {"card": {name: card[name] for name in names} | more, "type": "card"}


def book(world: World, charged: Object, sign: int = 1, kind: str = "charge", amount: int | None = None) -> Object:
    """The account's own balance moves: 1.5 % and 0.25 € are Stripe's."""
    amount = charged["amount"] if amount is None else amount
    fee = money.percent(amount, 1.5) + 25 if kind == "charge" else 0
    now = world.now_for(charged)
    created = {
        "id": world.new_id("balance_transaction"),
        "object": "balance_transaction",
        "amount": sign * amount,
        "available_on": now + 2 * DAY,
        "balance_type": "payments",
        "created": now,
        "currency": charged["currency"],
        "description": charged["description"],
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [
            {
                "amount": fee,
                "application": None,
                "currency": charged["currency"],
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
        if fee
        else [],
        "net": sign * amount - fee,
        "reporting_category": kind,
        "source": charged["id"],
        "status": "pending",
        "type": kind,
    }
    world.add(created)
    if kind == "charge":
        charged["balance_transaction"] = created["id"]
    return created
