"""Sample contents of a new workspace: two conversations and what they made, removed in one click."""

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from assistants.selectors import assistants_offered
from conversations.samples import sample_create, sample_delete
from library.samples import sample_item_create, sample_item_delete
from tenants.services import require_writable
from workspace.onboarding.models import Onboarding, Sample


class Written(NamedTuple):
    """A sample conversation: the assistant's code, its title, the question, the answer, the kind of its item."""

    assistant: str
    title: str
    question: str
    answer: str
    kind: str


def _written() -> list[Written]:
    return [
        Written(
            "general",
            _("Exemple : préparer une réunion"),
            _("Prépare l’ordre du jour d’une réunion d’équipe de 45 minutes sur nos priorités du trimestre."),
            _(
                "## Ordre du jour, 45 minutes\n\n"
                "1. **Où nous en sommes** (10 min) : un chiffre et un fait marquant par personne.\n"
                "2. **Trois priorités du trimestre** (20 min) : chacun en propose une, puis vote à main levée.\n"
                "3. **Qui fait quoi, pour quand** (10 min) : un nom et une date par décision.\n"
                "4. **Ce qui pourrait nous freiner** (5 min).\n\n"
                "*À envoyer la veille, avec les chiffres du trimestre passé.*"
            ),
            "text",
        ),
        Written(
            "posts",
            _("Exemple : annoncer une nouveauté"),
            _("Écris un post LinkedIn pour annoncer notre nouvel atelier du jeudi matin, ton simple et chaleureux."),
            _(
                "Jeudi matin, 9 h : le café est prêt, les questions aussi.\n\n"
                "Nous ouvrons un atelier d’une heure, chaque semaine, pour essayer ensemble ce dont tout le monde "
                "parle et que peu ont eu le temps de tester.\n\n"
                "- Un sujet concret à chaque fois\n- Dix places, pas une de plus\n- Rien à préparer\n\n"
                "On vous garde une chaise ?\n\n#formation #équipe"
            ),
            "post",
        ),
    ]


def samples_add(*, actor: User, language: str) -> None:
    """Add the samples as private contents of `actor`. Does nothing where there are any. Raises `ReadOnlyWorkspace`.

    A sample whose assistant the operator does not offer is left out.
    """
    with transaction.atomic(), translation.override(language):
        require_writable()
        # The lock makes a double click one set of samples.
        if not Onboarding.objects.select_for_update().order_by("id").first():
            Onboarding.objects.create(put_away_at=timezone.now())
        if Sample.objects.exists():
            return
        offered = {assistant.code: assistant.pk for assistant in assistants_offered()}
        rows = []
        for written in (written for written in _written() if written.assistant in offered):
            conversation_id = sample_create(
                author=actor,
                assistant_id=offered[written.assistant],
                title=written.title,
                exchanges=[(written.question, written.answer)],
            )
            item_id = sample_item_create(
                author=actor,
                conversation_id=conversation_id,
                title=written.title,
                text=written.answer,
                kind=written.kind,
                tags=[_("exemple")],
            )
            rows.append(Sample(kind=Sample.Kind.CONVERSATION, object_id=conversation_id, messages=2))
            rows.append(Sample(kind=Sample.Kind.ITEM, object_id=item_id))
        Sample.objects.bulk_create(rows)
        audit.record("samples.added", actor=actor, quantity=len(rows))


def samples_remove(*, actor: User) -> tuple[int, int]:
    """Remove the samples; those that somebody changed, continued or shared stay. Returns how many of each.

    Raises `ReadOnlyWorkspace`.
    """
    with transaction.atomic():
        require_writable()
        rows = list(Sample.objects.select_for_update().order_by("id"))
        # Items first: a conversation that goes would change those that it made.
        removed = sum(sample_item_delete(item_id=row.object_id) for row in rows if row.kind == Sample.Kind.ITEM)
        removed += sum(
            sample_delete(conversation_id=row.object_id, messages=row.messages)
            for row in rows
            if row.kind == Sample.Kind.CONVERSATION
        )
        Sample.objects.filter(pk__in=[row.pk for row in rows]).delete()
        if rows:
            audit.record("samples.removed", actor=actor, quantity=removed)
    return removed, len(rows) - removed
