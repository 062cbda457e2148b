"""The operator's acts on subscriptions: sync one now, send a dunning mail again, replay webhook events.

Each act has a reason, stored in the audit log. The functions raise `ValidationError` with a message for people (then
nothing is changed) and `StripeUnavailable`.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing.models import DunningNotice, Subscription, WebhookEvent
from billing.stripe import dunning, webhooks
from billing.stripe.client import client
from billing.stripe.customers import locked_row
from billing.stripe.errors import translated_errors
from billing.stripe.sync import refresh
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tenants.queue import enqueue
from tenants.selectors import ref_of

State = Tenant.State
MAX_EVENTS = 200


def reread(*, tenant_id: UUID, reason: str, actor: User) -> None:
    """Sync a workspace's subscription from Stripe now."""
    with public_context():
        tenant = Tenant.objects.filter(pk=tenant_id).first()
        if tenant is None:
            raise ValidationError(_("Cet espace est supprimé."), code="gone")
        with translated_errors():
            # Raises `ValidationError` if Stripe is off, also for a workspace without a customer.
            client()
            refresh(tenant_id)
        audit.record("subscription.reread", actor=actor, target=tenant.slug, reason=reason)


def mail_again(*, tenant_id: UUID, reason: str, actor: User) -> int:
    """Send the owners the due dunning mail again; return its day (0, 3 or 7)."""
    with public_context(), transaction.atomic():
        row = locked_row(tenant_id)
        tenant = Tenant.objects.filter(pk=tenant_id).first()
        day = dunning.due_day(row, timezone.now())
        if tenant is None or day is None or row.past_due_since is None or tenant.state != State.PAST_DUE:
            raise ValidationError(
                _("Cette relance annonce la lecture seule : elle ne part que vers un espace en retard de paiement."),
                code="not_owing",
            )
        # Without this row, the scheduled job sends the same mail a second time.
        DunningNotice.objects.get_or_create(tenant_id=tenant_id, past_due_since=row.past_due_since, day=day)
        tenant_ref = ref_of(tenant)
        dunning.send_mail(tenant_ref, row.past_due_since)
        with tenant_context(tenant_ref):
            audit.record("dunning.sent_again", label=actor.email, target=tenant.slug, reason=reason, day=day)
        audit.record("dunning.sent_again", actor=actor, target=tenant.slug, reason=reason, day=day)
    return day


def replay(*, event: WebhookEvent, reason: str, actor: User) -> None:
    """Handle one stored webhook event now, even if it was handled before."""
    _require_valid(event)
    with public_context():
        # Outside a transaction, so that a failure stays recorded on the event.
        with translated_errors():
            client()
            webhooks.replay(event.pk)
        _record(event, reason, actor)


def replay_later(*, events: Iterable[WebhookEvent], reason: str, actor: User) -> int:
    """Enqueue the replay of each event; return their number. Events that are not valid are left out."""
    with public_context(), transaction.atomic():
        valid = [event for event in events if event.valid]
        for event in valid:
            enqueue(webhooks.replay, trigger_id=event.pk)
            _record(event, reason, actor)
    return len(valid)


def _require_valid(event: WebhookEvent) -> None:
    if not event.valid:
        raise ValidationError(
            _("Cet événement a été refusé : rien ne prouve qu’il vient de Stripe. Il ne se rejoue pas."), code="refused"
        )


def _record(event: WebhookEvent, reason: str, actor: User) -> None:
    body: dict[str, Any] = event.json_body
    event_name = f"{body.get('type', '')} {body.get('id', '')}"
    audit.record("webhook.replayed", actor=actor, target=_workspace_slug(body), reason=reason, event=event_name)


def _workspace_slug(body: dict[str, Any]) -> str:
    customer = webhooks.customer_of(body.get("data", {}).get("object", {}))
    rows = Subscription.objects.filter(stripe_customer_id=customer).exclude(stripe_customer_id="")
    tenant_id = rows.values_list("tenant_id", flat=True).first()
    return Tenant.objects.filter(pk=tenant_id).values_list("slug", flat=True).first() or ""
