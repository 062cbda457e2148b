"""Mails to the operators of the platform."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from mailing.catalogue.common import DAY, OF_PLATFORM, SAMPLE_PERSON
from mailing.catalogue.types import Button, Facts, MailTemplate, Quote, Shape, Text, Variable

_PAGE: Final = {**SAMPLE_PERSON, "page_url": "https://example.com/admin/"}
_MODEL: Final = (*OF_PLATFORM, Variable("model", _("modèle")), Variable("fallback", _("modèle qui le remplace")))
_WITHOUT_FALLBACK: Final = Text(
    "without_fallback",
    _("Aucun modèle ne le remplace : choisissez-en un, sans quoi le modèle par défaut répond, ou personne."),
    unless="fallback",
    label=_("si rien ne le remplace"),
)
_MODEL_PAGE: Final = Button(_("Ouvrir la fiche du modèle"), "page_url")

OPERATORS: Final = (
    MailTemplate(
        "lead",
        _("Message du formulaire de contact"),
        _("Aux opérateurs, quand quelqu’un écrit depuis le site."),
        _("{sender} vous écrit depuis le site"),
        _("Un message du formulaire de contact."),
        (
            Facts(((_("Nom"), "sender"), (_("Société"), "company"), (_("E-mail"), "email"))),
            Quote("message"),
            Button(_("Ouvrir ce contact"), "page_url"),
        ),
        (
            *OF_PLATFORM,
            Variable("sender", _("qui écrit")),
            Variable("company", _("société")),
            Variable("email", _("son adresse"), Shape.EMAIL),
        ),
        {
            **_PAGE,
            "sender": "Alex Roy",
            "company": "Roy & fils",
            "email": "alex@example.com",
            "message": _("Faites-vous une remise pour les associations ?"),
        },
        is_of_platform=True,
    ),
    MailTemplate(
        "model_ending",
        _("Fin annoncée d’un modèle"),
        _("Aux opérateurs, 60, 30 et 7 jours avant qu’un modèle en service ne s’arrête."),
        _("Le modèle {model} s’arrête le {ends_on}"),
        _("Son fournisseur arrête le modèle {model} le {ends_on}."),
        (
            Text("intro", _("Son fournisseur arrête le modèle {model} le {ends_on}.")),
            Text(
                "with_fallback",
                _("Ce jour-là, le modèle {fallback} répondra à sa place, à son propre prix. Essayez-le avant."),
                when="fallback",
                label=_("si un autre le remplace"),
            ),
            _WITHOUT_FALLBACK,
            _MODEL_PAGE,
        ),
        (*_MODEL, Variable("ends_on", _("fin du modèle"), Shape.DATE)),
        {**_PAGE, "model": "Luna 4", "fallback": "Luna 5", "ends_on": DAY},
        is_of_platform=True,
    ),
    MailTemplate(
        "model_ended",
        _("Fin constatée d’un modèle"),
        _("Aux opérateurs, quand un fournisseur répond qu’un modèle n’existe plus."),
        _("Le modèle {model} n’existe plus chez son fournisseur"),
        _("Il est marqué comme terminé à partir d’aujourd’hui."),
        (
            Text(
                "intro",
                _(
                    "Le fournisseur du modèle {model} a répondu qu’il n’existe plus. Il est marqué comme terminé à "
                    "partir d’aujourd’hui."
                ),
            ),
            Text(
                "with_fallback",
                _("Le modèle {fallback} répond à sa place, à son propre prix."),
                when="fallback",
                label=_("si un autre le remplace"),
            ),
            _WITHOUT_FALLBACK,
            _MODEL_PAGE,
        ),
        _MODEL,
        {**_PAGE, "model": "Luna 4", "fallback": ""},
        is_of_platform=True,
    ),
)
