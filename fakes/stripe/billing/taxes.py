"""Taxes by tax rates: each line's tax is rounded by itself, half away from zero, and an invoice adds them up."""

from fakes.stripe.billing import money
from fakes.stripe.billing.discounts import net
from fakes.stripe.world import Object, World


def apply(world: World, line: Object, exempt: str) -> None:
    """Sets the line's `taxes`. `exempt`: the customer's `tax_exempt`."""
    line["taxes"] = []
    for id_ in world.keep(line["id"]).get("tax_rates", []):
        rate = world.objects[id_]
        free = exempt in ("exempt", "reverse")
        line["taxes"].append(
            {
                "amount": 0 if free else amount(net(line), rate),
                "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
                "tax_rate_details": {"tax_rate": id_},
                "taxability_reason": _reason(exempt),
                "taxable_amount": taxable(net(line), rate),
                "type": "tax_rate_details",
            }
        )


def amount(net_amount: int, rate: Object) -> int:
    compute = money.included if rate["inclusive"] else money.percent
    return compute(net_amount, rate["percentage"])


def taxable(net_amount: int, rate: Object) -> int:
    return net_amount - money.included(net_amount, rate["percentage"]) if rate["inclusive"] else net_amount


def _reason(exempt: str) -> str:
    return {"exempt": "customer_exempt", "reverse": "reverse_charge"}.get(exempt, "not_available")


def added_up(lines: list[Object]) -> list[Object]:
    """An invoice's `total_taxes`: one entry a rate."""
    totals: dict[tuple[str, str], Object] = {}
    for tax in (tax for line in lines for tax in line["taxes"]):
        key = (tax["tax_rate_details"]["tax_rate"], tax["taxability_reason"])
        if key not in totals:
            totals[key] = {**tax, "amount": 0, "taxable_amount": 0}
        totals[key]["amount"] += tax["amount"]
        totals[key]["taxable_amount"] += tax["taxable_amount"]
    return list(totals.values())
