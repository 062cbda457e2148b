"""What the person who started Ruche reads when it is ready."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

PASSWORD = "ruche-demo"
OPERATOR = "operator@ruche.test"
OWNER = "owner@demo.test"

FRENCH = """
  Ruche est prête.

    Site public         {public}
    Administration      {admin}        {operator} / {password}
    Espace de démo      {demo}   {owner} / {password}
                        (aussi admin@, instructor@, member@, learner@ et promoter@demo.test)

    Modèle              {model}
    Arrêter             Ctrl-C
    Données et journal  {state} (journal : {log})
"""
ENGLISH = """
  Ruche is ready.

    Public site         {public}
    Administration      {admin}        {operator} / {password}
    Demo workspace      {demo}   {owner} / {password}
                        (also admin@, instructor@, member@, learner@ and promoter@demo.test)

    Model               {model}
    To stop             Ctrl-C
    Data and log        {state} (log: {log})
"""


def text(base_url: str, state: Path, log: Path) -> str:
    """The block, in French then in English."""
    parts = urlsplit(base_url)
    demo = urlunsplit((parts.scheme, f"demo.{parts.netloc}", "/", "", ""))
    public = base_url.rstrip("/") + "/"
    french, english = model()
    values = {
        "public": public,
        "admin": f"{public}admin/",
        "demo": demo,
        "operator": OPERATOR,
        "owner": OWNER,
        "password": PASSWORD,
        "state": state,
        "log": log,
    }
    return FRENCH.format(model=french, **values) + ENGLISH.format(model=english, **values)


def model() -> tuple[str, str]:
    """Who answers, in both languages."""
    if os.environ.get("OPENAI_BASE_URL"):
        where = os.environ["OPENAI_BASE_URL"]
        return f"compatible OpenAI, à {where}", f"OpenAI-compatible, at {where}"
    for key, name in (("OPENAI_API_KEY", "OpenAI"), ("ANTHROPIC_API_KEY", "Anthropic")):
        if os.environ.get(key):
            return f"{name} (votre clé {key})", f"{name} (your {key})"
    if os.environ.get("RUCHE_LOCAL_MODEL_URL"):
        where = os.environ["RUCHE_LOCAL_MODEL_URL"]
        return f"serveur local, à {where}", f"local server, at {where}"
    return (
        "SmolLM2 135M, sur cette machine : une démonstration. Pour de vraies réponses,\n"
        "                        relancez avec OPENAI_API_KEY ou ANTHROPIC_API_KEY.",
        "SmolLM2 135M, on this machine: a demonstration. For real answers,\n"
        "                        start again with OPENAI_API_KEY or ANTHROPIC_API_KEY.",
    )
