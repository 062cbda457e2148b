"""First steps of a workspace: what is done, as the rows of the acts say; leading in, putting away."""

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Exists
from django.utils import timezone

from accounts.models import User
from conversations.selectors import conversations_besides
from library.selectors import files_besides
from signup.services import SIGN_UP
from tenants.context import TenantRef, tenant_context
from tenants.services import require_writable
from workspace.models import Invitation
from workspace.onboarding.models import Onboarding, Sample

STEPS: Final = ("identity", "team", "conversation", "file", "quotas")


@dataclass(frozen=True)
class Progress:
    """Which steps are done. `is_shown`: the checklist belongs on the home page."""

    row: Onboarding
    done: dict[str, bool]
    has_samples: bool

    @property
    def count(self) -> int:
        return sum(self.done.values())

    @property
    def is_complete(self) -> bool:
        return all(self.done.values())

    @property
    def is_shown(self) -> bool:
        return self.row.put_away_at is None and not self.is_complete

    @property
    def next_step(self) -> str | None:
        """The first step that is not done."""
        return next((step for step in STEPS if not self.done[step]), None)


def begin(tenant: TenantRef, *, actor: str = "", **_details: Any) -> None:
    """Lifecycle step "made": the row of the first steps."""
    with tenant_context(tenant):
        Onboarding.objects.create(by_sign_up=actor == SIGN_UP)


def progress(tenant: TenantRef) -> Progress | None:
    """The progress of the workspace in context, in one query; None for one made before there were first steps."""
    samples = Sample.objects.order_by().values("object_id")
    row = (
        Onboarding.objects.annotate(
            has_colleague=Exists(User.objects.order_by()[1:2]),
            has_invitation=Exists(Invitation.objects.all()),
            has_conversation=Exists(conversations_besides(samples)),
            has_file=Exists(files_besides(samples)),
            has_samples=Exists(Sample.objects.all()),
        )
        .order_by("id")
        .first()
    )
    if row is None:
        return None
    done = {
        "identity": bool(tenant.logo) or tenant.brand_hue is not None,
        "team": row.has_colleague or row.has_invitation,
        "conversation": row.has_conversation,
        "file": row.has_file,
        "quotas": row.quotas_seen_at is not None,
    }
    return Progress(row, done, row.has_samples)


def lead_in(tenant: TenantRef, state: Progress | None) -> bool:
    """Whether to lead to the wizard now: once in the life of a workspace, where it was made by sign-up."""
    if state is None or not state.row.by_sign_up or state.row.led_in_at or not tenant.writable or state.is_complete:
        return False
    rows = Onboarding.objects.filter(pk=state.row.pk, led_in_at=None)
    return bool(rows.update(led_in_at=timezone.now()))


def quotas_seen() -> None:
    """Note that an owner or admin has had the quotas on the screen."""
    require_writable()
    Onboarding.objects.filter(quotas_seen_at=None).update(quotas_seen_at=timezone.now())


def put_away(*, is_away: bool) -> None:
    """Take the checklist off the home page, or bring it back."""
    require_writable()
    Onboarding.objects.filter(put_away_at__isnull=is_away).update(put_away_at=timezone.now() if is_away else None)
