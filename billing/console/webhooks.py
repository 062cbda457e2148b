"""The operator's page of what Stripe told us: what it was, about whom, what became of it; to replay."""

import json
import re
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, Max, Q, QuerySet
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
from billing.console.parts import asking_page
from billing.models import Subscription, WebhookEvent
from billing.stripe.webhooks import customer_of
from tenants.console import workspace_link
from tenants.models import Tenant
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, ReasonForm, badge, moment, posted
from ui.console_text import strong, two_lines
from ui.lines import Line

REFUSED, FAILED, WAITING, DONE = (
    Q(valid=False),
    Q(valid=True, processed=False) & ~Q(exception=""),
    Q(valid=True, processed=False, exception=""),
    Q(valid=True, processed=True),
)
CASES: dict[str, tuple[Any, str, Q]] = {
    "waiting": (_("À traiter"), "wait", WAITING),
    "failed": (_("En échec"), "bad", FAILED),
    "done": (_("Traité"), "good", DONE),
    "refused": (_("Refusé"), "neutral", REFUSED),
}
# What an event is about → how its type begins.
SUBJECTS: dict[str, tuple[Any, str]] = {
    "subscription": (_("Abonnements"), r"customer\.subscription\."),
    "invoice": (_("Factures"), r"invoice\."),
    "payment": (_("Paiements"), r"(checkout\.session|payment_intent|charge|setup_intent)\."),
    "customer": (_("Clients"), r"customer\.(?!subscription\.)"),
}
# Bodies have no index: what looks inside them looks into so many at most.
LOOKED_INTO = 20_000
STRIPE_ID = re.compile(r"[a-z]{2,8}_[A-Za-z0-9_]{4,80}")


class CaseFilter(admin.SimpleListFilter):
    title = _("état")
    parameter_name = "case"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, label) for key, (label, _kind, _wanted) in CASES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
        case = CASES.get(self.value() or "")
        return queryset.filter(case[2]) if case else queryset


class SubjectFilter(admin.SimpleListFilter):
    title = _("sujet")
    parameter_name = "subject"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, label) for key, (label, _begins) in SUBJECTS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
        subject = SUBJECTS.get(self.value() or "")
        if not subject:
            return queryset
        return among_latest(queryset).filter(body__regex=rf'"type":\s*"{subject[1]}')


class ReplayForm(ReasonForm):
    """A reason for several events at once. Which ones comes back with it."""

    action = Line(widget=forms.HiddenInput)
    chosen = forms.MultipleChoiceField(widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, keys: Iterable[str], **kwargs: Any) -> None:
        keys = [str(key) for key in keys]
        kwargs["initial"] = {"action": "replay_chosen", ACTION_CHECKBOX_NAME: keys}
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields.pop("chosen")
        chosen.choices = [(key, key) for key in keys]
        # The list's own name for it: the second post is the same act of the list.
        self.fields[ACTION_CHECKBOX_NAME] = chosen


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    # Its own link says when; an empty one around it would only be a stop of the keyboard.
    list_display_links = None
    list_display = ("shown_at", "shown_event", "shown_workspace", "shown_case", "shown_failure")
    list_filter = (CaseFilter, SubjectFilter, ("created", DayRangeFilter))
    list_filter_submit = True
    list_before_template = "admin/webhook_totals.html"
    search_fields = ("body",)
    search_help_text = _("Adresse courte de l’espace, ou identifiant chez Stripe (evt_, cus_, sub_, in_)")
    actions = ("replay_chosen",)  # type: ignore[assignment]
    actions_detail = ("replay",)
    fieldsets: ClassVar = (
        (_("Événement"), {"fields": ("shown_at", "shown_event", "shown_workspace", "shown_case", "shown_from")}),
        (_("Échecs"), {"fields": ("shown_failure", "shown_times")}),
        (_("Contenu"), {"fields": ("shown_body",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        shown.result_list = with_workspaces(shown.result_list)
        return {"cases": case_counts(request.GET.get("case", ""))}

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return with_workspaces([row])[0] if row else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookEvent], search_term: str
    ) -> tuple[QuerySet[WebhookEvent], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        told = [term] if STRIPE_ID.fullmatch(term) else _customers(term)
        if not told:
            return queryset.none(), False
        inside = Q()
        for one in told:
            inside |= Q(body__contains=f'"{one}"')
        return among_latest(queryset).filter(inside), False

    # what is shown

    @display(description=_("Reçu le"), ordering="id")
    def shown_at(self, row: Any) -> str | SafeString:
        page = reverse("admin:billing_webhookevent_change", args=[row.pk])
        return format_html('<a class="rc-link" href="{}">{}</a>', page, moment(row.created))

    @display(description=_("Événement, objet"))
    def shown_event(self, row: Any) -> SafeString:
        body = body_of(row)
        return two_lines(strong(body.get("type") or NOTHING), _thing(body).get("id") or body.get("id") or "")

    @display(description=_("Espace"))
    def shown_workspace(self, row: Any) -> str | SafeString:
        return workspace_link(row)

    @display(description=_("État"), ordering="processed")
    def shown_case(self, row: Any) -> SafeString:
        label, kind, _wanted = CASES[case_of(row)]
        return badge(label, kind)

    @display(description=_("Dernier échec"))
    def shown_failure(self, row: Any) -> str | SafeString:
        if not row.exception:
            return NOTHING
        times = len(row.traceback.splitlines())
        return two_lines(row.exception, ngettext("%(n)d essai", "%(n)d essais", times) % {"n": times})

    @display(description=_("Essais sans succès"))
    def shown_times(self, row: Any) -> str | SafeString:
        return format_html('<div class="rc-text rc-mono">{}</div>', row.traceback) if row.traceback else NOTHING

    @display(description=_("Adresse IP"))
    def shown_from(self, row: Any) -> str:
        return str(row.remote_ip)

    @display(description=_("Corps"))
    def shown_body(self, row: Any) -> SafeString:
        return format_html('<pre class="rc-text rc-mono" data-event-body>{}</pre>', _readable(row))

    # acts

    def has_replay_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return str(object_id).isdigit() and WebhookEvent.objects.filter(pk=object_id, valid=True).exists()

    @action(description=_("Rejouer"), url_path="replay", icon="replay", permissions=["replay"])
    def replay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(WebhookEvent, pk=object_id)

        def do(form: Any) -> str:
            acts.replay(event=row, actor=operator_of(request), **form.cleaned_data)
            return gettext("L’événement est rejoué.")

        return asking_page(
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
        rows = list(queryset.order_by("id")[: acts.MOST_AT_ONCE + 1])
        form = ReplayForm(request.POST if "reason" in request.POST else None, keys=[row.pk for row in rows])

        def do(form: Any) -> str:
            if len(rows) > acts.MOST_AT_ONCE:
                form.add_error(None, gettext("Choisissez 200 événements au plus."))
                return ""
            reason = form.cleaned_data["reason"]
            asked = acts.replay_later(events=rows, reason=reason, actor=operator_of(request))
            return _said(asked, len(rows) - asked)

        refused = sum(not row.valid for row in rows)
        return asking_page(
            self,
            request,
            form,
            do,
            title=_("Rejouer les événements choisis"),
            explanation=f"{_chosen(len(rows))} {_left_out(refused)}".strip(),
            button=_("Rejouer"),
            back=reverse("admin:billing_webhookevent_changelist"),
        )


def latest_events_of(customer: str, most: int = 10) -> list[Any]:
    """The latest events about a customer, newest first, among the last that came. Each with `kind` and `case`."""
    if not customer:
        return []
    found = among_latest(WebhookEvent.objects.all(), 5000).filter(valid=True, body__contains=f'"{customer}"')
    rows: list[Any] = list(found.order_by("-id")[:most])
    for row in rows:
        row.kind, row.case = body_of(row).get("type", ""), CASES[case_of(row)][:2]
    return rows


def among_latest(rows: QuerySet[WebhookEvent], most: int = LOOKED_INTO) -> QuerySet[WebhookEvent]:
    """Only the last that came."""
    latest = WebhookEvent.objects.aggregate(latest=Max("pk"))["latest"] or 0
    return rows.filter(pk__gt=latest - most)


def with_workspaces(rows: Iterable[Any]) -> list[Any]:
    """Each row with `slug`, `workspace_name`, `tenant_id` of the workspace it is about, in two queries for all."""
    rows = list(rows)
    customers = {row.pk: customer_of(_thing(body_of(row))) for row in rows if row.valid}
    known = Subscription.objects.filter(stripe_customer_id__in={one for one in customers.values() if one})
    owners = dict(known.values_list("stripe_customer_id", "tenant_id"))
    tenants = Tenant.objects.in_bulk(owners.values())
    for row in rows:
        tenant = tenants.get(owners.get(customers.get(row.pk, "")))
        row.tenant_id, row.slug, row.workspace_name = (
            (tenant.pk, tenant.slug, tenant.name) if tenant else (None, "", "")
        )
    return rows


def case_of(row: Any) -> str:
    """Key of `CASES`."""
    if not row.valid:
        return "refused"
    if row.processed:
        return "done"
    return "failed" if row.exception else "waiting"


def case_counts(chosen: str) -> list[dict[str, Any]]:
    """How many of each, in one query."""
    counted = WebhookEvent.objects.aggregate(**{key: Count("pk", filter=case[2]) for key, case in CASES.items()})
    return [
        {"key": key, "label": case[0], "rows": counted[key], "chosen": key == chosen} for key, case in CASES.items()
    ]


def body_of(row: Any) -> dict[str, Any]:
    """What was posted, as a dictionary: empty where it is none. Anybody may post anything."""
    body = row.json_body
    return body if isinstance(body, dict) else {}


def _thing(body: dict[str, Any]) -> dict[str, Any]:
    data = body.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    return thing if isinstance(thing, dict) else {}


def _readable(row: Any) -> str:
    body = body_of(row)
    return json.dumps(body, ensure_ascii=False, indent=2) if body else row.body


def _customers(slug: str) -> list[str]:
    """The customers of the workspaces whose short address contains it; few."""
    keys = list(Tenant.objects.filter(slug__icontains=slug).values_list("pk", flat=True)[:20])
    rows = Subscription.objects.filter(tenant_id__in=keys).exclude(stripe_customer_id="")
    return list(rows.values_list("stripe_customer_id", flat=True))


def _chosen(count: int) -> str:
    return ngettext(
        "%(n)d événement est rejoué en arrière-plan : l’espace suivra ce que Stripe répond alors.",
        "%(n)d événements sont rejoués en arrière-plan : les espaces suivront ce que Stripe répond alors.",
        count,
    ) % {"n": count}


def _left_out(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "%(n)d événement refusé n’est pas rejoué.", "%(n)d événements refusés ne sont pas rejoués.", count
    ) % {"n": count}


def _said(asked: int, refused: int) -> str:
    said = ngettext("%(n)d événement va être rejoué.", "%(n)d événements vont être rejoués.", asked) % {"n": asked}
    return f"{said} {_left_out(refused)}".strip()
