"""The operator's page of cancellations: reasons, counter-offers and outcomes."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from billing.console.parts import WorkspaceRowAdmin
from billing.models import Cancellation
from ui.console import NOTHING, DayRangeFilter, badge, moment

Outcome = Cancellation.Outcome
OUTCOME_KINDS = {Outcome.CANCELLED: "bad", Outcome.RETAINED: "good", Outcome.RESUMED: "good"}


@admin.register(Cancellation)
class CancellationAdmin(WorkspaceRowAdmin):
    list_display = (
        "shown_at",
        "shown_workspace",
        "shown_plan",
        "shown_reason",
        "shown_comment",
        "shown_offer",
        "shown_outcome",
    )
    list_filter = ("reason", "outcome", ("at", DayRangeFilter))
    list_filter_submit = True
    list_before_template = "admin/cancellation_totals.html"
    search_fields = ("slug", "workspace_name", "comment", "offer")

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        return {"reasons": counts(shown.queryset)}

    @display(description=_("Date"), ordering="id")
    def shown_at(self, row: Cancellation) -> str | SafeString:
        return moment(row.at)

    @display(description=_("Offre"), ordering="plan_code")
    def shown_plan(self, row: Any) -> str:
        return gettext(row.plan_name or row.plan_code) if row.plan_code else NOTHING

    @display(description=_("Raison"), ordering="reason")
    def shown_reason(self, row: Cancellation) -> str:
        return str(row.get_reason_display())

    @display(description=_("Commentaire"))
    def shown_comment(self, row: Cancellation) -> str | SafeString:
        return format_html('<div class="rc-text">{}</div>', row.comment) if row.comment else NOTHING

    @display(description=_("Contre-offre"), ordering="offer")
    def shown_offer(self, row: Cancellation) -> str:
        return row.offer or NOTHING

    @display(description=_("Issue"), ordering="outcome")
    def shown_outcome(self, row: Cancellation) -> SafeString:
        return badge(row.get_outcome_display(), OUTCOME_KINDS.get(Outcome(row.outcome), "neutral"))


def counts(rows: Any) -> list[dict[str, Any]]:
    """{"reason", "label", "rows", "stayed"} for each reason among `rows`, most frequent first.

    `stayed`: number of those that did not end in a cancellation.
    """
    stayed = Count("pk", filter=~Q(outcome=Outcome.CANCELLED))
    reasons = rows.order_by().values("reason").annotate(rows=Count("pk"), stayed=stayed).order_by("-rows", "reason")
    labels = dict(Cancellation.Reason.choices)
    return [{**reason, "label": labels.get(reason["reason"], reason["reason"])} for reason in reasons]
