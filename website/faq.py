"""Questions and answers of the public site, also given to search engines as structured data."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

QUESTIONS: Final[tuple[tuple[Any, Any], ...]] = (
    (
        _("Que devient ce que j’écris aux assistants ?"),
        _(
            "Vos messages restent dans votre espace. Pour répondre, l’assistant les transmet au fournisseur du modèle "
            "que votre opérateur a choisi ; il peut vous dire lequel et à quelles conditions."
        ),
    ),
    (
        _("Les responsables de l’espace lisent-ils mes conversations ?"),
        _(
            "Non. Ils voient des chiffres d’usage et de coût, pas des textes, sauf si un réglage annoncé à tous les "
            "membres le permet. Partager une conversation est un acte que vous faites."
        ),
    ),
    (
        _("Que se passe-t-il à la fin de l’essai ?"),
        _(
            "Sans offre choisie, l’espace passe en lecture seule : tout se lit et se télécharge, rien n’est effacé. "
            "Choisir une offre le rouvre aussitôt."
        ),
    ),
    (
        _("Et si j’atteins la limite du mois ?"),
        _(
            "La demande suivante est refusée avec une explication : l’offre, ce qui est consommé, et comment "
            "continuer. Aucun dépassement ne vous est facturé sans que vous l’ayez décidé."
        ),
    ),
    (
        _("Puis-je changer d’offre ou arrêter ?"),
        _(
            "Oui, seul, depuis la page de votre offre. Une offre plus grande vaut aussitôt, une résiliation à la fin "
            "de la période payée ; vos contenus s’exportent avant comme après."
        ),
    ),
    (
        _("Puis-je faire confiance aux réponses ?"),
        _(
            "Relisez-les : une IA peut se tromper avec assurance. Les assistants sont là pour avancer plus vite, pas "
            "pour décider à votre place."
        ),
    ),
)
