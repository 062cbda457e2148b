"""Console of the sequences: figures per step, and who is where."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from mailing.models import SequenceRun
from mailing.sequences.figures import step_figures
from mailing.sequences.steps import SEQUENCES
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, badge, moment

State = SequenceRun.State
BADGES = {State.ACTIVE: "wait", State.GOAL: "good", State.DONE: "neutral", State.STOPPED: "neutral"}


@admin.register(SequenceRun)
class SequenceRunAdmin(ReadOnlyAdmin):
    list_display = ("shown_sequence", "tenant_slug", "shown_state", "shown_step", "shown_next", "shown_entered")
    list_filter = ("state", "sequence", ("entered_at", DayRangeFilter))
    list_filter_submit = True
    search_fields = ("tenant_slug",)
    list_before_template = "admin/sequence_totals.html"
    fields = readonly_fields = (*list_display, "shown_ended")

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        return {"step_figures": step_figures()}

    @display(description=_("Séquence"), ordering="sequence")
    def shown_sequence(self, row: SequenceRun) -> str:
        sequence = SEQUENCES.get(row.sequence)
        return str(sequence.label) if sequence else row.sequence

    @display(description=_("État"), ordering="state")
    def shown_state(self, row: SequenceRun) -> SafeString:
        return badge(row.get_state_display(), BADGES[State(row.state)])

    @display(description=_("Prochaine étape"))
    def shown_step(self, row: SequenceRun) -> str | SafeString:
        sequence = SEQUENCES.get(row.sequence)
        if sequence is None or row.state != State.ACTIVE or row.step >= len(sequence.steps):
            return NOTHING
        return str(sequence.steps[row.step].subject)

    @display(description=_("Prochain envoi"), ordering="next_at")
    def shown_next(self, row: SequenceRun) -> str | SafeString:
        return moment(row.next_at) if row.state == State.ACTIVE else NOTHING

    @display(description=_("Entrée le"), ordering="entered_at")
    def shown_entered(self, row: SequenceRun) -> str | SafeString:
        return moment(row.entered_at)

    @display(description=_("Terminée le"), ordering="ended_at")
    def shown_ended(self, row: SequenceRun) -> str | SafeString:
        return moment(row.ended_at) if row.ended_at else NOTHING
