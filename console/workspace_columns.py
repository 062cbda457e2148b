"""Columns and fields of a workspace in the console: name, state and figures, in one query for a list."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from analytics.selectors import with_figures
from plans.models import Plan
from tenants.models import Domain, Tenant
from tenants.selectors import tenant_url
from tenants.state_badge import state_badge
from ui.console import NOTHING, ReadOnlyAdmin, figure, moment
from ui.templatetags.ui import money, number, tokens


class WorkspaceColumns(ReadOnlyAdmin):
    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Workspaces with figures, primary host and plan name, in one query."""
        hosts = Domain.objects.filter(tenant=OuterRef("pk"), is_primary=True).values("domain")[:1]
        names = Plan.objects.filter(code=OuterRef("plan_code")).values("name")[:1]
        tenants: QuerySet[Tenant] = with_figures(super().get_queryset(request)).annotate(
            primary_host=Subquery(hosts), plan_name=Subquery(names)
        )
        return tenants

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
    def shown_state(self, row: Tenant) -> str | SafeString:
        return state_badge(row.state)

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
    def shown_created(self, row: Tenant) -> str | SafeString:
        return moment(row.created_at)
