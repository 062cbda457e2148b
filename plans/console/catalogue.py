"""The operator's pages of plans, add-ons and their entitlements."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.http import operator_of
from plans import entitlements, modules
from plans.console.units import right_choices, unit_size
from plans.meters import METERS
from plans.models import AddOn, Entitlement, Plan
from plans.prices import sync_prices
from ui.console import NoDeleteAdmin, amount, badge


def module_badge(keys: list[str]) -> SafeString:
    """Whether all modules of these entitlements are installed: a product without one is neither sold nor shown."""
    missing = modules.missing(keys)
    if not missing:
        return badge(_("Installé"), "good")
    return badge(gettext("Pas encore : %(rights)s") % {"rights": ", ".join(missing)}, "neutral")


class EntitlementForm(forms.ModelForm):
    """An entitlement chosen by its name. Its limit is in the unit of that name, without trailing zeros."""

    key = forms.ChoiceField(label=_("droit"), choices=right_choices, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit = self.initial.get("limit")
        if limit is not None:
            text = f"{limit / unit_size(self.instance.key):f}"
            self.initial["limit"] = text.rstrip("0").rstrip(".") if "." in text else text
        for field in self.fields.values():
            # The visible label is the head of the column.
            field.widget.attrs["aria-label"] = str(field.label)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("limit") is not None and data.get("key"):
            data["limit"] *= unit_size(data["key"])
        if data.get("key") in METERS:
            self.instance.label = METERS[data["key"]].label
        return data


MAX_ENTITLEMENTS = 100


class EntitlementInline(TabularInline):
    form = EntitlementForm
    hide_title = True
    model = Entitlement
    extra = 0
    fields = ("key", "limit", "soft_percent", "grace_percent", "shown_module")
    readonly_fields = ("shown_module",)
    verbose_name_plural = _("droits (limite vide : sans limite)")

    @display(description=_("Module"))
    def shown_module(self, row: Entitlement) -> SafeString:
        return module_badge([row.key] if row.key else [])

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """A plan has some twenty entitlements. Without this limit, Django builds up to 2,000 forms at a POST's word."""
        return super().get_formset(
            request, obj, **{"max_num": MAX_ENTITLEMENTS, "absolute_max": MAX_ENTITLEMENTS, **kwargs}
        )


class _ProductAdmin(NoDeleteAdmin):
    """A plan or an add-on, with its entitlements and its price a month."""

    inlines = (EntitlementInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Workspaces and prices refer to a product by its code.
        return ("code",) if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        sync_prices(form.instance, actor=operator_of(request))
        entitlements.forget_all()

    @display(description=_("Par mois"), ordering="month_price")
    def shown_month(self, row: Plan | AddOn) -> SafeString:
        return amount(row.month_price)


@admin.register(Plan)
class PlanAdmin(_ProductAdmin):
    list_display = ("name", "code", "shown_month", "shown_year", "shown_offered", "position")
    fields = ("name", "code", "month_price", "year_price", "position", "is_offered")

    @display(description=_("Par an"), ordering="year_price")
    def shown_year(self, row: Plan) -> SafeString:
        return amount(row.year_price)

    @display(description=_("En vente"), ordering="is_offered")
    def shown_offered(self, row: Plan) -> SafeString:
        return badge(_("Proposée"), "good") if row.is_offered else badge(_("Retirée"), "neutral")


@admin.register(AddOn)
class AddOnAdmin(_ProductAdmin):
    list_display = ("name", "code", "shown_month", "shown_module", "description", "position")
    fields = ("name", "code", "description", "month_price", "position")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AddOn]:
        rows: QuerySet[AddOn] = super().get_queryset(request)
        return rows.prefetch_related("entitlements")

    @display(description=_("Module"))
    def shown_module(self, row: AddOn) -> SafeString:
        return module_badge([right.key for right in row.entitlements.all()])
