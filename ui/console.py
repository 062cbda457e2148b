"""Shared parts of the operator's console: read-only tables, filters, and actions that require a reason."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str
from unfold.widgets import UnfoldAdminTextInputWidget

from ui.console_history import AuditedAdmin
from ui.console_text import NOTHING, badge, figure, format_euros_excl_vat, moment
from ui.days import end_of_day, start_of_day
from ui.lines import Line

__all__ = [
    "NOTHING",
    "DayRangeFilter",
    "NoDeleteAdmin",
    "ReadOnlyAdmin",
    "ReasonForm",
    "act_page",
    "badge",
    "figure",
    "moment",
    "posted",
]


class ReadOnlyAdmin(AuditedAdmin):
    """A read-only model admin: nobody may add, change or delete a row."""

    list_per_page = 50
    show_full_result_count = False
    actions = None

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        """What the list's templates show beside its rows. `shown`: Django's `ChangeList`."""
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Add the context of `beside_list`; an action or an invalid filter returns a response without a list."""
        response: Any = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            context.update(self.beside_list(request, context["cl"]))
        return response  # type: ignore[no-any-return]

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """An action on chosen rows. Raises Http404 where a key is none of the table ("not-a-uuid")."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.to_python(key)
            except ValidationError as error:
                raise Http404("no such key") from error
        response: HttpResponse | None = super().response_action(request, queryset)
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NoDeleteAdmin(AuditedAdmin):
    """A model admin without deletion: a ledger or a history refers to the rows."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DayRangeFilter(RangeDateFilter):
    """Filter from a day to a day, both included, in the operator's time zone."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        name = self.parameter_name
        since = _day(self.used_parameters.get(f"{name}_from"))
        until = _day(self.used_parameters.get(f"{name}_to"))
        if since:
            queryset = queryset.filter(**{f"{name}__gte": start_of_day(since)})
        if until:
            queryset = queryset.filter(**{f"{name}__lt": end_of_day(until)})
        return queryset


def _day(text: Any) -> dt.date | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        day: dt.date | None = parse_date_str(text)
    except (ValueError, TypeError):
        return None
    return day


class ReasonForm(forms.Form):
    """A form with the reason of an action, for the audit log."""

    reason = Line(
        label=_("Motif"),
        min_length=3,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        help_text=_("Gardé dans le journal d’audit avec votre adresse et l’heure."),
        error_messages={"required": _("Donnez un motif : le journal d’audit le garde.")},
    )


class LastDayField(forms.DateField):
    """The last day of a period, which it includes. `end_of_day` gives the moment at which the period ends."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": _("Dernier jour"),
                "input_formats": ["%Y-%m-%d"],
                "widget": UnfoldAdminTextInputWidget(attrs={"type": "date"}),
                **kwargs,
            }
        )


class OptionalLastDayField(LastDayField):
    """A last day that may be blank, for a period without an end."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "help_text": _("Ce jour compris. Vide : sans fin prévue."), **kwargs})


def posted(request: HttpRequest) -> QueryDict | None:
    """Data to bind a form with: the POST data, possibly empty, or None for another method."""
    return request.POST if request.method == "POST" else None


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
    """The page of one action: explanation, form, button. `do` adds errors to the form, or returns a message."""
    if request.method == "POST" and form.is_valid():
        message = do(form)
        if form.is_valid():
            messages.success(request, message)
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


def refusable_act_page(
    admin: Any, request: HttpRequest, form: forms.Form, do: Callable[[forms.Form], str], **page: Any
) -> HttpResponse:
    """`act_page` for an act that its service may refuse: a `ValidationError` becomes an error of the form.

    A form with a method `refuse` puts the error at the field it is about.
    """

    def do_or_refuse(form: forms.Form) -> str:
        try:
            return do(form)
        except ValidationError as error:
            refuse = getattr(form, "refuse", None)
            refuse(error) if refuse else form.add_error(None, error)
            return ""

    return act_page(admin, request, form=form, do=do_or_refuse, **page)


def amount(value: Decimal) -> SafeString:
    """A cell of a price or an invoice: euros to the cent, without VAT."""
    return figure(format_euros_excl_vat(value))
