"""The operator's pages of overrides and add-ons granted to a workspace. The services of plans/grants.py write."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from accounts.http import operator_of
from plans import grants
from plans.console.forms import AddOnForm, OverrideForm
from plans.console.units import format_quantity, right_label
from plans.meters import METERS
from plans.models import AddOn, Override, TenantAddOn
from tenants.console import WithSlugAdmin
from ui.console import NOTHING, badge, figure, moment, posted
from ui.console_acts import ActsAdmin


class _GrantAdmin(ActsAdmin, WithSlugAdmin):
    """Grants to workspaces, made by one act and ended by another."""

    @display(description=_("Espace"), ordering="slug")
    def shown_slug(self, row: Any) -> str | SafeString:
        if not row.slug:
            return NOTHING
        page = reverse("admin:tenants_tenant_change", args=[row.tenant_id])
        return format_html('<a class="rc-link" href="{}">{}</a>', page, row.slug)


class RightFilter(admin.SimpleListFilter):
    """By right, under its label."""

    title = _("droit")
    parameter_name = "key"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, right_label(key)) for key in METERS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Override]) -> QuerySet[Override]:
        return queryset.filter(key=self.value()) if self.value() else queryset


@admin.register(Override)
class OverrideAdmin(_GrantAdmin):
    list_display = ("shown_slug", "shown_key", "shown_limit", "reason", "granted_by", "shown_until", "shown_state")
    list_filter = (RightFilter,)
    search_fields = ("slug", "reason", "granted_by")
    actions_list = ("grant",)

    @action(description=_("Accorder une dérogation"), url_path="grant", icon="add", variant=ActionVariant.PRIMARY)
    def grant(self, request: HttpRequest) -> HttpResponse:
        def do(form: Any) -> None:
            data = form.cleaned_data
            grants.override_grant(
                tenant_id=data["slug"].pk,
                key=data["key"],
                limit=data["limit"],
                reason=data["reason"],
                expires_at=form.ends_at(),
                actor=operator_of(request),
            )

        return self.act(
            request,
            OverrideForm(posted(request), initial={"slug": request.GET.get("slug", "")}),
            do,
            message=gettext("La dérogation est accordée."),
            title=_("Accorder une dérogation"),
            explanation=_(
                "Elle passe avant l’offre et les options de cet espace, aussitôt et jusqu’à son dernier jour. "
                "Une dérogation plus ancienne pour le même droit prend fin."
            ),
            button=_("Accorder"),
        )

    def end(self, request: HttpRequest, row: Any, reason: str) -> None:
        grants.override_end(override_id=row.pk, reason=reason, actor=operator_of(request))

    def end_page(self, row: Any) -> dict[str, Any]:
        return {
            "message": gettext("La dérogation est terminée."),
            "title": gettext("Terminer la dérogation « %(right)s »") % {"right": right_label(row.key)},
            "explanation": _("L’offre et les options de l’espace s’appliquent de nouveau, aussitôt."),
            "button": _("Terminer"),
        }

    @display(description=_("Droit"), ordering="key")
    def shown_key(self, row: Override) -> str:
        return right_label(row.key)

    @display(description=_("Limite"), ordering="limit")
    def shown_limit(self, row: Override) -> SafeString:
        return figure(format_quantity(row.key, row.limit))

    @display(description=_("Jusqu’au"), ordering="expires_at")
    def shown_until(self, row: Override) -> str | SafeString:
        return moment(row.expires_at)

    @display(description=_("État"), ordering="ended_at")
    def shown_state(self, row: Override) -> SafeString:
        if row.ended_at is not None or (row.expires_at and row.expires_at <= timezone.now()):
            return badge(_("Terminée"), "neutral")
        return self.act_link(row, "end", _("Terminer…"))


class AddOnFilter(admin.SimpleListFilter):
    """By add-on, under its name."""

    title = _("option")
    parameter_name = "add_on"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(add_on.code, gettext(add_on.name)) for add_on in AddOn.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TenantAddOn]) -> QuerySet[TenantAddOn]:
        return queryset.filter(add_on=self.value()) if self.value() else queryset


@admin.register(TenantAddOn)
class TenantAddOnAdmin(_GrantAdmin):
    list_display = ("shown_slug", "shown_add_on", "quantity", "source", "shown_since", "shown_until", "shown_state")
    list_filter = (AddOnFilter, "source")
    list_select_related = ("add_on",)
    search_fields = ("slug",)
    actions_list = ("give",)

    @action(description=_("Donner une option"), url_path="give", icon="add", variant=ActionVariant.PRIMARY)
    def give(self, request: HttpRequest) -> HttpResponse:
        def do(form: Any) -> None:
            data = form.cleaned_data
            grants.add_on_grant(
                tenant_id=data["slug"].pk,
                add_on=data["add_on"],
                quantity=data["quantity"],
                reason=data["reason"],
                until=form.ends_at(),
                actor=operator_of(request),
            )

        return self.act(
            request,
            AddOnForm(posted(request), initial={"slug": request.GET.get("slug", ""), "quantity": 1}),
            do,
            message=gettext("L’option est donnée."),
            title=_("Donner une option"),
            explanation=_("L’espace en dispose aussitôt, sans abonnement et sans facture."),
            button=_("Donner l’option"),
        )

    def end(self, request: HttpRequest, row: Any, reason: str) -> None:
        grants.add_on_revoke(tenant_add_on_id=row.pk, reason=reason, actor=operator_of(request))

    def end_page(self, row: Any) -> dict[str, Any]:
        return {
            "message": gettext("L’option est retirée."),
            "title": gettext("Retirer l’option « %(name)s »") % {"name": gettext(row.add_on.name)},
            "explanation": _("Ce qu’elle apporte disparaît aussitôt de l’espace. Rien n’y est effacé."),
            "button": _("Retirer l’option"),
            "danger": True,
        }

    @display(description=_("Option"), ordering="add_on")
    def shown_add_on(self, row: TenantAddOn) -> str:
        return gettext(row.add_on.name)

    @display(description=_("Depuis"), ordering="since")
    def shown_since(self, row: TenantAddOn) -> str | SafeString:
        return moment(row.since)

    @display(description=_("Jusqu’au"), ordering="until")
    def shown_until(self, row: TenantAddOn) -> str | SafeString:
        return moment(row.until)

    @display(description=_("État"), ordering="until")
    def shown_state(self, row: TenantAddOn) -> SafeString:
        if row.until is not None and row.until <= timezone.now():
            return badge(_("Terminée"), "neutral")
        if row.source != TenantAddOn.Source.OPERATOR:
            return badge(_("Par abonnement"), "good")
        return self.act_link(row, "end", _("Retirer…"))
