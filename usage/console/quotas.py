"""The console's read-only pages of quota counters and reservations."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from plans.console.units import format_quantity, right_label
from plans.meters import METERS, Kind, meter_of
from tenants.console import WithSlugAdmin
from ui.console import NOTHING, badge, figure, moment
from usage.models import QuotaCounter, Reservation

# Labels of the kinds of acts.
ACTS = {"answer": _("Réponse"), "image": _("Image"), "metered": _("Acte mesuré")}


class _WorkspaceRowAdmin(WithSlugAdmin):
    @display(description=_("Espace"), ordering="slug")
    def shown_slug(self, row: Any) -> str:
        return row.slug or NOTHING


class MeterFilter(admin.SimpleListFilter):
    """By meter, under its label."""

    title = _("compteur")
    parameter_name = "meter"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, right_label(key)) for key, meter in METERS.items() if meter.kind is not Kind.MODULE]

    def queryset(self, request: HttpRequest, queryset: QuerySet[QuotaCounter]) -> QuerySet[QuotaCounter]:
        return queryset.filter(meter=self.value()) if self.value() else queryset


@admin.register(QuotaCounter)
class QuotaCounterAdmin(_WorkspaceRowAdmin):
    list_display = ("shown_slug", "shown_meter", "shown_period", "shown_used", "shown_reserved")
    list_filter = (MeterFilter,)
    search_fields = ("meter", "slug")
    ordering = ("-period", "tenant_id", "meter")

    @display(description=_("Compteur"), ordering="meter")
    def shown_meter(self, row: QuotaCounter) -> str:
        return right_label(row.meter)

    @display(description=_("Période"), ordering="period")
    def shown_period(self, row: QuotaCounter) -> str:
        kind = meter_of(row.meter).kind
        if kind is Kind.STANDING:
            return gettext("en permanence")
        if kind is Kind.HOUR:
            return f"{formats.date_format(row.period, 'SHORT_DATE_FORMAT')} {row.hour:02d}:00"
        return formats.date_format(row.period, "YEAR_MONTH_FORMAT")

    @display(description=_("Utilisé"), ordering="used")
    def shown_used(self, row: QuotaCounter) -> SafeString:
        return figure(format_quantity(row.meter, row.used))

    @display(description=_("Réservé"), ordering="reserved")
    def shown_reserved(self, row: QuotaCounter) -> SafeString:
        return figure(format_quantity(row.meter, row.reserved))


class OpenFilter(admin.SimpleListFilter):
    title = _("état")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("En cours")), ("no", _("Réglées"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Reservation]) -> QuerySet[Reservation]:
        return queryset.filter(settled_at__isnull=self.value() == "yes") if self.value() else queryset


@admin.register(Reservation)
class ReservationAdmin(_WorkspaceRowAdmin):
    list_display = ("shown_slug", "shown_act", "shown_amounts", "shown_expires", "shown_state")
    list_filter = (OpenFilter, "act")
    search_fields = ("slug", "reference")
    ordering = ("-id",)

    @display(description=_("Acte"), ordering="act")
    def shown_act(self, row: Reservation) -> str:
        return str(ACTS.get(row.act, row.act))

    @display(description=_("Montants"))
    def shown_amounts(self, row: Reservation) -> str:
        amounts = ((right_label(meter), format_quantity(meter, Decimal(text))) for meter, text in row.amounts.items())
        return " · ".join(f"{name}\u00a0: {amount}" for name, amount in amounts)

    @display(description=_("Expire le"), ordering="expires_at")
    def shown_expires(self, row: Reservation) -> str | SafeString:
        return moment(row.expires_at)

    @display(description=_("État"), ordering="settled_at")
    def shown_state(self, row: Reservation) -> SafeString:
        return badge(_("Réglée"), "good") if row.settled_at else badge(_("En cours"), "wait")
