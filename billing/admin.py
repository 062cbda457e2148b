"""Plans and options, the ledger of acts, counters. The ledger is read only: the database refuses anything else."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import FieldTextFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.http import operator_of
from billing import console as console
from billing import console_arrears as console_arrears
from billing import console_cancellations as console_cancellations
from billing import console_discounts as console_discounts
from billing import console_quotas as console_quotas
from billing import console_revenue as console_revenue
from billing import console_subscriptions as console_subscriptions
from billing import console_terms as console_terms
from billing import console_webhooks as console_webhooks
from billing import entitlements, modules
from billing.console_parts import amount
from billing.console_units import per_unit, right_choices
from billing.meters import METERS
from billing.models import AddOn, Entitlement, Plan, UsageEvent
from billing.prices import prices_follow
from billing.selectors import usage_totals
from ui.console import (
    NOTHING,
    DayRangeFilter,
    NoDeleteAdmin,
    ReadOnlyAdmin,
    badge,
    exact_euros,
    figure,
    moment,
)
from ui.console_text import two_lines

Outcome = UsageEvent.Outcome
KINDS = {Outcome.DONE: "good", Outcome.STOPPED: "neutral", Outcome.INTERRUPTED: "warn", Outcome.FAILED: "bad"}


# dj-stripe's own lists would let Stripe's objects be edited by hand.
for model in [model for model in admin.site._registry if model._meta.app_label == "djstripe"]:
    admin.site.unregister(model)


def _count(value: int | None) -> SafeString:
    return figure(NOTHING if value is None else formats.number_format(value, force_grouping=True))


def module_badge(keys: list[str]) -> SafeString:
    """Whether what these rights promise is there; what is not is neither sold nor shown."""
    missing = modules.missing(keys)
    if not missing:
        return badge(_("Installé"), "good")
    return badge(gettext("Pas encore : %(rights)s") % {"rights": ", ".join(missing)}, "neutral")


class EntitlementForm(forms.ModelForm):
    """A right chosen by its name. Its limit is typed and read in the unit named there, without idle decimals."""

    key = forms.ChoiceField(label=_("droit"), choices=right_choices, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit = self.initial.get("limit")
        if limit is not None:
            text = f"{limit / per_unit(self.instance.key):f}"
            self.initial["limit"] = text.rstrip("0").rstrip(".") if "." in text else text
        for field in self.fields.values():
            # The label stands at the head of the column.
            field.widget.attrs["aria-label"] = str(field.label)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("limit") is not None and data.get("key"):
            data["limit"] *= per_unit(data["key"])
        if data.get("key") in METERS:
            self.instance.label = METERS[data["key"]].label
        return data


MOST_RIGHTS = 100


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
        """A plan has some twenty rights: Django would build up to 2,000 forms for a number that somebody sends."""
        return super().get_formset(request, obj, **{"max_num": MOST_RIGHTS, "absolute_max": MOST_RIGHTS, **kwargs})


@admin.register(Plan)
class PlanAdmin(NoDeleteAdmin):
    list_display = ("name", "code", "shown_month", "shown_year", "shown_offered", "position")
    fields = ("name", "code", "month_price", "year_price", "position", "is_offered")
    inlines = (EntitlementInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Workspaces name their plan by its code.
        return ("code",) if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        prices_follow(form.instance, actor=operator_of(request))
        entitlements.forget_all()

    @display(description=_("Par mois"), ordering="month_price")
    def shown_month(self, row: Plan) -> SafeString:
        return amount(row.month_price)

    @display(description=_("Par an"), ordering="year_price")
    def shown_year(self, row: Plan) -> SafeString:
        return amount(row.year_price)

    @display(description=_("En vente"), ordering="is_offered")
    def shown_offered(self, row: Plan) -> SafeString:
        return badge(_("Proposée"), "good") if row.is_offered else badge(_("Retirée"), "neutral")


@admin.register(AddOn)
class AddOnAdmin(NoDeleteAdmin):
    list_display = ("name", "code", "shown_month", "shown_module", "description", "position")
    fields = ("name", "code", "description", "month_price", "position")
    inlines = (EntitlementInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        prices_follow(form.instance, actor=operator_of(request))
        entitlements.forget_all()

    def get_queryset(self, request: HttpRequest) -> QuerySet[AddOn]:
        rows: QuerySet[AddOn] = super().get_queryset(request)
        return rows.prefetch_related("entitlements")

    @display(description=_("Module"))
    def shown_module(self, row: AddOn) -> SafeString:
        return module_badge([right.key for right in row.entitlements.all()])

    @display(description=_("Par mois"), ordering="month_price")
    def shown_month(self, row: AddOn) -> SafeString:
        return amount(row.month_price)


class WorkspaceFilter(FieldTextFilter):
    """The workspace by its short address."""


@admin.register(UsageEvent)
class UsageEventAdmin(ReadOnlyAdmin):
    list_display = (
        "shown_at",
        "shown_who",
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
    def shown_who(self, row: UsageEvent) -> SafeString:
        return two_lines(row.tenant_slug, row.member_email or NOTHING)

    @display(description=_("Assistant, modèle"), ordering="model")
    def shown_source(self, row: UsageEvent) -> SafeString:
        assistant = format_html(
            '{} <span class="rc-muted">{}</span>', row.assistant_name or NOTHING, row.prompt_version
        )
        return two_lines(assistant, f"{row.model} · {row.provider}")

    @display(description=_("Entrée"), ordering="input_tokens")
    def shown_input(self, row: UsageEvent) -> SafeString:
        return _count(row.input_tokens)

    @display(description=_("Cache lu"), ordering="cache_read_tokens")
    def shown_cache_read(self, row: UsageEvent) -> SafeString:
        return _count(row.cache_read_tokens)

    @display(description=_("Cache écrit"), ordering="cache_write_tokens")
    def shown_cache_write(self, row: UsageEvent) -> SafeString:
        return _count(row.cache_write_tokens)

    @display(description=_("Sortie"), ordering="output_tokens")
    def shown_output(self, row: UsageEvent) -> SafeString:
        return _count(row.output_tokens)

    @display(description=_("Coût"), ordering="cost")
    def shown_cost(self, row: UsageEvent) -> SafeString:
        return figure(exact_euros(row.cost))

    @display(description=_("1er mot (ms)"), ordering="first_token_ms")
    def first_token(self, row: UsageEvent) -> SafeString:
        return _count(row.first_token_ms)

    @display(description=_("Durée (ms)"), ordering="latency_ms")
    def latency(self, row: UsageEvent) -> SafeString:
        return _count(row.latency_ms)

    @display(description=_("Issue"), ordering="outcome")
    def shown_outcome(self, row: UsageEvent) -> SafeString:
        shown = badge(row.get_outcome_display(), KINDS.get(Outcome(row.outcome), "neutral"))
        if row.is_estimate:
            return format_html('{} <span class="rc-muted" title="{}">{}</span>', shown, _estimate_help(), _("estimé"))
        return shown


def _estimate_help() -> str:
    return str(UsageEvent._meta.get_field("is_estimate").help_text)
