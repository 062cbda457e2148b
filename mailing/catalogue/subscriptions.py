"""Mails about a subscription and its payment."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing.catalogue.common import DAY, OF_WORKSPACE, SAMPLE_WORKSPACE, with_days
from mailing.catalogue.types import Button, Items, MailTemplate, Shape, Text, Variable
from ui.templatetags.ui import money

_PERIOD: Final = Variable("period", _("temps pendant lequel le contenu est gardé"))
_ENDS_ON: Final = Variable("ends_on", _("fin de l’abonnement"), Shape.DATE)
_NEXT_ON: Final = Variable("next_on", _("prochaine échéance"), Shape.DATE)
_NEXT: Final = Text(
    "next",
    _("Prochaine échéance le {next_on}. Les factures se trouvent sur la page de votre offre."),
    when="next_on",
    label=_("s’il y a une prochaine échéance"),
)
_OFFER: Final = Button(_("Voir mon offre"), "plan_url")


def _begun(context: Mapping[str, Any]) -> dict[str, Any]:
    return {"ordered": [{"words": _line(line)} for line in context["lines"]]}


def _line(line: Mapping[str, Any]) -> str:
    values = {"name": gettext(line["name"]), "amount": money(line["amount_excl_vat"], 2)}
    if line["is_yearly"]:
        return gettext("%(name)s : %(amount)s HT par an") % values
    return gettext("%(name)s : %(amount)s HT par mois") % values


SUBSCRIPTIONS: Final = (
    MailTemplate(
        "subscription_begun",
        _("Abonnement ouvert"),
        _("Aux propriétaires, quand un abonnement commence : ce qui est choisi, à quel prix."),
        _("Espace {workspace} : votre abonnement est ouvert"),
        _("Merci. Voici ce que vous avez choisi."),
        (
            Text("intro", _("Merci ! L’abonnement de votre espace {workspace} à l’offre {plan} est ouvert.")),
            Items("ordered"),
            Text("discount", _("Remise : {discount}."), when="discount", label=_("s’il y a une remise")),
            _NEXT,
            Text("change", _("Vous pouvez changer d’offre ou résilier à tout moment, seul, sur cette même page.")),
            _OFFER,
        ),
        (*OF_WORKSPACE, Variable("plan", _("nom de l’offre")), Variable("discount", _("remise")), _NEXT_ON),
        {
            **SAMPLE_WORKSPACE,
            "plan": "Pro",
            "lines": [
                {"name": "Pro", "amount_excl_vat": Decimal("79.00"), "is_yearly": False},
                {"name": "Statistiques avancées", "amount_excl_vat": Decimal("96.00"), "is_yearly": True},
            ],
            "discount": "BIENVENUE, −20 %",
            "next_on": DAY,
        },
        _begun,
    ),
    MailTemplate(
        "subscription_cancelled",
        _("Abonnement résilié"),
        _("Aux propriétaires, quand l’abonnement ne sera pas renouvelé."),
        _("Espace {workspace} : votre abonnement est résilié"),
        _("Tout reste ouvert jusqu’à la fin de ce qui est payé."),
        (
            Text(
                "intro",
                _(
                    "L’abonnement de votre espace {workspace} est résilié. Il prend fin le {ends_on} et ne sera pas "
                    "renouvelé."
                ),
            ),
            Text(
                "resumable",
                _("Jusque-là, rien ne change, et vous pouvez le reprendre d’un clic."),
                when="resumable",
                label=_("s’il peut être repris"),
            ),
            Text(
                "not_resumable",
                _("Jusque-là, rien ne change."),
                unless="resumable",
                label=_("s’il ne peut pas être repris"),
            ),
            Text(
                "afterwards",
                _(
                    "Ensuite, l’espace sera fermé : ses propriétaires pourront encore exporter son contenu pendant "
                    "{period}, puis il sera supprimé."
                ),
            ),
            _OFFER,
        ),
        (*OF_WORKSPACE, _ENDS_ON, _PERIOD),
        {**SAMPLE_WORKSPACE, "ends_on": DAY, "resumable": True, "days": 30},
        with_days("period"),
    ),
    MailTemplate(
        "subscription_resumed",
        _("Résiliation annulée"),
        _("Aux propriétaires, quand la résiliation est annulée."),
        _("Espace {workspace} : votre abonnement continue"),
        _("La résiliation est annulée."),
        (
            Text(
                "intro",
                _(
                    "La résiliation de l’abonnement de votre espace {workspace} est annulée : tout continue comme "
                    "avant."
                ),
            ),
            _NEXT,
            _OFFER,
        ),
        (*OF_WORKSPACE, _NEXT_ON),
        {**SAMPLE_WORKSPACE, "next_on": DAY},
    ),
    MailTemplate(
        "payment_failed",
        _("Paiement échoué"),
        _("Aux propriétaires, aux jours 0, 3 et 7 d’un impayé."),
        _("Espace {workspace} : votre paiement n’a pas abouti"),
        _("Rien n’est coupé pour l’instant : un nouveau paiement suffit."),
        (
            Text(
                "intro",
                (
                    _(
                        "Le paiement de l’abonnement de votre espace {workspace} n’a pas abouti. Tout continue de "
                        "fonctionner."
                    ),
                    _(
                        "Sans paiement d’ici le {read_only_on}, l’espace passera en lecture seule : tout se lira, se "
                        "téléchargera et s’exportera encore, rien ne sera effacé."
                    ),
                    _(
                        "Payez avec un autre moyen, ou vérifiez le vôtre : dès que vous aurez payé, tout rentrera "
                        "dans l’ordre."
                    ),
                ),
            ),
            Button(_("Payer maintenant"), "pay_url"),
        ),
        (*OF_WORKSPACE, Variable("read_only_on", _("passage en lecture seule"), Shape.DATE)),
        {**SAMPLE_WORKSPACE, "read_only_on": DAY},
    ),
    MailTemplate(
        "subscription_paid",
        _("Paiement reçu"),
        _("Aux propriétaires, quand un impayé est réglé."),
        _("Espace {workspace} : tout est réglé"),
        _("Merci : plus rien n’est dû."),
        (
            Text("intro", _("Merci ! Plus rien n’est dû pour l’abonnement de votre espace {workspace}.")),
            Text(
                "reopened",
                _("L’espace est rouvert, tel que vous l’avez laissé."),
                when="was_read_only",
                label=_("si l’espace était en lecture seule"),
            ),
            Text("unchanged", _("Tout continue comme avant."), unless="was_read_only", label=_("s’il ne l’était pas")),
            Button(_("Ouvrir l’espace"), "address"),
        ),
        OF_WORKSPACE,
        {**SAMPLE_WORKSPACE, "was_read_only": True},
    ),
    MailTemplate(
        "subscription_suspended",
        _("Espace suspendu faute de paiement"),
        _("Aux propriétaires, quand l’espace passe en lecture seule pour un impayé."),
        _("Espace {workspace} : lecture seule, faute de règlement"),
        _("Tout est gardé : un règlement rouvre l’espace aussitôt."),
        (
            Text(
                "intro",
                (
                    _(
                        "Votre abonnement reste impayé : l’espace {workspace} est maintenant en lecture seule. Plus "
                        "rien n’y est écrit ni généré."
                    ),
                    _("Tout est gardé : chacun peut encore se connecter, lire, télécharger et exporter."),
                    _("Dès que vous aurez payé, l’espace se rouvrira tel que vous l’avez laissé."),
                    _("Sans règlement, il sera fermé dans {period} ; nous vous préviendrons."),
                ),
            ),
            Button(_("Payer maintenant"), "pay_url"),
        ),
        (*OF_WORKSPACE, Variable("period", _("temps avant la fermeture"))),
        {**SAMPLE_WORKSPACE, "days": 60},
        with_days("period"),
    ),
    MailTemplate(
        "subscription_ended",
        _("Abonnement terminé"),
        _("Aux propriétaires, quand l’abonnement prend fin et que l’espace ferme."),
        _("L’espace {workspace} est fermé"),
        _("Exportez ce que vous voulez garder."),
        (
            Text(
                "intro",
                (
                    _("L’abonnement de votre espace {workspace} a pris fin : l’espace est maintenant fermé."),
                    _(
                        "Ses propriétaires peuvent encore s’y connecter pour exporter son contenu pendant {period} ; "
                        "il est ensuite supprimé pour de bon."
                    ),
                    _("D’ici là, {operator} peut le rétablir."),
                ),
            ),
            Button(_("Ouvrir l’espace"), "address"),
        ),
        (*OF_WORKSPACE, _PERIOD),
        {**SAMPLE_WORKSPACE, "days": 30},
        with_days("period"),
    ),
    MailTemplate(
        "vat_number_refused",
        _("Numéro de TVA refusé"),
        _("Aux propriétaires, quand le registre européen ne connaît pas leur numéro de TVA."),
        _("Espace {workspace} : votre numéro de TVA n’est pas reconnu"),
        _("Sans numéro reconnu, vos prochaines factures porteront la TVA."),
        (
            Text(
                "intro",
                (
                    _(
                        "Le registre européen ne connaît pas le numéro de TVA {number} de {company}. Sans numéro "
                        "reconnu, vos prochaines factures porteront la TVA."
                    ),
                    _(
                        "Vérifiez-le dans vos coordonnées de facturation. S’il vient d’être attribué, il peut tarder "
                        "à paraître dans le registre."
                    ),
                ),
            ),
            Button(_("Ouvrir l’espace"), "address"),
        ),
        (*OF_WORKSPACE, Variable("number", _("numéro de TVA")), Variable("company", _("société"))),
        {**SAMPLE_WORKSPACE, "number": "FR40303265045", "company": "Atelier des Lilas SARL"},
    ),
)
