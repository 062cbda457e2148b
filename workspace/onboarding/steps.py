"""The words of the first steps."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from workspace.onboarding.services import Progress


def steps_context(state: Progress) -> list[dict[str, Any]]:
    """The steps for templates: {key, label, text, icon, url, is_done}."""
    words = {
        "identity": (_("Donner vos couleurs"), _("Le logo et la couleur de l’espace."), "palette"),
        "team": (_("Inviter votre équipe"), _("Un e-mail suffit ; chacun choisit son mot de passe."), "users"),
        "conversation": (_("Poser une première question"), _("À un assistant, avec vos mots."), "message-circle"),
        "file": (_("Déposer un premier fichier"), _("Il est rangé, lu, et retrouvé par ses mots."), "upload"),
        "quotas": (_("Voir vos limites"), _("Ce que l’offre comprend, et ce qui reste."), "gauge"),
    }
    return [
        {
            "key": key,
            "label": label,
            "text": text,
            "icon": icon,
            "url": reverse(f"onboarding_{key}"),
            "is_done": state.done[key],
        }
        for key, (label, text, icon) in words.items()
    ]
