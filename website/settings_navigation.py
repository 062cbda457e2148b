"""Sections of the settings: those of the person, and for owners and admins those of the workspace."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import MANAGERS, TEAM
from accounts.models import Role

Entry = dict[str, Any]


def settings_groups(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups {label, entries: {url, label, icon, text, current}} of the settings that the person may open."""
    role = request.user.role  # type: ignore[union-attr]
    groups = [(_("Moi"), _own(role)), (_("L’espace"), _of_workspace(role) if role in MANAGERS else [])]
    urls = [entry["url"] for _label, entries in groups for entry in entries]
    current = max((url for url in urls if request.path.startswith(url)), key=len, default="")
    return [
        {"label": label, "entries": [entry | {"current": entry["url"] == current} for entry in entries]}
        for label, entries in groups
        if entries
    ]


def _entry(view: str, label: str, icon: str, text: str) -> Entry:
    return {"url": reverse(view), "label": label, "icon": icon, "text": text}


def _own(role: str) -> list[Entry]:
    text = _("Ce que montre la cloche, ce qui part par e-mail.")
    entries = [
        _entry("profile", _("Mon profil"), "user-round", _("Nom, photo, langue, fuseau horaire, connexion.")),
        _entry("notifications:preferences", _("Notifications"), "bell", text),
    ]
    if role in TEAM:
        entries.append(_entry("workspace_data", _("Mes données"), "download", _("Tout emporter en un fichier ZIP.")))
    return entries


def _of_workspace(role: str) -> list[Entry]:
    entries = [
        _entry("settings_identity", _("Identité"), "building-2", _("Le nom et la langue de l’espace.")),
        _entry("settings_brand", _("Marque"), "palette", _("Le logo, la couleur, l’icône de l’onglet.")),
        _entry("members", _("Membres"), "users", _("Qui entre dans l’espace, avec quel rôle.")),
        _entry("workspace_usage", _("Utilisation"), "gauge", _("Ce qui est utilisé, ce qui reste, mois par mois.")),
    ]
    if role == Role.OWNER:
        text = _("L’offre, le paiement, les factures.")
        entries.append(_entry("workspace_plan", _("Offre et facturation"), "credit-card", text))
    return entries
