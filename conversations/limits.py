"""Limits on concurrent answers of a person and a workspace."""

from django.conf import settings
from django.utils.translation import gettext as _

from conversations.leases import ConcurrencyLimits, LimitReached
from conversations.types import TooManyAnswers


def concurrency_limits() -> ConcurrencyLimits:
    """The limits from the settings; None where the setting is 0 (unlimited)."""
    return ConcurrencyLimits(settings.ANSWERS_PER_PERSON or None, settings.ANSWERS_PER_WORKSPACE or None)


def too_many_answers(reached: LimitReached) -> TooManyAnswers:
    """The refusal for a reached limit, with a message for the user."""
    if reached.by_person:
        text = _(
            "Vous avez déjà %(limit)s réponses en cours, le plus qu’il puisse y en avoir à la fois. "
            "Attendez la fin de l’une d’elles ou arrêtez-la, puis renvoyez votre message."
        )
    else:
        text = _(
            "Votre espace a déjà %(limit)s réponses en cours, le plus qu’il puisse y en avoir à la fois. "
            "Renvoyez votre message dans quelques instants."
        )
    return TooManyAnswers(text % {"limit": reached.limit})
