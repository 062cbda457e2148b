"""Variables, samples and phrases that several templates share."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mailing.catalogue.types import Shape, Variable

NAME: Final = Variable("name", _("nom de la personne, vide si elle n’en a pas"))
WORKSPACE: Final = Variable("workspace", _("nom de l’espace"))
ADDRESS: Final = Variable("address", _("adresse de l’espace"), Shape.URL)
OPERATOR: Final = Variable("operator", _("« votre opérateur », avec son adresse e-mail"))
PLATFORM: Final = Variable("platform", _("nom de la plateforme"))
EMAIL: Final = Variable("email", _("adresse de la personne"), Shape.EMAIL)
NOT_YOU: Final = _("Si cette demande ne vient pas de vous, ignorez ce message : rien ne changera.")
OF_WORKSPACE: Final = (NAME, WORKSPACE, ADDRESS, OPERATOR, PLATFORM)
OF_PLATFORM: Final = (NAME, OPERATOR, PLATFORM)

DAY: Final = dt.date(2027, 3, 15)
SAMPLE_PERSON: Final = {"name": "Camille Martin"}
SAMPLE_WORKSPACE: Final = {
    **SAMPLE_PERSON,
    "workspace": "Atelier des Lilas",
    "address": "https://atelier.example.com/",
    "plan_url": "https://atelier.example.com/settings/plan/",
    "pay_url": "https://atelier.example.com/settings/plan/pay/",
}


def days_phrase(days: int) -> str:
    return ngettext("%(count)s jour", "%(count)s jours", days) % {"count": days}


def with_days(name: str, source: str = "days") -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A `prepare` that gives a number of days in words."""
    return lambda context: {name: days_phrase(context[source])}
