"""Initial catalogue: models, prices, four assistants. Rows that exist are not changed."""

import datetime as dt
import logging
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from assistants.models import Assistant, Model
from assistants.services import price_create, prompt_version_create

log = logging.getLogger(__name__)

_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
# European Central Bank reference rate of that day. Change it with a new price row.
_USD: dict[str, Any] = {"currency": "USD", "rate": Decimal("0.860000"), "rate_date": dt.date(2026, 1, 2)}

# Prices of the first generation, from the vendors' pages. (provider, name, label, context, output, input, cache read,
# cache write, output price): per million tokens.
_CHAT: tuple[Any, ...] = (
    ("openai", "gpt-4o-mini", "GPT-4o mini", 128_000, 16_384, "0.15", "0.075", "0.15", "0.60", _USD),
    ("openai", "gpt-4o", "GPT-4o", 128_000, 16_384, "2.50", "1.25", "2.50", "10.00", _USD),
    ("openai", "gpt-5-mini", "GPT-5 mini", 400_000, 128_000, "0.25", "0.025", "0.25", "2.00", _USD),
    ("anthropic", "claude-haiku-4-5", "Claude Haiku 4.5", 200_000, 64_000, "1.00", "0.10", "1.25", "5.00", _USD),
    ("anthropic", "claude-sonnet-4-5", "Claude Sonnet 4.5", 200_000, 64_000, "3.00", "0.30", "3.75", "15.00", _USD),
    # A nominal price, so that costs are visible without a provider's key.
    ("local", "smollm2-135m-instruct", "SmolLM2 135M (démonstration)", 4_096, 400, "0.05", "0.05", "0.05", "0.20", {}),
)
_IMAGE: tuple[Any, ...] = (("openai", "gpt-image-1-mini", "GPT Image 1 mini", "0.015", _USD),)

# Successors, from copies of the vendors' pages of 2026-11-28. Prices of the cache (the highest of a range) and of
# OpenAI's long prompts are from third-party pages. Limits of context and output are assumed equal to the predecessor's.
_LONG_OPENAI: dict[str, Any] = {
    "long_from_tokens": 272_000,
    "long_input_factor": Decimal(2),
    "long_output_factor": Decimal("1.5"),
}
_LONG_HAIKU: dict[str, Any] = {
    "long_from_tokens": 100_000,
    "long_input_factor": Decimal(5),
    "long_output_factor": Decimal(5),
}
# (provider, name, label, context, output, input, output price, cache kept long in times the input, long prompts)
_SUCCESSORS: tuple[Any, ...] = (
    ("openai", "gpt-6-luna", "GPT-6 Luna", 400_000, 128_000, "0.10", "0.50", "2.5", _LONG_OPENAI),
    ("openai", "gpt-6.1-terra", "GPT-6.1 Terra", 400_000, 128_000, "1.00", "5.00", "2.5", _LONG_OPENAI),
    ("anthropic", "claude-sonnet-5-5", "Claude Sonnet 5.5", 200_000, 64_000, "2.00", "10.00", "2", {}),
    ("anthropic", "claude-haiku-5-5", "Claude Haiku 5.5", 200_000, 64_000, "0.10", "0.50", "2", _LONG_HAIKU),
)
_CACHE_READ, _CACHE_WRITE = Decimal("0.1"), Decimal("1.25")
# Output tokens of a 1024 x 1024 image at the highest quality, published for the previous generation. This amount is
# reserved, and billed if the provider reports no count.
_IMAGE_TOKENS = 4_160
_IMAGE_SUCCESSOR = ("openai", "gpt-image-2.6-flare", "GPT Image 2.6 Flare", "5.00", "30.00")

# Announced ends of the first generation with the recommended successors (vendors' pages, 2026-11-28).
_ENDS: tuple[tuple[str, str, dt.date, str], ...] = (
    ("anthropic", "claude-sonnet-4-5", dt.date(2026, 11, 30), "claude-sonnet-5-5"),
    ("openai", "gpt-image-1-mini", dt.date(2026, 12, 1), "gpt-image-2.6-flare"),
    ("openai", "gpt-5-mini", dt.date(2026, 12, 11), "gpt-6.1-terra"),
    ("openai", "gpt-4o-mini", dt.date(2027, 1, 14), "gpt-6-luna"),
    ("openai", "gpt-4o", dt.date(2027, 1, 14), "gpt-6-luna"),
)

_COMMON = """
Réponds dans la langue de la personne ; en français, vouvoie-la et respecte la typographie française.
Écris en Markdown simple : titres courts, listes quand elles aident, gras avec retenue.
N’invente ni fait, ni chiffre, ni source : ce que tu ne sais pas, dis-le, et dis comment le vérifier.
Si la demande est ambiguë, fais l’hypothèse la plus utile, annonce-la en une phrase, puis réponds.
""".strip()

_ASSISTANTS = (
    {
        "code": "general",
        "name": gettext_noop("Assistant Général"),
        "tagline": gettext_noop("Rédiger, résumer, traduire, réfléchir à deux."),
        "icon": "sparkles",
        "produces": "text",
        "temperature": Decimal("0.5"),
        "starters": [
            gettext_noop("Résumez ce texte en cinq points : "),
            gettext_noop("Rédigez un e-mail courtois pour relancer un client qui n’a pas répondu."),
            gettext_noop("Aidez-moi à préparer l’ordre du jour d’une réunion d’équipe d’une heure."),
        ],
        "prompt": "Tu es l’assistant général d’une entreprise. Tu aides ses équipes à écrire, résumer, traduire, "
        "organiser et décider. Va droit au but : d’abord la réponse, ensuite, s’il le faut, le raisonnement "
        "en quelques lignes. Propose l’étape suivante quand elle est évidente.",
    },
    {
        "code": "posts",
        "name": gettext_noop("Créateur de Posts"),
        "tagline": gettext_noop("Des posts prêts à publier sur vos réseaux."),
        "icon": "megaphone",
        "produces": "post",
        "temperature": Decimal("0.8"),
        "starters": [
            gettext_noop("Écrivez un post LinkedIn qui annonce notre nouvelle formation."),
            gettext_noop("Déclinez cette idée en trois posts : LinkedIn, Instagram et Facebook : "),
            gettext_noop("Proposez cinq accroches pour un post sur le télétravail."),
        ],
        "prompt": "Tu es un concepteur-rédacteur qui écrit des posts pour les réseaux sociaux. Écris le post prêt à "
        "publier, sans préambule. Une accroche forte en première ligne, une seule idée, des phrases courtes, "
        "des retours à la ligne, un appel à l’action à la fin, trois à cinq mots-dièse utiles. Adapte la "
        "longueur et le ton au réseau nommé ; sans précision, écris pour LinkedIn (120 à 200 mots). Jamais "
        "de superlatifs creux. N’attribue ni chiffre ni témoignage qui ne t’a pas été donné.",
    },
    {
        "code": "performance",
        "name": gettext_noop("Analyste de Performance"),
        "tagline": gettext_noop("Lire des chiffres, dire ce qui compte."),
        "icon": "chart-column",
        "produces": "analysis",
        "temperature": Decimal("0.2"),
        "starters": [
            gettext_noop("Analysez ces chiffres de vente mensuels et dites ce qui a changé : "),
            gettext_noop("Comparez ces deux campagnes et recommandez la suite : "),
            gettext_noop("Quels indicateurs suivre pour un programme de formation en ligne ?"),
        ],
        "prompt": "Tu es analyste de performance. À partir des chiffres fournis, réponds dans cet ordre : "
        "1. l’essentiel en deux phrases ; 2. un tableau des indicateurs avec valeur, évolution et écart à "
        "l’objectif s’il est connu ; 3. ce qui explique les écarts, en séparant ce que les données montrent de "
        "ce qui est hypothèse ; 4. trois actions, chacune avec l’effet attendu et la mesure qui le vérifiera. "
        "Montre tes calculs. Si des données manquent, dis lesquelles et ce qu’elles changeraient.",
    },
    {
        "code": "images",
        "name": gettext_noop("Générateur d’Images"),
        "tagline": gettext_noop("Du mot à l’image, avec la consigne qui l’a faite."),
        "icon": "image",
        "produces": "image",
        "temperature": Decimal("0.7"),
        "starters": [
            gettext_noop("Une illustration douce d’une ruche en ville, pour la page d’accueil."),
            gettext_noop("Une photo réaliste d’une salle de formation lumineuse, sans personne."),
            gettext_noop("Un pictogramme minimal pour un cours de gestion du temps."),
        ],
        "prompt": "Tu es directeur artistique. À partir de la demande, écris une consigne d’image précise en un seul "
        "paragraphe de 40 à 90 mots : sujet, cadrage, lumière, couleurs, style, ambiance, format, et ce qu’il "
        "faut éviter. Pas de texte dans l’image sauf demande. Ne demande ni le visage d’une personne réelle ni "
        "une marque. Réponds d’abord par la consigne, seule, puis propose en une ligne deux variantes.",
    },
)


@transaction.atomic
def seed() -> None:
    """Create missing rows of the catalogue. Idempotent."""
    for provider, name, label, context, output, *prices, currency in _CHAT:
        model, is_created = Model.objects.get_or_create(
            provider=provider,
            name=name,
            defaults={
                "label": label,
                "limit_context": context,
                "limit_output": output,
                "is_demonstration": provider == "local",
            },
        )
        if is_created:
            keys = ("input", "cache_read", "cache_write", "output")
            amounts: dict[str, Any] = dict(zip(keys, map(Decimal, prices), strict=True))
            price_create(model=model, valid_from=_START, **amounts, **currency)
    for provider, name, label, price, currency in _IMAGE:
        model, is_created = Model.objects.get_or_create(
            provider=provider, name=name, defaults={"label": label, "kind": Model.Kind.IMAGE}
        )
        if is_created:
            price_create(model=model, valid_from=_START, image=Decimal(price), **currency)
    _seed_ends(_seed_successors())
    _seed_default_models()
    for position, fields in enumerate(_ASSISTANTS):
        _seed_assistant(position, dict(fields))


def _seed_successors() -> set[str]:
    """Create missing successor models. Returns the names of the created ones."""
    created: set[str] = set()
    for provider, name, label, context, output, price_in, price_out, long_write_factor, long_factors in _SUCCESSORS:
        limits = {"limit_context": context, "limit_output": output}
        model, is_created = Model.objects.get_or_create(
            provider=provider, name=name, defaults={"label": label, **limits}
        )
        if is_created:
            created.add(name)
            amount = Decimal(price_in)
            price_create(
                model=model,
                valid_from=_START,
                input=amount,
                cache_read=amount * _CACHE_READ,
                cache_write=amount * _CACHE_WRITE,
                cache_write_long=amount * Decimal(long_write_factor),
                output=Decimal(price_out),
                **long_factors,
                **_USD,
            )
    provider, name, label, price_in, price_out = _IMAGE_SUCCESSOR
    defaults = {"label": label, "kind": Model.Kind.IMAGE}
    model, is_created = Model.objects.get_or_create(provider=provider, name=name, defaults=defaults)
    if is_created:
        created.add(name)
        per_image = Decimal(price_out) * _IMAGE_TOKENS / 1_000_000
        tokens: dict[str, Any] = {"input": Decimal(price_in), "output": Decimal(price_out)}
        price_create(model=model, valid_from=_START, image=per_image, **tokens, **_USD)
    return created


def _seed_ends(created: set[str]) -> None:
    """Set end and fallback of the models whose successor is new, so that later changes by the operator stay."""
    for provider, name, day, successor in _ENDS:
        if successor in created:
            model = Model.objects.select_for_update().get(provider=provider, name=name)
            model.ends_on = model.ends_on or day
            model.fallback = model.fallback or Model.objects.get(provider=provider, name=successor)
            model.save(update_fields=["ends_on", "fallback"])


def _seed_default_models() -> None:
    """Create default models named by the environment that are not in the catalogue, with a price of 0."""
    for provider in settings.PROVIDERS:
        name = settings.DEFAULT_MODEL_NAMES[provider]
        model, is_created = Model.objects.get_or_create(provider=provider, name=name, defaults={"label": name})
        if is_created:
            price_create(model=model, valid_from=_START)
            log.warning("model %s of %s has no price: its calls cost 0 until one is entered", name, provider)


def _seed_assistant(position: int, fields: dict[str, object]) -> None:
    prompt = str(fields.pop("prompt"))
    assistant, is_created = Assistant.objects.get_or_create(
        code=fields["code"], defaults={**fields, "position": position}
    )
    if is_created:
        prompt_version_create(
            assistant_id=assistant.pk, text=f"{prompt}\n\n{_COMMON}", note="Version d’origine", author="Ruche"
        )
