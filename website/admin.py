"""The operator's pages of leads and of the site's audience."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.http import operator_of
from ui.console import (
    NOTHING,
    DayRangeFilter,
    NoDeleteAdmin,
    ReadOnlyAdmin,
    ReasonForm,
    act_page,
    badge,
    moment,
    posted,
)
from website import audience, leads
from website.console import articles, legal  # noqa: F401 - register their pages
from website.models import Lead, SiteCount

State = Lead.State
KINDS = {State.NEW: "wait", State.ANSWERED: "neutral", State.WON: "good", State.LOST: "neutral"}


@admin.register(Lead)
class LeadAdmin(NoDeleteAdmin):
    """State and note are the team's; what was sent is read-only. A lead is erased when its person asks for it."""

    list_display = ("shown_name", "company", "email", "shown_state", "source", "shown_created")
    list_filter = ("state", "wants_news", ("created_at", DayRangeFilter))
    list_filter_submit = True
    search_fields = ("name", "email", "company", "message")
    fields = (
        "state",
        "note",
        "name",
        "shown_mail",
        "company",
        "message",
        "language",
        "source",
        "shown_created",
        "shown_consents",
    )
    readonly_fields = tuple(name for name in fields if name not in ("state", "note"))
    actions_detail = ("erase",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        rows: QuerySet[Lead] = super().get_queryset(request)
        return rows.prefetch_related("consents")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def audit_targets(self, obj: Any) -> list[str]:
        return [str(obj.pk)]

    @action(description=_("Effacer"), url_path="erase", icon="delete")
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        lead = get_object_or_404(Lead, pk=object_id)

        def erase(form: Any) -> str:
            leads.lead_erase(lead.pk, reason=form.cleaned_data["reason"], actor=operator_of(request))
            return gettext("Le contact est effacé, avec ses consentements.")

        return act_page(
            self,
            request,
            title=_("Effacer ce contact"),
            explanation=_("Son message, ses coordonnées et ses consentements disparaissent. Rien ne les ramène."),
            button=_("Effacer"),
            form=ReasonForm(posted(request)),
            do=erase,
            back=reverse("admin:website_lead_changelist"),
            danger=True,
        )

    @display(description=_("Nom"), ordering="name")
    def shown_name(self, row: Lead) -> str:
        return row.name

    @display(description=_("Adresse e-mail"))
    def shown_mail(self, row: Lead) -> SafeString:
        return format_html('<a class="rc-link" href="mailto:{0}">{0}</a>', row.email)

    @display(description=_("État"), ordering="state")
    def shown_state(self, row: Lead) -> SafeString:
        return badge(row.get_state_display(), KINDS.get(State(row.state), "neutral"))

    @display(description=_("Reçu le"), ordering="created_at")
    def shown_created(self, row: Lead) -> str | SafeString:
        return moment(row.created_at)

    @display(description=_("Consentements"))
    def shown_consents(self, row: Lead) -> str | SafeString:
        lines = [(consent.text, moment(consent.at), consent.origin or NOTHING) for consent in row.consents.all()]
        return format_html_join("", "<p>{}<br><small>{} · {}</small></p>", lines) or NOTHING


@admin.register(SiteCount)
class SiteCountAdmin(ReadOnlyAdmin):
    """The counts by day, and the page of the audience."""

    list_display = ("day", "name", "page", "source", "medium", "campaign", "count")
    list_display_links = None
    list_filter = ("name", ("day", DayRangeFilter))
    list_filter_submit = True

    def get_urls(self) -> list[Any]:
        page = path("audience/", self.admin_site.admin_view(self.audience_view), name="website_audience")
        return [page, *super().get_urls()]

    def audience_view(self, request: HttpRequest) -> HttpResponse:
        """Visits, sources, clicks and the funnel. `?days=`: one of `audience.SPANS`."""
        typed = request.GET.get("days", "")
        days = int(typed) if typed in map(str, audience.SPANS) else audience.SPANS[0]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Audience du site"),
            "opts": self.opts,
            "days": days,
            "spans": audience.SPANS,
            **audience.figures(days),
        }
        return TemplateResponse(request, "admin/audience.html", context)
