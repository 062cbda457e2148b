"""Mails of the sequences, one template a step (mailing/sequences/steps.py)."""

from typing import Final

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from mailing.catalogue.common import OF_WORKSPACE, SAMPLE_WORKSPACE
from mailing.catalogue.types import Button, MailTemplate, Text
from mailing.sequences.steps import SEQUENCES, Sequence, Step
from mailing.types import MailKind


def key_of(sequence: str, step: Step) -> str:
    return step.template or f"{sequence}_{step.code}"


def _template(sequence: Sequence, step: Step) -> MailTemplate:
    return MailTemplate(
        key_of(sequence.code, step),
        step.subject,
        format_lazy(_("Séquence « {sequence} », jour {day}."), sequence=sequence.label, day=step.after.days),
        step.subject,
        step.texts[0],
        (Text("intro", step.texts), Button(step.button, "url")),
        OF_WORKSPACE,
        {**SAMPLE_WORKSPACE, "url": "https://atelier.example.com/go/Zm9v/"},
        kind=MailKind.SEQUENCE,
    )


ADVICE: Final = tuple(
    _template(sequence, step) for sequence in SEQUENCES.values() for step in sequence.steps if not step.template
)
