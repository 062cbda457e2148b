"""Conversion between a choice of plan and options and the parameters of an address or a form."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from billing.quotes import MONTH, YEAR, Catalogue
from billing.subscription_types import Choice, Current
from tenants.context import TenantRef

MAX_CODE_LENGTH = 40


def initial_choice(tenant: TenantRef, current: Current, catalogue: Catalogue) -> Choice:
    """The choice shown first: what is paid for, otherwise the workspace's plan, otherwise the first one for sale."""
    owned = current.choice or Choice(tenant.plan_code)
    plans = [plan.code for plan in catalogue.plans]
    plan = next((code for code in (owned.plan, tenant.plan_code, *plans) if code in plans), "")
    return Choice(plan, owned.interval if owned.interval in (MONTH, YEAR) else MONTH, owned.add_ons)


def choice_from(data: QueryDict, default: Choice, catalogue: Catalogue) -> Choice:
    """`default` with the values of `data`; plans and options that are not in the catalogue are ignored.

    `add_on` values are added to the options of `default`; if `all` is present, as in our forms, they replace them.
    """
    plan, interval = data.get("plan", ""), data.get("interval", "")
    codes = data.getlist("add_on") + ([] if "all" in data else list(default.add_ons))
    return Choice(
        plan=plan if plan in [choice.code for choice in catalogue.plans] else default.plan,
        interval=interval if interval in (MONTH, YEAR) else default.interval,
        add_ons=tuple(add_on.code for add_on in catalogue.add_ons if add_on.code in codes),
        promotion_code=data.get("code", "").strip()[:MAX_CODE_LENGTH],
    )


def form_fields(choice: Choice) -> Iterator[tuple[str, str]]:
    """The (name, value) pairs of the choice, which `choice_from` reads."""
    yield from (("plan", choice.plan), ("interval", choice.interval), ("all", "1"))
    yield from (("add_on", code) for code in choice.add_ons)
    if choice.promotion_code:
        yield "code", choice.promotion_code


def url_with_choice(name: str, choice: Choice) -> str:
    """The path of the page `name` with the choice in its query string."""
    return f"{reverse(name)}?{urlencode(list(form_fields(choice)))}"


def is_same_choice(choice: Choice, other: Choice | None) -> bool:
    """True if plan, interval and options are equal and no promotion code is given."""
    if other is None or choice.promotion_code:
        return False
    return (choice.plan, choice.interval, set(choice.add_ons)) == (other.plan, other.interval, set(other.add_ons))
