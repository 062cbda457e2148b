"""The catalogue of plans and options, written once. What an operator changed since is left alone."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_noop

from billing.models import AddOn, Entitlement, Plan
from billing.types import EUROS, TOKENS

GB = 10**9
MILLION = 10**6

LABELS = {
    "seats": gettext_noop("Places"),
    TOKENS: gettext_noop("Jetons d’IA par mois"),
    EUROS: gettext_noop("Budget d’IA par mois (€)"),
    "storage": gettext_noop("Stockage (octets)"),
    "own_assistants": gettext_noop("Assistants propres"),
    "courses": gettext_noop("Formations"),
    "learners": gettext_noop("Apprenants"),
    "api_calls_month": gettext_noop("Appels d’API par mois"),
    "api_calls_hour": gettext_noop("Appels d’API par heure"),
    "automation_runs": gettext_noop("Exécutions d’automatisation par mois"),
}
_KEYS = tuple(LABELS)
# Prices a month and a year in euros without VAT; limits in the order of LABELS; None: without limit.
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


@transaction.atomic
def seed() -> None:
    """Idempotent."""
    for position, (code, (name, month, year, limits)) in enumerate(PLANS.items()):
        plan, _ = Plan.objects.get_or_create(
            code=code,
            defaults={"name": name, "month_price": month, "year_price": year, "position": position},
        )
        for key, limit in zip(_KEYS, limits, strict=True):
            Entitlement.objects.get_or_create(
                plan=plan,
                key=key,
                defaults={"label": LABELS[key], "limit": None if limit is None else Decimal(limit)},
            )
    for position, (code, (name, price, description)) in enumerate(ADD_ONS.items()):
        AddOn.objects.get_or_create(
            code=code,
            defaults={"name": name, "month_price": price, "description": description, "position": position},
        )
