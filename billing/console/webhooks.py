"""The operator's pages of webhook events from Stripe: the list, one event, and its replay."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.http import operator_of
from billing import subscription_acts as acts
from billing.console import webhook_replay
from billing.console.parts import stripe_act_page
from billing.console.webhook_events import (
    STATES,
    among_latest,
    body_of,
    readable_body,
    search,
    state_counts,
    state_of,
    subject_of,
    with_workspaces,
)
from billing.models import WebhookEvent
from tenants.console import workspace_link
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, ReasonForm, badge, moment, posted
from ui.console_acts import ChosenRowsForm
from ui.console_cases import CaseFilter, case_totals
from ui.console_text import strong, two_lines

# By key: label, and a pattern of the beginning of the types of its events.
SUBJECTS: dict[str, tuple[Any, str]] = {
    "subscription": (_("Abonnements"), r"customer\.subscription\."),
    "invoice": (_("Factures"), r"invoice\."),
    "payment": (_("Paiements"), r"(checkout\.session|payment_intent|charge|setup_intent)\."),
    "customer": (_("Clients"), r"customer\.(?!subscription\.)"),
}


class StateFilter(CaseFilter):
    cases = STATES


class SubjectFilter(admin.SimpleListFilter):
    title = _("sujet")
    parameter_name = "subject"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, label) for key, (label, _pattern) in SUBJECTS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
        subject = SUBJECTS.get(self.value() or "")
        if not subject:
            return queryset
        return among_latest(queryset).filter(body__regex=rf'"type":\s*"{subject[1]}')


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    # `shown_at` contains the row's link; a second link around it would be an empty keyboard stop.
    list_display_links = None
    list_display = ("shown_at", "shown_event", "shown_workspace", "shown_state", "shown_failure")
    list_filter = (StateFilter, SubjectFilter, ("created", DayRangeFilter))
    list_filter_submit = True
    list_before_template = "admin/case_totals.html"
    search_fields = ("body",)
    search_help_text = _("Adresse courte de l’espace, ou identifiant chez Stripe (evt_, cus_, sub_, in_)")
    actions = ("replay_chosen",)  # type: ignore[assignment]
    actions_detail = ("replay",)
    fieldsets: ClassVar = (
        (_("Événement"), {"fields": ("shown_at", "shown_event", "shown_workspace", "shown_state", "shown_origin")}),
        (_("Échecs"), {"fields": ("shown_failure", "shown_attempts")}),
        (_("Contenu"), {"fields": ("shown_body",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        shown.result_list = with_workspaces(shown.result_list)
        return {"cases": case_totals(STATES, state_counts(), request)}

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return with_workspaces([row])[0] if row else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookEvent], search_term: str
    ) -> tuple[QuerySet[WebhookEvent], bool]:
        term = search_term.strip()
        return (search(queryset, term) if term else queryset), False

    @display(description=_("Reçu le"), ordering="id")
    def shown_at(self, row: Any) -> str | SafeString:
        page = reverse("admin:billing_webhookevent_change", args=[row.pk])
        return format_html('<a class="rc-link" href="{}">{}</a>', page, moment(row.created))

    @display(description=_("Événement, objet"))
    def shown_event(self, row: Any) -> SafeString:
        body = body_of(row)
        return two_lines(strong(body.get("type") or NOTHING), subject_of(body).get("id") or body.get("id") or "")

    @display(description=_("Espace"))
    def shown_workspace(self, row: Any) -> str | SafeString:
        return workspace_link(row)

    @display(description=_("État"), ordering="processed")
    def shown_state(self, row: Any) -> SafeString:
        label, kind, _condition = STATES[state_of(row)]
        return badge(label, kind)

    @display(description=_("Dernier échec"))
    def shown_failure(self, row: Any) -> str | SafeString:
        if not row.exception:
            return NOTHING
        attempts = len(row.traceback.splitlines())
        return two_lines(row.exception, ngettext("%(n)d essai", "%(n)d essais", attempts) % {"n": attempts})

    @display(description=_("Essais sans succès"))
    def shown_attempts(self, row: Any) -> str | SafeString:
        return format_html('<div class="rc-text rc-mono">{}</div>', row.traceback) if row.traceback else NOTHING

    @display(description=_("Adresse IP"))
    def shown_origin(self, row: Any) -> str:
        return str(row.remote_ip)

    @display(description=_("Corps"))
    def shown_body(self, row: Any) -> SafeString:
        return format_html('<pre class="rc-text rc-mono" data-event-body>{}</pre>', readable_body(row))

    def has_replay_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return str(object_id).isdigit() and WebhookEvent.objects.filter(pk=object_id, valid=True).exists()

    @action(description=_("Rejouer"), url_path="replay", icon="replay", permissions=["replay"])
    def replay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(WebhookEvent, pk=object_id)

        def do(form: Any) -> str:
            acts.replay(event=row, actor=operator_of(request), **form.cleaned_data)
            return gettext("L’événement est rejoué.")

        return stripe_act_page(
            self,
            request,
            ReasonForm(posted(request)),
            do,
            title=gettext("Rejouer « %(event)s »") % {"event": body_of(row).get("type", row.pk)},
            explanation=_(
                "Stripe est interrogé maintenant, et l’espace suit ce qu’il répond aujourd’hui, "
                "non ce que disait l’événement. Rejouer deux fois ne change rien de plus."
            ),
            button=_("Rejouer"),
            back=reverse("admin:billing_webhookevent_change", args=[row.pk]),
        )

    @admin.action(description=_("Rejouer les événements choisis"))
    def replay_chosen(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> HttpResponse:
        rows = list(queryset.order_by("id")[: acts.MAX_EVENTS + 1])
        form = ChosenRowsForm(request, "replay_chosen", (row.pk for row in rows))

        def do(form: Any) -> str:
            if len(rows) > acts.MAX_EVENTS:
                form.add_error(None, gettext("Choisissez 200 événements au plus."))
                return ""
            reason = form.cleaned_data["reason"]
            replayed = acts.replay_later(events=rows, reason=reason, actor=operator_of(request))
            return webhook_replay.success_message(replayed, len(rows) - replayed)

        return stripe_act_page(
            self,
            request,
            form,
            do,
            title=_("Rejouer les événements choisis"),
            explanation=webhook_replay.explanation(len(rows), sum(not row.valid for row in rows)),
            button=_("Rejouer"),
            back=reverse("admin:billing_webhookevent_changelist"),
        )
