"""Mails about the life of a workspace: trial, closing, quotas, what is new."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing.catalogue.common import DAY, OF_WORKSPACE, SAMPLE_WORKSPACE, with_days
from mailing.catalogue.types import Button, Facts, Items, MailTemplate, Shape, Text, Variable
from mailing.types import MailKind

_QUOTA: Final = (
    *OF_WORKSPACE,
    Variable("meter", _("ce qui est compté")),
    Variable("percent", _("part utilisée, en %")),
)
_QUOTA_SAMPLE: Final = {
    **SAMPLE_WORKSPACE,
    "usage_url": "https://atelier.example.com/settings/usage/",
    "meter": _("Stockage"),
    "is_monthly": False,
}


def _news(context: Mapping[str, Any]) -> dict[str, Any]:
    lines = context["lines"]
    return {"news": lines[0]["words"] if len(lines) == 1 and not context["more"] else gettext("ce qui est nouveau")}


WORKSPACE_LIFE: Final = (
    MailTemplate(
        "trial_ending",
        _("Essai : la fin approche"),
        _("Aux propriétaires, sept, trois et un jours avant la fin de l’essai."),
        _("Espace {workspace} : l’essai se termine dans {remaining}"),
        _("Rien ne sera perdu : l’espace passera en lecture seule."),
        (
            Text(
                "intro",
                (
                    _("L’essai de votre espace {workspace} court jusqu’au {ends_at}."),
                    _(
                        "À son terme, l’espace passe en lecture seule : vous pouvez tout lire, télécharger et "
                        "exporter, mais plus rien n’y est écrit ni généré. Rien n’est effacé."
                    ),
                    _(
                        "Pour continuer sans interruption, choisissez une offre avant cette date : votre espace "
                        "reste tel qu’il est."
                    ),
                ),
            ),
            Button(_("Choisir une offre"), "url"),
        ),
        (
            *OF_WORKSPACE,
            Variable("remaining", _("temps qui reste")),
            Variable("ends_at", _("fin de l’essai"), Shape.DATE),
        ),
        {**SAMPLE_WORKSPACE, "days": 3, "ends_at": DAY, "url": "https://atelier.example.com/go/Zm9v/"},
        with_days("remaining"),
    ),
    MailTemplate(
        "trial_ended",
        _("Essai terminé"),
        _("Aux propriétaires, quand l’essai se termine sans offre."),
        _("Espace {workspace} : l’essai est terminé"),
        _("Tout est gardé : choisir une offre rouvre l’espace."),
        (
            Text(
                "intro",
                (
                    _(
                        "L’essai de votre espace {workspace} est terminé. L’espace est maintenant en lecture seule : "
                        "tout se lit, se télécharge et s’exporte, rien n’est effacé."
                    ),
                    _("Choisir une offre le rouvre aussitôt, tel que vous l’avez laissé."),
                    _("Sans offre, il sera fermé dans 60 jours ; nous vous préviendrons."),
                ),
            ),
            Button(_("Choisir une offre"), "plan_url"),
        ),
        OF_WORKSPACE,
        SAMPLE_WORKSPACE,
    ),
    MailTemplate(
        "suspended",
        _("Espace suspendu par l’opérateur"),
        _("Aux propriétaires, quand l’opérateur met l’espace en lecture seule."),
        _("Espace {workspace} : lecture seule"),
        _("Tout est gardé : chacun peut encore lire et exporter."),
        (
            Text(
                "intro",
                (
                    _("Votre espace {workspace} vient d’être mis en lecture seule par {operator}."),
                    _("Tout est gardé : chacun peut encore se connecter, lire, télécharger et exporter."),
                    _("S’il reste suspendu, il sera fermé dans {period} ; nous vous préviendrons."),
                ),
            ),
            Button(_("Ouvrir l’espace"), "address"),
        ),
        (*OF_WORKSPACE, Variable("period", _("temps avant la fermeture"))),
        {**SAMPLE_WORKSPACE, "days": 60},
        with_days("period"),
    ),
    MailTemplate(
        "reopened",
        _("Espace rouvert"),
        _("Aux propriétaires, quand l’opérateur rouvre un espace suspendu ou fermé."),
        _("Espace {workspace} : il est rouvert"),
        _("Tout est là, tel que vous l’avez laissé."),
        (
            Text(
                "intro",
                _("Votre espace {workspace} est rouvert, tel que vous l’avez laissé : chacun peut s’y remettre."),
            ),
            Button(_("Ouvrir l’espace"), "address"),
        ),
        OF_WORKSPACE,
        SAMPLE_WORKSPACE,
    ),
    MailTemplate(
        "closed",
        _("Espace fermé après une suspension"),
        _("Aux propriétaires d’un espace suspendu depuis 60 jours."),
        _("L’espace {workspace} est fermé"),
        _("Il reste {remaining} pour exporter son contenu."),
        (
            Text(
                "intro",
                (
                    _("Votre espace {workspace} était suspendu depuis 60 jours : il est maintenant fermé."),
                    _(
                        "Les propriétaires peuvent encore s’y connecter pour exporter son contenu pendant "
                        "{remaining} ; il est ensuite supprimé pour de bon."
                    ),
                    _("D’ici là, {operator} peut le rétablir."),
                ),
            ),
            Button(_("Ouvrir l’espace"), "address"),
        ),
        (*OF_WORKSPACE, Variable("remaining", _("temps qui reste"))),
        {**SAMPLE_WORKSPACE, "days": 30},
        with_days("remaining"),
    ),
    MailTemplate(
        "quota_near",
        _("Quota : 80 %"),
        _("Aux propriétaires et administrateurs, quand une limite de l’offre approche."),
        _("{workspace} : {percent} % utilisés, {meter}"),
        _("Tout fonctionne encore."),
        (
            Text(
                "intro",
                (
                    _("L’espace {workspace} a utilisé {percent} % d’une limite de son offre : {meter}."),
                    _(
                        "Tout fonctionne encore. À 100 %, seule la fonction concernée s’arrêtera ; vous en serez "
                        "prévenu."
                    ),
                ),
            ),
            Button(_("Voir l’utilisation"), "usage_url"),
        ),
        _QUOTA,
        {**_QUOTA_SAMPLE, "percent": 82},
    ),
    MailTemplate(
        "quota_reached",
        _("Quota : 100 %"),
        _("Aux propriétaires et administrateurs, quand une limite de l’offre est atteinte."),
        _("{workspace} : limite atteinte, {meter}"),
        _("Seule la fonction concernée s’arrête."),
        (
            Text("intro", _("L’espace {workspace} a atteint une limite de son offre : {meter}.")),
            Text(
                "monthly",
                _(
                    "Ce qui en dépend s’arrête jusqu’au premier du mois prochain, ou jusqu’à un changement d’offre. "
                    "Le reste de l’espace continue, et rien n’est perdu."
                ),
                when="is_monthly",
                label=_("pour une limite par mois"),
            ),
            Text(
                "standing",
                _(
                    "Rien de plus ne peut y être ajouté tant qu’il n’y a pas de place, ou jusqu’à un changement "
                    "d’offre. Le reste de l’espace continue, et rien n’est perdu."
                ),
                unless="is_monthly",
                label=_("pour une limite de place"),
            ),
            Button(_("Voir l’utilisation"), "usage_url"),
        ),
        _QUOTA,
        {**_QUOTA_SAMPLE, "percent": 100},
    ),
    MailTemplate(
        "weekly_report",
        _("Bilan de la semaine"),
        _("Aux propriétaires et administrateurs, le lundi, d’un espace où l’on a travaillé la semaine d’avant."),
        _("{workspace} : votre semaine"),
        _("Réponses des assistants : {answers}. Contenus : {contents}."),
        (
            Text("intro", _("Ce que l’espace {workspace} a fait du {since} au {until}.")),
            Facts(
                (
                    (_("Réponses des assistants"), "answers"),
                    (_("Contenus gardés"), "contents"),
                    (_("Personnes venues"), "people"),
                    (_("Coût des réponses, hors TVA"), "cost"),
                )
            ),
            Text("limits", _("Proche d’une limite de l’offre :"), when="limits", label=_("si une limite approche")),
            Items("limits"),
            Button(_("Voir l’utilisation"), "usage_url"),
        ),
        (
            *OF_WORKSPACE,
            Variable("since", _("premier jour de la semaine"), Shape.DATE),
            Variable("until", _("dernier jour de la semaine"), Shape.DATE),
            Variable("answers", _("réponses des assistants, et la semaine d’avant")),
            Variable("contents", _("contenus gardés, et la semaine d’avant")),
            Variable("people", _("personnes venues, et la semaine d’avant")),
            Variable("cost", _("coût des réponses, en euros hors TVA")),
        ),
        {
            **SAMPLE_WORKSPACE,
            "usage_url": "https://atelier.example.com/settings/usage/",
            "since": DAY - timedelta(days=7),
            "until": DAY - timedelta(days=1),
            "answers": "128 (97)",
            "contents": "41 (36)",
            "people": "6 (6)",
            "cost": "3,20 €",
            "limits": [{"words": _("82 % utilisés : Stockage."), "url": "https://atelier.example.com/settings/usage/"}],
        },
        kind=MailKind.REPORT,
    ),
    MailTemplate(
        "notifications",
        _("Notifications"),
        _("À qui l’a choisi, tout de suite ou une fois par jour : ce qui est nouveau."),
        _("{workspace} : {news}"),
        _("Ce qui est nouveau dans votre espace."),
        (
            Items("lines"),
            Text(
                "more",
                _("D’autres vous attendent sur la page des notifications."),
                when="more",
                label=_("s’il y en a plus de vingt"),
            ),
            Button(_("Voir les notifications"), "page_url"),
        ),
        (*OF_WORKSPACE, Variable("news", _("la seule nouvelle, ou « ce qui est nouveau »"))),
        {
            **SAMPLE_WORKSPACE,
            "lines": [
                {"words": _("Paul Durand a publié « Printemps »."), "url": "https://atelier.example.com/library/"},
                {"words": _("Lou Petit a rejoint l’espace."), "url": "https://atelier.example.com/settings/members/"},
            ],
            "more": 0,
            "page_url": "https://atelier.example.com/notifications/",
        },
        _news,
        kind=MailKind.NOTIFICATION,
    ),
)
