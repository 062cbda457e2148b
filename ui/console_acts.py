"""Admin lists whose rows are added and ended by acts of the operator, each on a page of its own."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ui.console import ReadOnlyAdmin, ReasonForm, posted, refusable_act_page
from ui.lines import Line


class ActsAdmin(ReadOnlyAdmin):
    """A read-only list with acts, and an act that ends one row for a reason."""

    # URL converter of the primary key.
    key_converter = "uuid"
    show_act_page: Callable[..., HttpResponse] = staticmethod(refusable_act_page)

    def end(self, request: HttpRequest, row: Any, reason: str) -> None:
        """End a row. Raises `ValidationError` where the service refuses."""
        raise NotImplementedError

    def end_page(self, row: Any) -> dict[str, Any]:
        """The texts of the page that ends a row: `message`, once it has ended, and what `act_page` takes."""
        raise NotImplementedError

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.end_view)
        return [path(f"<{self.key_converter}:object_id>/end/", view, name=self.url_name("end")), *super().get_urls()]

    def end_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """The page that ends one row, or 404."""
        row = get_object_or_404(self.get_queryset(request), pk=object_id)
        return self.act(
            request,
            ReasonForm(posted(request)),
            lambda form: self.end(request, row, form.cleaned_data["reason"]),
            **self.end_page(row),
        )

    def act(
        self, request: HttpRequest, form: forms.Form, do: Callable[[Any], Any], *, message: str, **page: Any
    ) -> HttpResponse:
        """The page of an act, which returns to the list with `message`."""

        def do_and_report(form: forms.Form) -> str:
            do(form)
            return message

        back = reverse(f"admin:{self.url_name('changelist')}")
        return self.show_act_page(self, request, form, do_and_report, back=back, **page)

    def act_link(self, row: Any, act: str, text: Any) -> SafeString:
        """A link to the page of an act on a row."""
        page = reverse(f"admin:{self.url_name(act)}", args=[row.pk])
        return format_html('<a class="rc-link rc-nowrap" href="{}">{}</a>', page, text)

    def url_name(self, act: str) -> str:
        """The URL name of the list (`changelist`) or of an act."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{act}"


class ChosenRowsForm(ReasonForm):
    """The reason of a list action on several rows. The form posts their keys in the fields of Django's list actions."""

    action = Line(widget=forms.HiddenInput)
    chosen = forms.MultipleChoiceField(widget=forms.MultipleHiddenInput)

    def __init__(self, request: HttpRequest, action: str, keys: Iterable[Any]) -> None:
        keys = [str(key) for key in keys]
        # The POST of the list itself has no reason: it only chooses the rows.
        data = request.POST if "reason" in request.POST else None
        super().__init__(data, initial={"action": action, ACTION_CHECKBOX_NAME: keys})
        chosen: Any = self.fields.pop("chosen")
        chosen.choices = [(key, key) for key in keys]
        # Django's field name, so that submitting this form runs the same list action again.
        self.fields[ACTION_CHECKBOX_NAME] = chosen
