"""History page of an object in the console: its audit log entries, including edits by a form."""

from typing import Any

from django.conf import settings
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.text import capfirst
from django.utils.translation import gettext
from unfold.admin import ModelAdmin

MAX_ENTRIES = 200
# Attributes by which audit entries may name their object, beside its key.
NAME_ATTRIBUTES = ("slug", "code", "email", "tenant_slug", "name", "label")


class AuditedAdmin(ModelAdmin):
    """`adds_audited`, `changes_audited`: a service already audits the addition or change of a row."""

    adds_audited = changes_audited = False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Use the model's plural name as the title; Django's asks to select a row."""
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, title | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: Any, *arguments: Any, obj: Any = None, **more: Any
    ) -> Any:
        """Use the row's name as the title, or the model's name if the row has none."""
        if obj is not None:
            is_named = str(obj) != Model.__str__(obj)
            context["title"] = str(obj) if is_named else capfirst(self.opts.verbose_name)
        return super().render_change_form(request, context, *arguments, obj=obj, **more)

    def audit_targets(self, obj: Any) -> list[str]:
        """The targets under which audit entries may refer to this object."""
        names = [str(getattr(obj, name, "") or "") for name in NAME_ATTRIBUTES]
        return [str(obj.pk), *(name for name in names if name)]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        # Functions named in the settings: `ui` imports no other app.
        entries = import_string(settings.AUDIT_ENTRIES)(self.audit_targets(obj))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Historique de « %(name)s »") % {"name": obj},
            "opts": self.opts,
            "object": obj,
            "entries": entries[:MAX_ENTRIES],
            "all_url": reverse("admin:accounts_auditentry_changelist"),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Write an audit entry instead of Django's log entry, in the form's transaction."""
        if not self.adds_audited:
            self._record_edit(request, obj, added=True)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        parts = [part for part in message if isinstance(part, dict)] if isinstance(message, list) else []
        changed_fields = [
            field_name for part in parts for change in part.values() for field_name in change.get("fields", [])
        ]
        rows = [
            f"{change['name']} {change['object']}" for part in parts for change in part.values() if "object" in change
        ]
        if parts and not self.changes_audited:
            self._record_edit(request, obj, fields=", ".join(map(str, [*changed_fields, *rows])))

    def _record_edit(self, request: HttpRequest, obj: Any, *, added: bool = False, **details: str) -> None:
        target = (self.audit_targets(obj)[1:] or [str(obj.pk)])[0]
        import_string(settings.AUDIT_ROW_CHANGE)(
            actor=request.user, target=target, row=str(self.opts.verbose_name), added=added, **details
        )
