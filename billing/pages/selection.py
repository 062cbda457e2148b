"""From what an address or a form says to a choice of plan and options, and back."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from billing.quotes import MONTH, YEAR, Catalogue
from billing.subscription_types import Choice, Current
from tenants.context import TenantRef

LONGEST_CODE = 40


def start(tenant: TenantRef, now: Current, sold: Catalogue) -> Choice:
    """What is chosen before anything was: what is paid for, or the plan one has."""
    had = now.choice or Choice(tenant.plan_code)
    plans = [plan.code for plan in sold.plans]
    plan = next((code for code in (had.plan, tenant.plan_code, *plans) if code in plans), "")
    return Choice(plan, had.interval if had.interval in (MONTH, YEAR) else MONTH, had.add_ons)


def read(data: QueryDict, before: Choice, sold: Catalogue) -> Choice:
    """`before`, with what `data` changes: what is not for sale is passed over.

    `add_on` adds, for a link to one option; with `all`, as our forms send it, options not named are not wanted.
    """
    plan, interval = data.get("plan", ""), data.get("interval", "")
    named = data.getlist("add_on") + ([] if "all" in data else list(before.add_ons))
    return Choice(
        plan=plan if plan in [one.code for one in sold.plans] else before.plan,
        interval=interval if interval in (MONTH, YEAR) else before.interval,
        add_ons=tuple(option.code for option in sold.add_ons if option.code in named),
        promotion_code=data.get("code", "").strip()[:LONGEST_CODE],
    )


def fields(choice: Choice) -> Iterator[tuple[str, str]]:
    """(name, value) of a form that says the same, as `read` takes it."""
    yield from (("plan", choice.plan), ("interval", choice.interval), ("all", "1"))
    yield from (("add_on", code) for code in choice.add_ons)
    if choice.promotion_code:
        yield "code", choice.promotion_code


def address(name: str, choice: Choice) -> str:
    """The path of a page with the choice in it."""
    return f"{reverse(name)}?{urlencode(list(fields(choice)))}"


def same(one: Choice, other: Choice | None) -> bool:
    """True where nothing would change."""
    if other is None or one.promotion_code:
        return False
    return (one.plan, one.interval, set(one.add_ons)) == (other.plan, other.interval, set(other.add_ons))
