"""The initial catalogue of plans and add-ons. Rows that exist are not changed."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from plans import entitlements
from plans.meters import METERS
from plans.models import AddOn, Entitlement, Plan, Price
from plans.types import AI_EUROS, TOKENS

Interval = Price.Interval
GB = 10**9
# A year costs ten months, for plans and add-ons: Stripe Checkout cannot sell two intervals at once.
MONTHS_PAID_A_YEAR = 10
MILLION = 10**6

# The keys of a plan's limits, in the order of PLANS, with their labels.
LIMIT_LABELS = {
    key: METERS[key].label
    for key in (
        "seats",
        TOKENS,
        AI_EUROS,
        "storage",
        "own_assistants",
        "courses",
        "learners",
        "api_calls_month",
        "api_calls_hour",
        "automation_runs",
    )
}
_LIMIT_KEYS = tuple(LIMIT_LABELS)
# Name, prices a month and a year in euros without VAT, limits in the order of LIMIT_LABELS (None: unlimited).
PLANS = {
    "starter": ("Starter", 99, 990, (3, MILLION, 20, 5 * GB, 2, 3, 50, 1_000, 100, 100)),
    "pro": ("Pro", 149, 1490, (15, 5 * MILLION, 100, 50 * GB, 20, 30, 1_000, 1_000, 100, 2_000)),
    "scale": ("Scale", 349, 3490, (100, 25 * MILLION, 500, 500 * GB, None, None, 10_000, 100_000, 1_000, 50_000)),
}
ADD_ONS = {
    "analytics": (gettext_noop("Statistiques avancées"), 29, gettext_noop("Tableaux de bord, tendances et exports.")),
    "white_label": (
        gettext_noop("Marque blanche"),
        99,
        gettext_noop("Votre domaine, vos couleurs, sans mention de Ruche."),
    ),
    "unlimited_api": (
        gettext_noop("API illimitée"),
        49,
        gettext_noop("Sans plafond mensuel, 10 000 appels par heure, webhooks."),
    ),
    "certificates": (
        gettext_noop("Certificats personnalisés"),
        19,
        gettext_noop("Vos modèles de certificats pour vos formations."),
    ),
}
# Limits of each add-on; None: unlimited.
ADD_ON_LIMITS: dict[str, dict[str, int | None]] = {
    "analytics": {"analytics": 1},
    "white_label": {"white_label": 1},
    "unlimited_api": {"api_calls_month": None, "api_calls_hour": 10_000, "webhooks": 1, "api_all_endpoints": 1},
    "certificates": {"certificates": 1},
}


@transaction.atomic
def seed() -> None:
    """Create what is missing. Idempotent."""
    for position, (code, (name, month, year, limits)) in enumerate(PLANS.items()):
        plan, _ = Plan.objects.get_or_create(
            code=code,
            defaults={"name": name, "month_price": month, "year_price": year, "position": position},
        )
        for key, limit in zip(_LIMIT_KEYS, limits, strict=True):
            Entitlement.objects.get_or_create(
                plan=plan,
                key=key,
                defaults={"label": LIMIT_LABELS[key], "limit": None if limit is None else Decimal(limit)},
            )
        _create_price(Interval.MONTH, plan.month_price, plan=plan)
        _create_price(Interval.YEAR, plan.year_price, plan=plan)
    for position, (code, (name, price, description)) in enumerate(ADD_ONS.items()):
        add_on, _ = AddOn.objects.get_or_create(
            code=code,
            defaults={"name": name, "month_price": price, "description": description, "position": position},
        )
        _create_entitlements(add_on)
        _create_price(Interval.MONTH, add_on.month_price, add_on=add_on)
        _create_price(Interval.YEAR, add_on.month_price * MONTHS_PAID_A_YEAR, add_on=add_on)
    entitlements.forget_all()


def _create_price(interval: str, amount: Any, **owner: Any) -> None:
    """Create the price of an interval where there is none, from the price shown, which an operator may have changed."""
    if not Price.objects.filter(interval=interval, **owner).exists():
        Price.objects.create(interval=interval, amount_excl_vat=amount, **owner)


def _create_entitlements(add_on: AddOn) -> None:
    if add_on.entitlements.exists():
        return
    for key, limit in ADD_ON_LIMITS[add_on.code].items():
        Entitlement.objects.create(
            add_on=add_on, key=key, label=METERS[key].label, limit=None if limit is None else Decimal(limit)
        )
