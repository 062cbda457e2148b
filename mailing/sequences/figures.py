"""Figures per step: sent, delivered, clicked, goal."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.functional import Promise

from mailing.models import OutboxMessage, SequenceMail, SequenceRun
from mailing.sequences.steps import SEQUENCES, Sequence, Step


@dataclass(frozen=True)
class StepFigures:
    """`goals`: runs that reached the goal with this step as their last mail. Delivered: as the provider reported."""

    sequence: Promise
    step: Promise
    sent: int
    delivered: int
    clicked: int
    goals: int


def step_figures() -> list[StepFigures]:
    """Each step of each sequence, in two queries."""
    sent = Q(message__status=OutboxMessage.Status.SENT)
    counts = {
        (row["sequence"], row["step"]): row
        for row in SequenceMail.objects.values("sequence", "step").annotate(
            sent=Count("pk", filter=sent),
            delivered=Count("pk", filter=Q(message__report=OutboxMessage.Report.DELIVERED)),
            clicked=Count("pk", filter=Q(clicked_at__isnull=False)),
        )
    }
    last = SequenceMail.objects.filter(run=OuterRef("pk")).order_by("-id").values("step")[:1]
    reached = SequenceRun.objects.filter(state=SequenceRun.State.GOAL).annotate(last=Subquery(last)).order_by()
    goals = {
        (row["sequence"], row["last"]): row["goals"]
        for row in reached.values("sequence", "last").annotate(goals=Count("pk"))
    }
    return [
        _figures(sequence, step, counts.get((sequence.code, step.code)), goals.get((sequence.code, step.code), 0))
        for sequence in SEQUENCES.values()
        for step in sequence.steps
    ]


def _figures(sequence: Sequence, step: Step, counts: Any, goals: int) -> StepFigures:
    if counts is None:
        return StepFigures(sequence.label, step.subject, 0, 0, 0, goals)
    return StepFigures(sequence.label, step.subject, counts["sent"], counts["delivered"], counts["clicked"], goals)
