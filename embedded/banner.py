"""The text shown in the terminal when Ruche is ready."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from embedded.stripe_fake import CARD

PASSWORD = "ruche-demo"
OPERATOR = "operator@ruche.test"
OWNER = "owner@demo.test"

FRENCH = """
  Ruche est prête.

    Site public         {public}
    Administration      {admin}        {operator} / {password}
    Espace de démo      {demo}   {owner} / {password}
                        (aussi admin@, instructor@, member@, learner@ et promoter@demo.test)
    Retirer la démo     {remove}

    Modèle              {model}
    Achats              {payments}
    Arrêter             Ctrl-C
    Données et journal  {state} (journal : {log})
"""
ENGLISH = """
  Ruche is ready.

    Public site         {public}
    Administration      {admin}        {operator} / {password}
    Demo workspace      {demo}   {owner} / {password}
                        (also admin@, instructor@, member@, learner@ and promoter@demo.test)
    Remove the demo     {remove}

    Model               {model}
    Buying              {payments}
    To stop             Ctrl-C
    Data and log        {state} (log: {log})
"""


def text(base_url: str, state: Path, log: Path, stripe: str | None = None) -> str:
    """The text in French, then in English. `stripe`: URL of the fake Stripe, or None."""
    parts = urlsplit(base_url)
    demo = urlunsplit((parts.scheme, f"demo.{parts.netloc}", "/", "", ""))
    public = base_url.rstrip("/") + "/"
    (french, english), (achats, buying) = model(), payments(stripe)
    values = {
        "public": public,
        "admin": f"{public}admin/",
        "demo": demo,
        "operator": OPERATOR,
        "owner": OWNER,
        "remove": ".venv/bin/python manage.py demo_remove",
        "password": PASSWORD,
        "state": state,
        "log": log,
    }
    return FRENCH.format(model=french, payments=achats, **values) + ENGLISH.format(
        model=english, payments=buying, **values
    )


def model() -> tuple[str, str]:
    """The model that answers, in both languages."""
    if os.environ.get("OPENAI_BASE_URL"):
        base_url = os.environ["OPENAI_BASE_URL"]
        return f"compatible OpenAI, à {base_url}", f"OpenAI-compatible, at {base_url}"
    for key, name in (("OPENAI_API_KEY", "OpenAI"), ("ANTHROPIC_API_KEY", "Anthropic")):
        if os.environ.get(key):
            return f"{name} (votre clé {key})", f"{name} (your {key})"
    if os.environ.get("RUCHE_LOCAL_MODEL_URL"):
        base_url = os.environ["RUCHE_LOCAL_MODEL_URL"]
        return f"serveur local, à {base_url}", f"local server, at {base_url}"
    return (
        "SmolLM2 135M, sur cette machine : une démonstration. Pour de vraies réponses,\n"
        "                        relancez avec OPENAI_API_KEY ou ANTHROPIC_API_KEY.",
        "SmolLM2 135M, on this machine: a demonstration. For real answers,\n"
        "                        start again with OPENAI_API_KEY or ANTHROPIC_API_KEY.",
    )


def payments(stripe: str | None) -> tuple[str, str]:
    """How payments work in this run, in both languages."""
    if stripe:
        return (
            f"simulés, aucun argent ne circule ; carte d’essai {CARD}.\n"
            f"                        Le Stripe simulé : {stripe}/_fake/",
            f"simulated, no money moves; test card {CARD}.\n"
            f"                        The simulated Stripe: {stripe}/_fake/",
        )
    if os.environ.get("STRIPE_SECRET_KEY"):
        return "par Stripe (votre clé STRIPE_SECRET_KEY)", "through Stripe (your STRIPE_SECRET_KEY)"
    return "éteints, sans STRIPE_SECRET_KEY", "off, without STRIPE_SECRET_KEY"
