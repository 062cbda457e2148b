"""The pages of the job queues, which are django-rq's own, in the console."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_rq.admin import QueueAdmin
from django_rq.models import Dashboard

admin.site.unregister(Dashboard)


@admin.register(Dashboard)
class QueuesAdmin(QueueAdmin):  # type: ignore[misc]
    """django-rq hangs its pages on a model that has no table: there is no row to show, change or delete."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> None:
        return None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
