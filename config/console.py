"""What the pages of the operator's console share: read-only tables, badges, figures, and acts that ask for a reason."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str
from unfold.widgets import UnfoldAdminTextInputWidget

NOTHING = "—"
MIDNIGHT = dt.time()


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows to read. Nothing here adds, changes or deletes one, whoever asks."""

    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NoDeleteAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows that are changed and put aside, never deleted: a ledger or a history names them."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DayRangeFilter(RangeDateFilter):  # type: ignore[misc]
    """From a day to a day, both included, in the operator's time zone."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        name = self.parameter_name
        since = _day(self.used_parameters.get(f"{name}_from"))
        until = _day(self.used_parameters.get(f"{name}_to"))
        if since:
            queryset = queryset.filter(**{f"{name}__gte": _start_of(since)})
        if until:
            queryset = queryset.filter(**{f"{name}__lt": _start_of(until + dt.timedelta(days=1))})
        return queryset


def _day(text: Any) -> dt.date | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        found: dt.date | None = parse_date_str(text)
    except (ValueError, TypeError):
        return None
    return found


def _start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, MIDNIGHT))


def badge(text: Any, kind: str = "neutral") -> SafeString:
    """A state in words, with a mark of its own shape. Kinds: good, wait, warn, bad, neutral."""
    return format_html('<span class="rc-badge rc-badge-{}">{}</span>', kind, text)


def figure(text: Any) -> SafeString:
    """A number, on the right, with figures of one width."""
    return format_html('<span class="rc-num">{}</span>', text)


def moment(value: dt.datetime | None) -> str | SafeString:
    """A date and hour in the reader's zone, the exact time on hover."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}" class="rc-nowrap">{}</time>',
        value.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S %Z"),
        formats.date_format(local, "SHORT_DATETIME_FORMAT"),
    )


def exact_euros(value: Decimal | None) -> str:
    """Euros as they are, never rounded: six decimals at least, more where there are more."""
    if value is None:
        return NOTHING
    text = f"{value:.12f}"
    digits = text[:-6] + text[-6:].rstrip("0")
    whole, _point, decimals = digits.partition(".")
    separator = formats.get_format("DECIMAL_SEPARATOR")
    grouped = formats.number_format(int(whole), force_grouping=True)
    sign = "-" if whole.startswith("-") and grouped == "0" else ""
    return f"{sign}{grouped}{separator}{decimals}\u00a0€"


class ReasonForm(forms.Form):
    """Why. The audit log keeps it."""

    reason = forms.CharField(
        label=_("Motif"),
        min_length=3,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        help_text=_("Gardé dans le journal d’audit avec votre adresse et l’heure."),
        error_messages={"required": _("Donnez un motif : le journal d’audit le garde.")},
    )


def act_page(
    admin: Any,
    request: HttpRequest,
    *,
    title: Any,
    explanation: Any,
    button: Any,
    form: forms.Form,
    do: Callable[[forms.Form], Any],
    back: str,
    danger: bool = False,
) -> HttpResponse:
    """One act on one page: what it does, its form, its button. `do` may add errors to the form; else back with its word."""
    if request.method == "POST" and form.is_valid():
        said = do(form)
        if form.is_valid():
            messages.success(request, said)
            return redirect(back)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.model._meta,
        "title": title,
        "explanation": explanation,
        "button": button,
        "form": form,
        "back": back,
        "danger": danger,
    }
    status = 400 if form.is_bound and form.errors else 200
    return TemplateResponse(request, "admin/act.html", context, status=status)
