"""Invitations into a workspace; groups (`groups.models`), first steps (`onboarding.models`)."""

import datetime as dt
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from tenants.ids import new_id
from ui.lines import LineEmailField, LineField
from workspace.groups.models import MemberGroup, Membership
from workspace.onboarding.models import Onboarding, Sample

__all__ = ["Invitation", "MemberGroup", "Membership", "Onboarding", "Sample"]

LIFETIME: Final = dt.timedelta(days=14)


class Invitation(models.Model):
    """An address invited with a role. Of the team, it holds a seat until it is accepted or ended.

    `ended_at`: revoked by a person, or expired and swept.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = LineEmailField(_("adresse e-mail"))
    name = LineField(_("nom"), max_length=120, blank=True)
    role = LineField(_("rôle"), max_length=12, choices=Role.choices)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(accepted_at=None, ended_at=None),
                name="workspace_invitation_once",
            )
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_pending(self) -> bool:
        """Whether its link still opens."""
        return self.accepted_at is None and self.ended_at is None and self.expires_at > timezone.now()
