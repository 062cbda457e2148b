"""Page of a new workspace, and the check of its slug while it is typed."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts.http import operator_of
from console.forms import NewWorkspaceForm, slug_problem
from tenants import services
from tenants.selectors import tenant_url
from ui.console import ReadOnlyAdmin, posted

# Error code of the service -> field of the form.
FIELD_BY_ERROR_CODE = {
    "slug_length": "slug",
    "slug_shape": "slug",
    "slug_reserved": "slug",
    "slug_taken": "slug",
    "name_required": "name",
    "control_characters": "name",
    "plan_unknown": "plan",
    "invalid": "email",
}


class WorkspaceCreation(ReadOnlyAdmin):
    def get_urls(self) -> list[Any]:
        own = [path("slug/", self.admin_site.admin_view(self.slug_view), name="tenants_tenant_slug")]
        return [*own, *super().get_urls()]

    def slug_view(self, request: HttpRequest) -> JsonResponse:
        """JSON for the form: `ok`, whether the slug is free, and `message` with its URL or the problem."""
        slug = request.GET.get("slug", "").strip().lower()
        problem = slug_problem(slug)
        message = str(problem.message % (problem.params or {})) if problem else ""
        if problem is None:
            message = gettext("Libre : %(url)s") % {"url": tenant_url(_host(slug))}
        return JsonResponse({"ok": problem is None, "message": message})

    @action(description=_("Nouvel espace"), url_path="new", icon="add", variant=ActionVariant.PRIMARY)
    def new_workspace(self, request: HttpRequest) -> HttpResponse:
        form = NewWorkspaceForm(posted(request))
        created = self._create(request, form) if request.method == "POST" and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("Nouvel espace"),
            "form": form,
            "created": created,
            "notes": ["slug"],
            "button": _("Créer l’espace"),
            "back": reverse("admin:tenants_tenant_changelist"),
        }
        response = TemplateResponse(
            request, "admin/workspace_new.html", context, status=400 if form.is_bound and form.errors else 200
        )
        # The page shows a password.
        response["Cache-Control"] = "no-store"
        return response

    def _create(self, request: HttpRequest, form: NewWorkspaceForm) -> services.CreatedWorkspace | None:
        try:
            return services.tenant_create(**form.cleaned_data, actor=operator_of(request).email)
        except ValidationError as error:
            for field_error in error.error_list:
                form.add_error(FIELD_BY_ERROR_CODE.get(field_error.code or ""), field_error)
            return None
        except IntegrityError:
            # Another request took the slug after the check.
            form.add_error("slug", gettext("Cette adresse vient d’être prise : choisissez-en une autre."))
            return None

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Redirect Django's "add" URL to our form."""
        if request.method == "POST":
            messages.error(request, _("Un espace se crée par ce formulaire."))
        return redirect("admin:tenants_tenant_new_workspace")


def _host(slug: str) -> str:
    return f"{slug}.{settings.BASE_HOST}"
