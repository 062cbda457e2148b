"""Notifications of a workspace's people, and what each person wants to hear about."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineField


class Notification(models.Model):
    """What one person is told: ids and figures; the words are made when it is read (`kinds`).

    Unread ones of the same `group` are one row with a count.
    """

    grows = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = LineField(max_length=40)
    group = LineField(max_length=100)
    # How many facts it stands for.
    count = models.PositiveIntegerField(default=1)
    subject_id = models.UUIDField(null=True, blank=True)
    # Who did it last; null for the platform.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    figures = models.JSONField(default=dict, blank=True)
    # False: it waits for the daily mail only.
    in_app = models.BooleanField(default=True)
    in_digest = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering: ClassVar = ["-updated_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["recipient", "group"],
                condition=models.Q(read_at=None),
                name="notifications_one_unread_a_group",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["recipient", "-updated_at"], name="notifications_of_a_person")]

    def __str__(self) -> str:
        return f"{self.kind} × {self.count}"


class Preference(models.Model):
    """One person's choice for one kind; without a row the kind's defaults hold."""

    class Mail(models.TextChoices):
        OFF = "off", _("Jamais")
        NOW = "now", _("Tout de suite")
        DIGEST = "digest", _("Une fois par jour")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = LineField(max_length=40)
    in_app = models.BooleanField(default=True)
    mail = LineField(max_length=6, choices=Mail.choices)

    class Meta:
        verbose_name = _("préférence de notification")
        verbose_name_plural = _("préférences de notification")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "kind"], name="notifications_one_choice_a_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.mail}"
