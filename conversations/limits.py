"""How many answers a person and a workspace may have under way at once."""

from django.conf import settings
from django.utils.translation import gettext as _

from conversations.leases import NoPlace, Places
from conversations.types import TooManyAnswers


def places_here() -> Places:
    """The limits of the workspace in context."""
    return Places(settings.ANSWERS_PER_PERSON or None, settings.ANSWERS_PER_WORKSPACE or None)


def too_many(full: NoPlace) -> TooManyAnswers:
    """In people's words, with what to do."""
    if full.by_person:
        words = _(
            "Vous avez déjà %(limit)s réponses en cours, le plus qu’il puisse y en avoir à la fois. "
            "Attendez la fin de l’une d’elles ou arrêtez-la, puis renvoyez votre message."
        )
    else:
        words = _(
            "Votre espace a déjà %(limit)s réponses en cours, le plus qu’il puisse y en avoir à la fois. "
            "Renvoyez votre message dans quelques instants."
        )
    return TooManyAnswers(words % {"limit": full.limit})
