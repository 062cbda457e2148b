"""Read-only console page of the daily figures of each workspace."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from analytics.models import DailyFigures
from tenants.models import Tenant
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, figure, moment
from ui.console_text import format_exact_euros


def _number(value: int) -> SafeString:
    return figure(formats.number_format(value, force_grouping=True))


@admin.register(DailyFigures)
class DailyFiguresAdmin(ReadOnlyAdmin):
    list_display = (
        "day",
        "shown_slug",
        "shown_contents",
        "shown_answers",
        "shown_failures",
        "shown_tokens",
        "shown_cost",
        "shown_people",
        "shown_activity",
    )
    list_display_links = None
    list_filter = (("day", DayRangeFilter),)
    list_filter_submit = True
    search_fields = ("slug",)
    search_help_text = _("Adresse courte de l’espace")
    ordering = ("-day", "-tokens")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        slugs = Tenant.objects.filter(pk=OuterRef("tenant_id")).values("slug")[:1]
        return super().get_queryset(request).annotate(slug=Subquery(slugs))  # type: ignore[no-any-return]

    @display(description=_("Espace"), ordering="slug")
    def shown_slug(self, row: Any) -> str:
        return row.slug or NOTHING

    @display(description=_("Contenus"), ordering="contents")
    def shown_contents(self, row: DailyFigures) -> SafeString:
        return _number(row.contents)

    @display(description=_("Réponses"), ordering="answers")
    def shown_answers(self, row: DailyFigures) -> SafeString:
        return _number(row.answers)

    @display(description=_("Échecs"), ordering="failures")
    def shown_failures(self, row: DailyFigures) -> SafeString:
        return _number(row.failures)

    @display(description=_("Jetons"), ordering="tokens")
    def shown_tokens(self, row: DailyFigures) -> SafeString:
        return _number(row.tokens)

    @display(description=_("Coût"), ordering="cost")
    def shown_cost(self, row: DailyFigures) -> SafeString:
        return figure(format_exact_euros(row.cost))

    @display(description=_("Personnes"), ordering="active_members")
    def shown_people(self, row: DailyFigures) -> SafeString:
        return _number(row.active_members)

    @display(description=_("Dernière activité"), ordering="last_activity")
    def shown_activity(self, row: DailyFigures) -> str | SafeString:
        return moment(row.last_activity)
