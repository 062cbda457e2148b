"""The account itself, and its balance."""

from fakes.stripe.errors import missing
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World

ID = "acct_1StripeSimule0000"


def shown(world: World) -> Object:
    return {
        "id": ID,
        "object": "account",
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "name": world.settings["account_name"],
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": "company",
        "capabilities": {"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": world.settings["account_country"],
        "created": 1_700_000_000,
        "default_currency": world.settings["currency"],
        "details_submitted": True,
        "email": "compte@stripe-simule.test",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"statement_descriptor_prefix": None},
            "dashboard": {"display_name": world.settings["account_name"], "timezone": "Europe/Paris"},
            "payments": {"statement_descriptor": "STRIPE SIMULE"},
        },
        "type": "standard",
    }


def retrieve(call: Call) -> Object:
    if call.args.get("id", ID) != ID:
        raise missing("account", call.args["id"])
    return shown(call.world)


def balance(call: Call) -> Object:
    booked = call.world.all("balance_transaction")
    total = {"amount": sum(entry["net"] for entry in booked), "currency": call.world.settings["currency"]}
    empty = {**total, "amount": 0, "source_types": {"card": 0}}
    return {
        "object": "balance",
        "available": [empty],
        "livemode": False,
        "pending": [{**total, "source_types": {"card": total["amount"]}}],
    }


ROUTES = [
    Route("GET", "/v1/account", retrieve),
    Route("GET", "/v1/accounts/{id}", retrieve),
    Route("GET", "/v1/balance", balance),
]
