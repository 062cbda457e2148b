"""An object's history in the console: the audit log's lines that name it. Edits by a form leave a line too."""

from typing import Any

from django.apps import apps
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

MOST = 200
# By what the audit log's lines name their object, beside its key.
NAMES = ("slug", "code", "email", "tenant_slug", "name", "label")


class AuditedAdmin(ModelAdmin):
    """`adds_audited`, `changes_audited`: adding a row, or changing one, is an audited service of its own."""

    adds_audited = changes_audited = False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Named by what it lists; Django's own title asks to choose a row."""
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, title | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: Any, *arguments: Any, obj: Any = None, **more: Any
    ) -> Any:
        """Named by its row, or by what it is where the row has no name for people."""
        if obj is not None:
            is_named = str(obj) != Model.__str__(obj)
            context["title"] = str(obj) if is_named else capfirst(self.opts.verbose_name)
        return super().render_change_form(request, context, *arguments, obj=obj, **more)

    def audit_targets(self, obj: Any) -> list[str]:
        """What the audit log may call this object."""
        names = [str(getattr(obj, name, "") or "") for name in NAMES]
        return [str(obj.pk), *(name for name in names if name)]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        # By its name: the ground's pages have a history too, and import no app above them.
        log = apps.get_model("accounts", "AuditEntry")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Historique de « %(name)s »") % {"name": obj},
            "opts": self.opts,
            "object": obj,
            "entries": log._default_manager.filter(target__in=self.audit_targets(obj))[:MOST],
            "all_url": reverse("admin:accounts_auditentry_changelist"),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """In the transaction of the form, in place of Django's own log."""
        if not self.adds_audited:
            self._keep(request, obj, added=True)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        parts = [part for part in message if isinstance(part, dict)] if isinstance(message, list) else []
        said = [named for part in parts for how in part.values() for named in how.get("fields", [])]
        rows = [f"{how['name']} {how['object']}" for part in parts for how in part.values() if "object" in how]
        if parts and not self.changes_audited:
            self._keep(request, obj, fields=", ".join(map(str, [*said, *rows])))

    def _keep(self, request: HttpRequest, obj: Any, *, added: bool = False, **details: str) -> None:
        target = (self.audit_targets(obj)[1:] or [str(obj.pk)])[0]
        import_string("accounts.services.row_kept")(
            actor=request.user, target=target, row=str(self.opts.verbose_name), added=added, **details
        )
