"""Lists of the console whose rows are in one of a few cases: their filter, and their totals above the list."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

# Label, kind of badge (ui.console_text.badge), condition.
Case = tuple[Any, str, Q]
PARAMETER = "case"


class CaseFilter(admin.SimpleListFilter):
    """Filter by case. A subclass names its `cases` by key."""

    title = _("état")
    parameter_name = PARAMETER
    cases: ClassVar[Mapping[str, Case]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, label) for key, (label, _kind, _condition) in self.cases.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        case = self.cases.get(self.value() or "")
        return queryset.filter(case[2]) if case else queryset


def case_totals(cases: Mapping[str, Case], counts: Mapping[str, Any], request: HttpRequest) -> list[dict[str, Any]]:
    """The rows of admin/case_totals.html: each case with its number of rows, and whether the list shows it alone."""
    chosen = request.GET.get(PARAMETER, "")
    return [
        {"key": key, "label": label, "rows": counts[key], "chosen": key == chosen}
        for key, (label, _kind, _condition) in cases.items()
    ]
