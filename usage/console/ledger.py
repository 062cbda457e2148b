"""The operator's page of the usage ledger, read-only: the database role has no right to change its rows."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from tenants.console import WorkspaceFilter
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, figure, moment
from ui.console_text import format_exact_euros, two_lines
from usage.models import UsageEvent
from usage.outcome_badge import outcome_badge
from usage.selectors import usage_totals


def _shown_count(value: int | None) -> SafeString:
    return figure(NOTHING if value is None else formats.number_format(value, force_grouping=True))


@admin.register(UsageEvent)
class UsageEventAdmin(ReadOnlyAdmin):
    list_display = (
        "shown_at",
        "shown_member",
        "shown_source",
        "shown_input",
        "shown_cache_read",
        "shown_cache_write",
        "shown_output",
        "shown_cost",
        "first_token",
        "latency",
        "shown_outcome",
    )
    list_filter = (("tenant_slug", WorkspaceFilter), "outcome", "provider", "is_estimate", ("at", DayRangeFilter))
    list_filter_submit = True
    list_fullwidth = True
    search_fields = ("tenant_slug", "member_email", "assistant_name", "model")
    list_before_template = "admin/usage_totals.html"
    fieldsets = (
        (_("Qui, quand"), {"fields": ("shown_at", "tenant_slug", "member_email", "reference")}),
        (
            _("Quoi"),
            {"fields": ("assistant_name", "prompt_version", "provider", "model", "shown_outcome", "error_kind")},
        ),
        (
            _("Mesure et coût"),
            {
                "fields": (
                    "shown_input",
                    "shown_cache_read",
                    "shown_cache_write",
                    "shown_output",
                    "images",
                    "shown_cost",
                    "price_id",
                    "first_token",
                    "latency",
                )
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        return {"totals": usage_totals(shown.queryset)}

    @display(description=_("Date"), ordering="at")
    def shown_at(self, row: UsageEvent) -> str | SafeString:
        return moment(row.at)

    @display(description=_("Espace, membre"), ordering="tenant_slug")
    def shown_member(self, row: UsageEvent) -> SafeString:
        return two_lines(row.tenant_slug, row.member_email or NOTHING)

    @display(description=_("Assistant, modèle"), ordering="model")
    def shown_source(self, row: UsageEvent) -> SafeString:
        assistant = format_html(
            '{} <span class="rc-muted">{}</span>', row.assistant_name or NOTHING, row.prompt_version
        )
        return two_lines(assistant, f"{row.model} · {row.provider}")

    @display(description=_("Entrée"), ordering="input_tokens")
    def shown_input(self, row: UsageEvent) -> SafeString:
        return _shown_count(row.input_tokens)

    @display(description=_("Cache lu"), ordering="cache_read_tokens")
    def shown_cache_read(self, row: UsageEvent) -> SafeString:
        return _shown_count(row.cache_read_tokens)

    @display(description=_("Cache écrit"), ordering="cache_write_tokens")
    def shown_cache_write(self, row: UsageEvent) -> SafeString:
        return _shown_count(row.cache_write_tokens)

    @display(description=_("Sortie"), ordering="output_tokens")
    def shown_output(self, row: UsageEvent) -> SafeString:
        return _shown_count(row.output_tokens)

    @display(description=_("Coût"), ordering="cost")
    def shown_cost(self, row: UsageEvent) -> SafeString:
        return figure(format_exact_euros(row.cost))

    @display(description=_("1er mot (ms)"), ordering="first_token_ms")
    def first_token(self, row: UsageEvent) -> SafeString:
        return _shown_count(row.first_token_ms)

    @display(description=_("Durée (ms)"), ordering="latency_ms")
    def latency(self, row: UsageEvent) -> SafeString:
        return _shown_count(row.latency_ms)

    @display(description=_("Issue"), ordering="outcome")
    def shown_outcome(self, row: UsageEvent) -> SafeString:
        shown = outcome_badge(row)
        if row.is_estimate:
            return format_html('{} <span class="rc-muted" title="{}">{}</span>', shown, _estimate_help(), _("estimé"))
        return shown


def _estimate_help() -> str:
    return str(UsageEvent._meta.get_field("is_estimate").help_text)
