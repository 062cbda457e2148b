"""Mails by which people come in: welcome, invitation, sign-up, their workspaces."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing.catalogue.common import DAY, EMAIL, NOT_YOU, OF_PLATFORM, OF_WORKSPACE, SAMPLE_WORKSPACE
from mailing.catalogue.types import Button, Code, Facts, Items, MailTemplate, Shape, Text, Tone, Variable


def _welcome(context: Mapping[str, Any]) -> dict[str, Any]:
    return {"password_words": context["password"] or gettext("celui que vous avez choisi")}


_WELCOME: Final = MailTemplate(
    "welcome",
    _("Bienvenue"),
    _("Au propriétaire d’un nouvel espace : l’adresse, ses accès, trois premiers pas."),
    _("Votre espace {workspace} est ouvert"),
    _("L’adresse, vos accès et trois premiers pas."),
    (
        Text("intro", _("Votre espace {workspace} est ouvert. Voici de quoi y entrer.")),
        Facts(((_("Adresse"), "address"), (_("E-mail"), "email"), (_("Mot de passe"), "password_words"))),
        Button(_("Se connecter"), "sign_in_url"),
        Text(
            "first_password",
            _("Ce mot de passe ne sert qu’à votre première connexion : il vous sera demandé d’en choisir un autre."),
            when="must_change_password",
            label=_("si le mot de passe est provisoire"),
            tone=Tone.QUIET,
        ),
        Text("steps_title", _("Vos trois premiers pas"), tone=Tone.TITLE),
        Text(
            "steps",
            (
                _("Connectez-vous à l’adresse de votre espace."),
                _("Ouvrez « Conversations », choisissez un assistant et demandez-lui un premier texte."),
                _(
                    "Retrouvez-le dans la bibliothèque : tout ce que produisent les assistants y est rangé sans que "
                    "vous ayez à y penser."
                ),
            ),
            tone=Tone.STEPS,
        ),
    ),
    (*OF_WORKSPACE, EMAIL),
    {
        **SAMPLE_WORKSPACE,
        "email": "camille@example.com",
        "password": "ruche-4711-miel",
        "must_change_password": True,
        "sign_in_url": "https://atelier.example.com/accounts/login/",
    },
    _welcome,
    carries_secret=True,
)
_INVITATION: Final = MailTemplate(
    "invitation",
    _("Invitation dans un espace"),
    _("À une personne invitée : qui l’invite, avec quel rôle, le lien pour entrer."),
    _("{inviter} vous invite dans {workspace}"),
    _("Choisissez un mot de passe, et vous y êtes."),
    (
        Text("intro", _("{inviter} vous invite dans l’espace {workspace}. Votre rôle : {role}.")),
        Button(_("Rejoindre l’espace"), "link"),
        Text(
            "limits",
            _(
                "Le lien vaut jusqu’au {expires_at}, pour vous seul. Si vous n’attendiez pas cette invitation, "
                "ignorez ce message."
            ),
            tone=Tone.QUIET,
        ),
    ),
    (
        *OF_WORKSPACE,
        Variable("inviter", _("qui invite")),
        Variable("role", _("rôle")),
        Variable("expires_at", _("fin de validité"), Shape.DATE),
    ),
    {
        **SAMPLE_WORKSPACE,
        "inviter": "Paul Durand",
        "role": _("Membre"),
        "link": "https://atelier.example.com/invitations/Zm9v/",
        "expires_at": DAY,
    },
    carries_secret=True,
)
_SIGNUP_CODE: Final = MailTemplate(
    "signup_code",
    _("Inscription : code et lien"),
    _("À qui demande un espace : un code et un lien pour continuer. Rien de ce qu’il a tapé n’y figure."),
    _("{code} est votre code pour créer votre espace"),
    _("Un code et un lien, valables 24 heures."),
    (
        Text("intro", _("Tapez ce code dans la page qui l’attend :")),
        Code("code"),
        Text("or_link", _("Ou continuez ici, dans ce navigateur ou un autre :")),
        Button(_("Continuer"), "link"),
        Text(
            "limits",
            _("Ils valent 24 heures. Si cette demande ne vient pas de vous, ignorez ce message : rien n’est créé."),
            tone=Tone.QUIET,
        ),
    ),
    (*OF_PLATFORM, Variable("code", _("code"))),
    {"name": "", "code": "482915", "link": "https://example.com/inscription/ouvrir/Zm9v/"},
    is_of_platform=True,
    carries_secret=True,
)
_WORKSPACES: Final = MailTemplate(
    "workspaces",
    _("Retrouver mes espaces"),
    _("À qui demande où il a un compte : la liste de ses espaces."),
    _("Vos espaces"),
    _("Les espaces où cette adresse a un compte."),
    (
        Text("intro", _("Vous avez un compte dans :")),
        Items("workspaces"),
        Text("not_you", NOT_YOU, tone=Tone.QUIET),
    ),
    OF_PLATFORM,
    {
        "name": "",
        "workspaces": [
            {"words": "Atelier des Lilas", "url": "https://atelier.example.com/accounts/login/"},
            {"words": "Maison Verte", "url": "https://verte.example.com/accounts/login/"},
        ],
    },
    is_of_platform=True,
)


ENTRY: Final = (_WELCOME, _INVITATION, _SIGNUP_CODE, _WORKSPACES)
