"""Mails of accounts: codes, passwords, addresses."""

import datetime as dt
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from mailing.catalogue.common import EMAIL, NOT_YOU, OF_WORKSPACE, SAMPLE_WORKSPACE
from mailing.catalogue.types import Button, Code, Facts, MailTemplate, Shape, Text, Tone, Variable

_CODE_SAMPLE: Final = {**SAMPLE_WORKSPACE, "code": "K7QM-4XTR"}
_ACT: Final = {
    **SAMPLE_WORKSPACE,
    "moment": dt.datetime(2027, 3, 15, 9, 41, tzinfo=dt.UTC),
    "ip": "203.0.113.7",
    "user_agent": "Firefox 140, Linux",
    "email": "camille@example.com",
    "new_address": "camille@exemple.fr",
}
_ACT_VARIABLES: Final = (
    Variable("moment", _("quand"), Shape.MOMENT),
    Variable("ip", _("adresse IP")),
    Variable("user_agent", _("navigateur")),
)
_ACT_FACTS: Final = Facts(((_("Date"), "moment"), (_("Adresse IP"), "ip"), (_("Navigateur"), "user_agent")))
_ALARM: Final = Text(
    "alarm",
    _("Si vous n’en êtes pas à l’origine, changez votre mot de passe sans attendre et prévenez {operator}."),
    tone=Tone.QUIET,
)


def _code_mail(key: str, title: Any, subject: Any, intro: Any) -> MailTemplate:
    return MailTemplate(
        key,
        title,
        _("À qui l’a demandé : un code à recopier dans la page restée ouverte."),
        subject,
        intro,
        (Text("intro", intro), Code("code"), Text("not_you", NOT_YOU, tone=Tone.QUIET)),
        OF_WORKSPACE,
        _CODE_SAMPLE,
        carries_secret=True,
    )


def _act_mail(key: str, subject: Any, text: Any, variables: tuple[Variable, ...] = ()) -> MailTemplate:
    return MailTemplate(
        key,
        subject,
        _("À la personne, après un changement de son compte : ce qui a changé, quand et d’où."),
        subject,
        text,
        (Text("intro", text), _ACT_FACTS, _ALARM),
        (*OF_WORKSPACE, *_ACT_VARIABLES, *variables),
        _ACT,
        carries_secret=True,
    )


_NEW_DEVICE: Final = MailTemplate(
    "new_device",
    _("Connexion depuis un nouvel appareil"),
    _(
        "À la personne, quand quelqu’un se connecte à son compte depuis un appareil inconnu ; la première fois "
        "exceptée."
    ),
    _("Nouvelle connexion à votre compte"),
    _("Si c’était vous, il n’y a rien à faire."),
    (
        Text(
            "intro",
            _("Quelqu’un vient de se connecter à votre compte depuis un appareil que nous ne connaissions pas."),
        ),
        Facts(((_("Date"), "moment"), (_("Appareil"), "device"), (_("Adresse IP"), "ip"))),
        Text("known", _("Si c’était vous, il n’y a rien à faire. Sinon, changez votre mot de passe sans attendre.")),
        Button(_("Changer mon mot de passe"), "link"),
        Text("alarm", _("Puis prévenez {operator}."), tone=Tone.QUIET),
    ),
    (
        *OF_WORKSPACE,
        Variable("moment", _("quand"), Shape.MOMENT),
        Variable("ip", _("adresse IP")),
        Variable("device", _("navigateur et système")),
    ),
    {**_ACT, "device": "Firefox, Linux", "link": "https://atelier.example.com/accounts/password/change/"},
)

ACCOUNT: Final = (
    _NEW_DEVICE,
    MailTemplate(
        "password_reset_key",
        _("Mot de passe oublié"),
        _("À qui a oublié son mot de passe : un lien pour en choisir un autre."),
        _("Choisir un nouveau mot de passe"),
        _("Un lien pour choisir un nouveau mot de passe."),
        (
            Text("intro", _("Vous avez demandé à choisir un nouveau mot de passe pour {workspace}.")),
            Button(_("Choisir un mot de passe"), "link"),
            Text(
                "not_you",
                _(
                    "Il ne sert qu’une fois. Si cette demande ne vient pas de vous, ignorez ce message : rien ne "
                    "changera."
                ),
                tone=Tone.QUIET,
            ),
        ),
        OF_WORKSPACE,
        {**SAMPLE_WORKSPACE, "link": "https://atelier.example.com/accounts/password/reset/key/1-abc/"},
        carries_secret=True,
    ),
    _code_mail(
        "password_reset_code",
        _("Mot de passe oublié : code"),
        _("Votre code pour changer de mot de passe"),
        _("Votre code pour choisir un nouveau mot de passe :"),
    ),
    _code_mail("login_code", _("Connexion : code"), _("Votre code de connexion"), _("Votre code de connexion :")),
    MailTemplate(
        "email_confirmation",
        _("Vérification d’une adresse"),
        _("À une adresse qu’une personne ajoute à son compte : un code, ou un lien, pour la confirmer."),
        _("Confirmez votre adresse e-mail"),
        _("De quoi confirmer votre adresse."),
        (
            Text(
                "code_intro",
                _("Votre code de confirmation, à recopier dans la page restée ouverte :"),
                when="code",
                label=_("avec un code"),
            ),
            Code("code", when="code"),
            Text(
                "link_intro", _("Confirmez votre adresse en ouvrant ce lien :"), unless="code", label=_("avec un lien")
            ),
            Button(_("Confirmer mon adresse"), "link"),
            Text("not_you", NOT_YOU, tone=Tone.QUIET),
        ),
        OF_WORKSPACE,
        {**_CODE_SAMPLE, "link": ""},
        carries_secret=True,
    ),
    MailTemplate(
        "account_already_exists",
        _("Compte déjà ouvert"),
        _("À une adresse pour laquelle quelqu’un voulait ouvrir un compte qui existe déjà."),
        _("Vous avez déjà un compte"),
        _("Un compte existe déjà à cette adresse."),
        (
            Text(
                "intro",
                _(
                    "Quelqu’un a voulu créer un compte pour {email}, mais il en existe déjà un. Si vous avez oublié "
                    "votre mot de passe, choisissez-en un nouveau."
                ),
            ),
            Button(_("Choisir un mot de passe"), "link"),
        ),
        (*OF_WORKSPACE, EMAIL),
        {**_ACT, "link": "https://atelier.example.com/accounts/password/reset/"},
        carries_secret=True,
    ),
    MailTemplate(
        "unknown_account",
        _("Aucun compte"),
        _("À une adresse sans compte, pour laquelle quelqu’un demande un nouveau mot de passe."),
        _("Aucun compte à cette adresse"),
        _("Quelqu’un a demandé un nouveau mot de passe."),
        (
            Text(
                "intro",
                _(
                    "Quelqu’un a demandé un nouveau mot de passe pour {email}, mais aucun compte n’existe ici à "
                    "cette adresse. Si c’était vous, essayez une autre adresse, ou demandez une invitation à la "
                    "personne qui gère l’espace."
                ),
            ),
        ),
        (*OF_WORKSPACE, EMAIL),
        _ACT,
        carries_secret=True,
    ),
    _act_mail(
        "email_changed",
        _("Votre adresse e-mail a changé"),
        _("L’adresse de votre compte passe de {email} à {new_address}."),
        (EMAIL, Variable("new_address", _("nouvelle adresse"), Shape.EMAIL)),
    ),
    _act_mail("email_confirm", _("Votre adresse e-mail est confirmée"), _("Votre adresse e-mail est confirmée.")),
    _act_mail(
        "email_deleted",
        _("Une adresse e-mail a été retirée"),
        _("L’adresse {email} a été retirée de votre compte."),
        (EMAIL,),
    ),
    _act_mail("password_changed", _("Votre mot de passe a été changé"), _("Votre mot de passe vient d’être changé.")),
    _act_mail(
        "password_reset",
        _("Votre mot de passe a été remplacé"),
        _("Votre mot de passe vient d’être remplacé par un nouveau."),
    ),
    _act_mail(
        "password_set",
        _("Votre mot de passe est défini"),
        _("Un mot de passe vient d’être défini pour votre compte."),
    ),
)
