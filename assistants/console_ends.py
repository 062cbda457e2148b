"""Column and filter of the models' end dates in the console."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistants.ends import WARNING_DAYS
from assistants.models import Model
from ui.console import NOTHING, badge
from ui.console_text import two_lines

SOON_DAYS = max(WARNING_DAYS)


class EndFilter(admin.SimpleListFilter):
    """Filter by the end date."""

    title = _("fin")
    parameter_name = "end"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("soon", _("Dans 60 jours")), ("ended", _("Terminés")), ("open", _("Sans fin connue"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        today = timezone.localdate()
        filters: dict[str, dict[str, Any]] = {
            "soon": {"ends_on__gt": today, "ends_on__lte": today + dt.timedelta(days=SOON_DAYS)},
            "ended": {"ends_on__lte": today},
            "open": {"ends_on": None},
        }
        return queryset.filter(**filters.get(self.value() or "", {}))


def end_badge(row: Model) -> str | SafeString:
    """The end date, coloured by its distance, with the fallback model."""
    if row.ends_on is None:
        return NOTHING
    days_left = (row.ends_on - timezone.localdate()).days
    kind = "bad" if days_left <= 0 else "warn" if days_left <= SOON_DAYS else "neutral"
    day = badge(formats.date_format(row.ends_on, "SHORT_DATE_FORMAT"), kind)
    fallback = f"→ {row.fallback.label}" if row.fallback else gettext("sans remplaçant")
    return two_lines(day, fallback)
