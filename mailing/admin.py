"""Admin of the outbox: sent mails are read-only, failed ones can be resent. Bodies are shown where they are stored."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.http import operator_of
from mailing import services
from mailing.models import OutboxMessage
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, ReasonForm, act_page, badge, moment, posted

Status = OutboxMessage.Status
KINDS = {Status.WAITING: "wait", Status.SENT: "good", Status.FAILED: "bad"}


@admin.register(OutboxMessage)
class OutboxAdmin(ReadOnlyAdmin):
    list_display = ("subject", "shown_to", "tenant_slug", "shown_status", "shown_created")
    list_filter = ("status", ("created_at", DayRangeFilter))
    list_filter_submit = True
    search_fields = ("subject", "to", "tenant_slug")
    actions_detail = ("resend",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        # The list does not show bodies.
        messages = super().get_queryset(request)
        return messages if request.resolver_match.url_name.endswith("_change") else messages.defer("text", "html")  # type: ignore[no-any-return, union-attr]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        facts = ("subject", "shown_to", "sender", "tenant_slug", "shown_status", "tries", "error")
        dates = ("shown_created", "shown_sent")
        if not settings.MAIL_KEEPS_BODIES:
            return ((None, {"fields": (*facts, *dates)}),)
        return (
            (None, {"fields": (*facts, *dates)}),
            (_("Texte"), {"fields": ("shown_text",)}),
            (_("Aperçu"), {"fields": ("shown_html",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.get_fieldsets(request, obj) for name in options["fields"])

    @display(description=_("Destinataires"))
    def shown_to(self, row: OutboxMessage) -> str:
        return ", ".join(row.to)

    @display(description=_("État"), ordering="status")
    def shown_status(self, row: OutboxMessage) -> SafeString:
        return badge(row.get_status_display(), KINDS.get(Status(row.status), "neutral"))

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
        # Sandboxed with nothing allowed: no script, no form, no way out of the frame.
        return format_html('<iframe class="rc-mail" sandbox="" title="{}" srcdoc="{}"></iframe>', _("Aperçu"), row.html)

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
