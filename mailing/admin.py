"""Console of the outbox and of suppressed addresses. Mails are read-only; bodies are shown where they are stored."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.http import operator_of
from mailing import services, suppression
from mailing.console import deliverability, frames, sequences, templates
from mailing.models import OutboxMessage, Suppression
from mailing.outgoing import is_readable
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, ReasonForm, act_page, badge, moment, posted

__all__ = ["sequences", "templates"]
Status = OutboxMessage.Status
Report = OutboxMessage.Report
STATUS_BADGES = {Status.WAITING: "wait", Status.SENT: "good", Status.FAILED: "bad", Status.WITHHELD: "bad"}
REPORT_BADGES = {Report.DEFERRED: "wait", Report.DELIVERED: "good", Report.BOUNCED: "bad", Report.COMPLAINED: "bad"}


@admin.register(OutboxMessage)
class OutboxAdmin(ReadOnlyAdmin):
    list_display = ("subject", "shown_to", "tenant_slug", "shown_status", "shown_report", "shown_created")
    list_filter = ("status", "report", "kind", ("created_at", DayRangeFilter))
    list_filter_submit = True
    search_fields = ("subject", "to", "tenant_slug")
    actions_detail = ("resend",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        # The list does not show bodies.
        messages = super().get_queryset(request)
        return messages if request.resolver_match.url_name.endswith("_change") else messages.defer("text", "html")  # type: ignore[no-any-return, union-attr]

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(deliverability.page_of(self.admin_site))
        frame = self.admin_site.admin_view(frames.outbox_frame)
        return [
            path("deliverability/", page, name="mailing_deliverability"),
            path("<uuid:message_id>/frame/", frame, name="mailing_outbox_frame"),
            *super().get_urls(),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        facts = ("subject", "shown_to", "sender", "tenant_slug", "kind", "shown_status", "tries", "error")
        dates = ("shown_created", "shown_sent", "shown_report", "shown_events")
        fieldsets: Any = ((None, {"fields": (*facts, *dates)}),)
        if obj is not None and not is_readable(obj):
            return (*fieldsets, (_("Contenu"), {"fields": ("shown_erased",)}))
        return (
            *fieldsets,
            (_("Tel que reçu"), {"fields": ("shown_html",)}),
            (_("Version texte"), {"fields": ("shown_text",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.get_fieldsets(request, obj) for name in options["fields"])

    @display(description=_("Destinataires"))
    def shown_to(self, row: OutboxMessage) -> str:
        return ", ".join(row.to)

    @display(description=_("État"), ordering="status")
    def shown_status(self, row: OutboxMessage) -> SafeString:
        return badge(row.get_status_display(), STATUS_BADGES[Status(row.status)])

    @display(description=_("Remise"), ordering="report")
    def shown_report(self, row: OutboxMessage) -> str | SafeString:
        return badge(row.get_report_display(), REPORT_BADGES[Report(row.report)]) if row.report else NOTHING

    @display(description=_("Ce que dit le prestataire"))
    def shown_events(self, row: OutboxMessage) -> str | SafeString:
        labels = dict(Report.choices)
        lines = [
            (moment(event.at), labels.get(event.kind, event.kind), event.detail)
            for event in row.events.order_by("at")[:50]
        ]
        return format_html_join("", "<div>{} · {} {}</div>", lines) if lines else NOTHING

    @display(description=_("Texte"))
    def shown_erased(self, row: OutboxMessage) -> str:
        return gettext("Non montré : il porte un secret, ou son délai de garde est passé.")

    @display(description=_("Créé le"), ordering="created_at")
    def shown_created(self, row: OutboxMessage) -> str | SafeString:
        return moment(row.created_at)

    @display(description=_("Envoyé le"), ordering="sent_at")
    def shown_sent(self, row: OutboxMessage) -> str | SafeString:
        return moment(row.sent_at)

    @display(description=_("Texte"))
    def shown_text(self, row: OutboxMessage) -> str | SafeString:
        return format_html('<div class="rc-text" data-mail-text>{}</div>', row.text) if row.text else NOTHING

    @display(description=_("Aperçu"))
    def shown_html(self, row: OutboxMessage) -> str | SafeString:
        if not row.html:
            return NOTHING
        return frames.frame_of(row, gettext("Aperçu"))

    def has_resend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return OutboxMessage.objects.filter(pk=object_id, status=Status.FAILED).exclude(text="").exists()

    @action(description=_("Renvoyer"), url_path="resend", icon="send", permissions=["resend"])
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(OutboxMessage, pk=object_id)

        def do(form: Any) -> str:
            services.resend(
                message_id=row.pk,
                reason=form.cleaned_data["reason"],
                actor=operator_of(request),
            )
            return gettext("L’e-mail repart.")

        return act_page(
            self,
            request,
            title=_("Renvoyer cet e-mail"),
            explanation=gettext("« %(subject)s » repart vers %(to)s.")
            % {"subject": row.subject, "to": ", ".join(row.to)},
            button=_("Renvoyer"),
            form=ReasonForm(posted(request)),
            do=do,
            back=reverse("admin:mailing_outboxmessage_change", args=[row.pk]),
        )


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """Addresses that are not mailed. Rows hold no address in clear; the search finds a whole address."""

    list_display = ("shown_address", "reason", "shown_created", "shown_until")
    list_filter = ("reason", ("created_at", DayRangeFilter))
    list_filter_submit = True
    list_select_related = ("message",)
    search_fields = ("digest",)
    search_help_text = _("Une adresse entière")
    actions_detail = ("lift",)
    fields = readonly_fields = ("shown_address", "reason", "shown_message", "shown_created", "shown_until")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(digest=suppression.digest_of(search_term))
        return queryset, False

    @display(description=_("Adresse"))
    def shown_address(self, row: Suppression) -> str:
        return suppression.address_of(row) or gettext("Inconnue (gardée chiffrée)")

    @display(description=_("E-mail en cause"))
    def shown_message(self, row: Suppression) -> str | SafeString:
        if row.message is None:
            return NOTHING
        url = reverse("admin:mailing_outboxmessage_change", args=[row.message.pk])
        return format_html('<a href="{}">{}</a>', url, row.message.subject)

    @display(description=_("Depuis"), ordering="created_at")
    def shown_created(self, row: Suppression) -> str | SafeString:
        return moment(row.created_at)

    @display(description=_("Jusqu’au"), ordering="until")
    def shown_until(self, row: Suppression) -> str | SafeString:
        return moment(row.until) if row.until else gettext("sans fin prévue")

    @action(description=_("Débloquer"), url_path="lift", icon="lock_open")
    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Suppression, pk=object_id)

        def do(form: Any) -> str:
            suppression.lift(suppression_id=row.pk, reason=form.cleaned_data["reason"], actor=operator_of(request))
            return gettext("Cette adresse reçoit de nouveau des e-mails.")

        return act_page(
            self,
            request,
            title=_("Débloquer cette adresse"),
            explanation=gettext(
                "Les e-mails repartent vers %(address)s. Débloquez-la si vous savez que la boîte répond ; un nouveau "
                "rejet la bloquerait à nouveau."
            )
            % {"address": self.shown_address(row)},
            button=_("Débloquer"),
            form=ReasonForm(posted(request)),
            do=do,
            back=reverse("admin:mailing_suppression_changelist"),
        )
