"""The sequences: who enters, which steps follow after how long, what each says, and what ends them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Facts that show a person at work.
ACTIVITY: Final = "activity"
PLAN_CHOSEN: Final = "plan.chosen"
# The workspace writes again after a suspension or an end.
REOPENED: Final = "workspace.reopened"


@dataclass(frozen=True)
class Step:
    """`unless`: a milestone of the workspace that makes the step needless, once it happened `unless_count` times.

    `texts`: paragraphs; `path`: where the button leads, in the workspace. `template`: of the catalogue, for a step
    without words of its own.
    """

    code: str
    after: timedelta
    subject: Promise
    texts: tuple[Promise, ...]
    button: Promise
    path: str
    unless: str = ""
    unless_count: int = 1
    template: str = ""


@dataclass(frozen=True)
class Sequence:
    """`goal`: milestone that ends it. `states`: those of the workspace; in others it stops.

    `is_transactional`: part of the contract, so that nobody stops it. `is_latest_only`: of several due steps only the
    last is mailed.
    """

    code: str
    label: Promise
    goal: str
    steps: tuple[Step, ...]
    states: frozenset[str]
    is_goal_personal: bool = False
    is_transactional: bool = False
    is_latest_only: bool = False


def _days(number: int) -> timedelta:
    return timedelta(days=number)


ONBOARDING: Final = Sequence(
    "onboarding",
    _("Démarrage"),
    PLAN_CHOSEN,
    (
        Step(
            "first_conversation",
            timedelta(hours=2),
            _("Votre premier texte en deux minutes"),
            (
                _("Ouvrez une conversation, choisissez un assistant et dites-lui ce qu’il vous faut."),
                _("Un exemple : « Écris un message qui présente notre nouvelle formation, en dix lignes. »"),
            ),
            _("Ouvrir une conversation"),
            "/conversations/",
            unless="conversation.begun",
        ),
        Step(
            "first_file",
            _days(1),
            _("Donnez un fichier à vos assistants"),
            (
                _("Un tableau, un PDF, un compte rendu : joignez-le, et l’assistant répond d’après lui."),
                _("Tout ce qu’il produit se range dans la bibliothèque, sans que vous ayez à y penser."),
            ),
            _("Ouvrir la bibliothèque"),
            "/library/",
            unless="item.created",
        ),
        Step(
            "team",
            _days(3),
            _("À plusieurs, un espace rend davantage"),
            (
                _("Vos collègues ont chacun leurs conversations ; ce que vous publiez, ils le retrouvent."),
                _("Ils entrent avec leur propre compte, avec le rôle que vous choisissez."),
            ),
            _("Ouvrir les réglages"),
            "/settings/",
            unless="member.joined",
            unless_count=2,
        ),
        Step(
            "library",
            _days(7),
            _("Ce que vos assistants ont produit est là"),
            (_("Textes, images et fichiers se retrouvent par leurs mots, se rangent par étiquettes et s’exportent."),),
            _("Ouvrir la bibliothèque"),
            "/library/",
        ),
        Step(
            "publish",
            _days(10),
            _("Partagez un contenu avec votre équipe"),
            (_("Publier un contenu le montre à tout l’espace ; un lien l’ouvre à quelqu’un du dehors."),),
            _("Choisir un contenu"),
            "/library/",
            unless="item.published",
        ),
        Step(
            "plan",
            _days(14),
            _("Garder votre espace tel qu’il est"),
            (
                _("Choisissez une offre quand vous voulez : conversations, contenus et personnes restent en place."),
                _("Une question avant de choisir ? Répondez à ce message."),
            ),
            _("Voir les offres"),
            "/settings/plan/",
        ),
    ),
    frozenset({"trial", "active", "past_due"}),
)
INACTIVE: Final = Sequence(
    "inactive",
    _("Trente jours sans activité"),
    ACTIVITY,
    (
        Step(
            "come_back",
            _days(0),
            _("Où en étiez-vous ?"),
            (
                _("Un mois sans vous. Vos conversations et vos contenus sont là où vous les avez laissés."),
                _("Reprenez la dernière, ou demandez autre chose à un assistant."),
            ),
            _("Reprendre"),
            "/",
        ),
    ),
    frozenset({"trial", "active", "past_due"}),
    is_goal_personal=True,
)
WIN_BACK: Final = Sequence(
    "win_back",
    _("Reconquête"),
    REOPENED,
    (
        Step(
            "kept",
            _days(7),
            _("Tout est gardé dans votre espace"),
            (
                _("Votre espace est en lecture seule : vous pouvez lire, télécharger et exporter."),
                _("Choisir une offre le rouvre aussitôt, tel que vous l’avez laissé."),
            ),
            _("Rouvrir l’espace"),
            "/settings/plan/",
        ),
        Step(
            "last_call",
            _days(30),
            _("Votre espace vous attend encore"),
            (
                _("Il sera fermé au bout de soixante jours. Si vous n’y revenez pas, exportez ce qui vous est utile."),
                _("Dites-nous ce qui a manqué : répondez à ce message."),
            ),
            _("Rouvrir l’espace"),
            "/settings/plan/",
        ),
    ),
    frozenset({"suspended"}),
)
# Its runs are entered this long before the end of the trial (mailing/sequences/trials.py).
TRIAL_LEAD: Final = timedelta(days=7)


def _trial_step(days_before: int, name: Promise) -> Step:
    return Step(
        f"days_{days_before}",
        TRIAL_LEAD - timedelta(days=days_before),
        name,
        (),
        _("Choisir une offre"),
        "/settings/plan/",
        template="trial_ending",
    )


TRIAL_ENDING: Final = Sequence(
    "trial_ending",
    _("Fin de l’essai"),
    PLAN_CHOSEN,
    (
        _trial_step(7, _("Sept jours avant la fin de l’essai")),
        _trial_step(3, _("Trois jours avant la fin de l’essai")),
        _trial_step(1, _("Un jour avant la fin de l’essai")),
    ),
    frozenset({"trial"}),
    is_transactional=True,
    is_latest_only=True,
)
SEQUENCES: Final[dict[str, Sequence]] = {
    sequence.code: sequence for sequence in (ONBOARDING, TRIAL_ENDING, INACTIVE, WIN_BACK)
}
