"""The operator's workspaces.

The pages of `tenants.Tenant` stand here, under the roof: they show figures of `analytics` and plans of `billing`,
and `tenants`, the ground, imports neither. They write nothing themselves: every act is a service of `tenants`.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from accounts.http import operator_of
from accounts.models import AuditEntry
from analytics.selectors import with_figures
from billing.models import Plan
from billing.selectors import gauges, plan_of
from billing.stripe.status import current
from console.forms import DeleteForm, NewWorkspaceForm, PlanForm, TrialForm, slug_problem
from tenants import services, trials
from tenants.models import Domain, Tenant
from tenants.selectors import tenant_url
from ui.console import NOTHING, ReadOnlyAdmin, ReasonForm, act_page, badge, figure, moment, posted
from ui.templatetags.ui import money, number, tokens

State = Tenant.State
KINDS = {
    State.TRIAL: "wait",
    State.ACTIVE: "good",
    State.PAST_DUE: "warn",
    State.SUSPENDED: "bad",
    State.CLOSED: "neutral",
}
# Which errors of the service belong to which field of the form.
FIELD_OF = {
    "slug_length": "slug",
    "slug_shape": "slug",
    "slug_reserved": "slug",
    "slug_taken": "slug",
    "name_required": "name",
    "control_characters": "name",
    "plan_unknown": "plan",
    "invalid": "email",
}


class PlanFilter(admin.SimpleListFilter):
    title = _("offre")
    parameter_name = "plan"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Plan.objects.values_list("code", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> QuerySet[Tenant]:
        return queryset.filter(plan_code=self.value()) if self.value() else queryset


@admin.register(Tenant)
class TenantAdmin(ReadOnlyAdmin):
    list_display = (
        "shown_name",
        "shown_state",
        "shown_plan",
        "shown_contents",
        "shown_tokens",
        "shown_cost",
        "shown_activity",
    )
    list_filter = ("state", PlanFilter)
    search_fields = ("name", "slug", "email")
    search_help_text = _("Nom, adresse courte ou e-mail du propriétaire")
    list_display_links = None
    actions_list = ("new_workspace",)
    actions_detail = (
        "change_plan",
        "extend_trial",
        "suspend",
        "resume",
        {"title": _("Fin de vie"), "icon": "more_horiz", "items": ["close", "delete_now"]},
    )
    change_form_outer_after_template = "admin/workspace_after.html"
    fieldsets: ClassVar = (
        (_("Espace"), {"fields": ("name", "address", "email", "language", "shown_plan")}),
        (_("État"), {"fields": ("shown_state", "state_reason", "since", "trial_end", "shown_activity")}),
        (_("Ce mois-ci"), {"fields": ("shown_contents", "shown_tokens", "shown_cost")}),
        (_("Technique"), {"fields": ("shown_schema", "shown_key", "made"), "classes": ("collapse",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """One query for the whole list: figures, address and plan come with each row."""
        hosts = Domain.objects.filter(tenant=OuterRef("pk"), is_primary=True).values("domain")[:1]
        names = Plan.objects.filter(code=OuterRef("plan_code")).values("name")[:1]
        found: QuerySet[Tenant] = with_figures(super().get_queryset(request)).annotate(
            primary_host=Subquery(hosts), plan_name=Subquery(names)
        )
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    def get_urls(self) -> list[Any]:
        own = [path("slug/", self.admin_site.admin_view(self.slug_view), name="tenants_tenant_slug")]
        return [*own, *super().get_urls()]

    # what is shown

    @display(description=_("Espace"), ordering="name")
    def shown_name(self, row: Any) -> SafeString:
        return format_html(
            '<span class="rc-two"><a class="rc-strong" href="{}">{}</a><br>{}</span>',
            reverse("admin:tenants_tenant_change", args=[row.pk]),
            row.name,
            self.address(row),
        )

    @display(description=_("Adresse"))
    def address(self, row: Any) -> SafeString | str:
        if not row.primary_host:
            return NOTHING
        return format_html(
            '<a class="rc-link rc-nowrap" href="{}" target="_blank" rel="noopener">{}</a>',
            tenant_url(row.primary_host),
            row.primary_host,
        )

    @display(description=_("État"), ordering="state")
    def shown_state(self, row: Tenant) -> SafeString:
        return badge(row.get_state_display(), KINDS.get(State(row.state), "neutral"))

    @display(description=_("Offre"), ordering="plan_code")
    def shown_plan(self, row: Any) -> str:
        return str(row.plan_name or row.plan_code)

    @display(description=_("Contenus"), ordering="contents")
    def shown_contents(self, row: Any) -> SafeString:
        return figure(number(row.contents))

    @display(description=_("Jetons (mois)"), ordering="tokens")
    def shown_tokens(self, row: Any) -> SafeString:
        return format_html('<span class="rc-num" title="{}">{}</span>', number(row.tokens), tokens(row.tokens))

    @display(description=_("Coût (mois)"), ordering="cost")
    def shown_cost(self, row: Any) -> SafeString:
        return format_html('<span class="rc-num" title="{} €">{}</span>', row.cost, money(row.cost))

    @display(description=_("Dernière activité"), ordering="last_activity")
    def shown_activity(self, row: Any) -> str | SafeString:
        return moment(row.last_activity)

    @display(description=_("Depuis"))
    def since(self, row: Tenant) -> str | SafeString:
        return moment(row.state_since)

    @display(description=_("Fin de l’essai"))
    def trial_end(self, row: Tenant) -> str | SafeString:
        return moment(row.trial_ends_at)

    @display(description=_("Schéma"))
    def shown_schema(self, row: Tenant) -> str:
        return str(row.schema_name)

    @display(description=_("Clé"))
    def shown_key(self, row: Tenant) -> str:
        return str(row.pk)

    @display(description=_("Créé le"))
    def made(self, row: Tenant) -> str | SafeString:
        return moment(row.created_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        tenant = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if tenant is not None:
            ref = tenant.ref(tenant.primary_host or "")
            context["gauges"] = gauges(ref, [key for key in ("ai_tokens", "ai_euros") if key in plan_of(ref)["limits"]])
            context["journal"] = AuditEntry.objects.filter(target=tenant.slug)[:10]
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response

    # acts

    def _state(self, request: HttpRequest, object_id: Any) -> str:
        """The state of the workspace on this page, asked once a request."""
        known: dict[str, str] = request.__dict__.setdefault("_tenant_states", {})
        key = str(object_id)
        if key not in known:
            try:
                known[key] = Tenant.objects.values_list("state", flat=True).filter(pk=key).first() or ""
            except ValidationError:
                known[key] = ""
        return known[key]

    def has_suspend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._state(request, object_id) in (State.TRIAL, State.ACTIVE, State.PAST_DUE)

    def has_resume_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._state(request, object_id) in (State.SUSPENDED, State.PAST_DUE, State.CLOSED)

    def has_extend_trial_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._state(request, object_id) in (State.TRIAL, State.SUSPENDED)

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._state(request, object_id) not in (State.CLOSED, "")

    @staticmethod
    def _page_of(tenant: Tenant) -> str:
        return reverse("admin:tenants_tenant_change", args=[tenant.pk])

    @staticmethod
    def _found(object_id: str) -> Tenant:
        try:
            return get_object_or_404(Tenant, pk=object_id)
        except ValidationError as error:
            raise Http404 from error

    def _and_ends(self, object_id: str, explanation: str) -> str:
        """What closing or deleting does, and that it ends the subscription (billing/stripe/closing.py)."""
        if not current(self._found(object_id).ref("")).is_live:
            return explanation
        return f"{explanation} {gettext('Son abonnement chez Stripe est résilié aussitôt, sans remboursement.')}"

    def _and_not_back(self, object_id: str, explanation: str) -> str:
        """What opening again does, and that the subscription stays ended."""
        tenant = self._found(object_id)
        known = current(tenant.ref(""))
        if tenant.state != State.CLOSED or known.is_live or not known.status:
            return explanation
        said = gettext("Son abonnement chez Stripe a pris fin : le rétablir ne le ramène pas.")
        return f"{explanation} {said}"

    def _act(self, request: HttpRequest, object_id: str, service: Any, said: str, **page: Any) -> HttpResponse:
        """One of the services that take a reason and an actor."""
        tenant = self._found(object_id)

        def do(form: Any) -> str:
            service(tenant_id=tenant.pk, actor=operator_of(request).email, **form.cleaned_data)
            return said % {"name": tenant.name}

        page["title"] = page["title"] % {"name": tenant.name}
        form = page.pop("form", None) or ReasonForm(posted(request))
        return act_page(self, request, form=form, do=do, back=self._page_of(tenant), **page)

    @action(description=_("Suspendre"), url_path="suspend", icon="pause", permissions=["suspend"])
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._act(
            request,
            object_id,
            services.tenant_suspend,
            gettext("« %(name)s » est suspendu."),
            title=gettext("Suspendre « %(name)s »"),
            explanation=_(
                "L’espace passe en lecture seule : ses membres se connectent, lisent, téléchargent et paient, "
                "mais rien n’est plus écrit ni généré."
            ),
            button=_("Suspendre l’espace"),
        )

    @action(description=_("Rétablir"), url_path="resume", icon="play_arrow", permissions=["resume"])
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._act(
            request,
            object_id,
            services.tenant_resume,
            gettext("« %(name)s » est rétabli."),
            title=gettext("Rétablir « %(name)s »"),
            explanation=self._and_not_back(
                object_id, gettext("L’espace reprend aussitôt : en essai si l’essai court encore, sinon actif.")
            ),
            button=_("Rétablir l’espace"),
        )

    @action(description=_("Prolonger l’essai"), url_path="trial", icon="event", permissions=["extend_trial"])
    def extend_trial(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self._found(object_id)

        def do(form: Any) -> str:
            told = {"reason": form.cleaned_data["reason"], "actor": operator_of(request).email}
            try:
                trials.extend_trial(tenant_id=tenant.pk, ends_at=form.ends_at(), **told)
            except ValidationError as error:
                form.add_error("last_day", error)
            return gettext("L’essai de « %(name)s » est prolongé.") % {"name": tenant.name}

        return act_page(
            self,
            request,
            title=gettext("Prolonger l’essai de « %(name)s »") % {"name": tenant.name},
            explanation=_(
                "L’espace reste ouvert jusqu’au soir de ce jour ; suspendu en fin d’essai, il rouvre aussitôt."
            ),
            button=_("Prolonger l’essai"),
            form=TrialForm(posted(request)),
            do=do,
            back=self._page_of(tenant),
        )

    @action(description=_("Changer d’offre"), url_path="plan", icon="swap_horiz")
    def change_plan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self._found(object_id)
        return self._act(
            request,
            object_id,
            services.change_plan,
            gettext("L’offre de « %(name)s » est changée."),
            title=gettext("Changer l’offre de « %(name)s »"),
            explanation=_("Les droits de la nouvelle offre s’appliquent aussitôt. Ce qui est utilisé reste compté."),
            button=_("Changer d’offre"),
            form=PlanForm(posted(request), initial={"plan": tenant.plan_code}),
        )

    @action(description=_("Fermer…"), url_path="close", icon="lock", permissions=["close"])
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._act(
            request,
            object_id,
            services.tenant_close,
            gettext("« %(name)s » est fermé."),
            title=gettext("Fermer « %(name)s »"),
            explanation=self._and_ends(
                object_id,
                gettext(
                    "Seuls les propriétaires se connectent encore, pour exporter. "
                    "L’espace est supprimé 30 jours plus tard ; d’ici là, vous pouvez le rétablir."
                ),
            ),
            button=_("Fermer l’espace"),
            danger=True,
        )

    @action(description=_("Supprimer…"), url_path="delete-now", icon="delete_forever", variant=ActionVariant.DANGER)
    def delete_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self._found(object_id)

        def do(form: Any) -> str:
            services.tenant_delete_now(tenant_id=tenant.pk, actor=operator_of(request).email, **form.cleaned_data)
            return gettext("« %(name)s » est supprimé. Son certificat de suppression est gardé.") % {
                "name": tenant.name
            }

        form = DeleteForm(posted(request), slug=tenant.slug)
        done = request.method == "POST" and form.is_valid()
        return act_page(
            self,
            request,
            title=gettext("Supprimer « %(name)s » pour toujours") % {"name": tenant.name},
            explanation=self._and_ends(
                object_id,
                gettext(
                    "Toutes les données et tous les fichiers de l’espace disparaissent maintenant, sans retour. "
                    "Restent un certificat et les pièces comptables. Pour confirmer, saisissez « %(slug)s »."
                )
                % {"slug": tenant.slug},
            ),
            button=_("Supprimer pour toujours"),
            form=form,
            do=do,
            back=reverse("admin:tenants_tenant_changelist") if done else self._page_of(tenant),
            danger=True,
        )

    # a new workspace

    def slug_view(self, request: HttpRequest) -> JsonResponse:
        """Asked while the slug is typed: may it be had, and where would it be?"""
        slug = request.GET.get("slug", "").strip().lower()
        problem = slug_problem(slug)
        said = str(problem.message % (problem.params or {})) if problem else ""
        if problem is None:
            said = gettext("Libre : %(url)s") % {"url": tenant_url(_host(slug))}
        return JsonResponse({"ok": problem is None, "said": said})

    @action(description=_("Nouvel espace"), url_path="new", icon="add", variant=ActionVariant.PRIMARY)
    def new_workspace(self, request: HttpRequest) -> HttpResponse:
        form = NewWorkspaceForm(posted(request))
        made = self._create(request, form) if request.method == "POST" and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("Nouvel espace"),
            "form": form,
            "made": made,
            "notes": ["slug"],
            "button": _("Créer l’espace"),
            "back": reverse("admin:tenants_tenant_changelist"),
        }
        response = TemplateResponse(
            request, "admin/workspace_new.html", context, status=400 if form.is_bound and form.errors else 200
        )
        # The page that shows a password is kept nowhere.
        response["Cache-Control"] = "no-store"
        return response

    def _create(self, request: HttpRequest, form: NewWorkspaceForm) -> services.CreatedWorkspace | None:
        try:
            made = services.tenant_create(**form.cleaned_data, actor=operator_of(request).email)
        except ValidationError as error:
            for one in error.error_list:
                form.add_error(FIELD_OF.get(one.code or ""), one)
            return None
        except IntegrityError:
            # Somebody took the address between our look and our write.
            form.add_error("slug", gettext("Cette adresse vient d’être prise : choisissez-en une autre."))
            return None
        return made

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Django's own address of "add" leads to our form."""
        if request.method == "POST":
            messages.error(request, _("Un espace se crée par ce formulaire."))
        return redirect("admin:tenants_tenant_new_workspace")


def _host(slug: str) -> str:
    return f"{slug}.{settings.BASE_HOST}"
