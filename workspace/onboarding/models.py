"""First steps of a workspace, and its sample contents."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineField


class Onboarding(models.Model):
    """The first steps of a workspace: one row, made with it. What was done is read from the rows of the acts.

    `led_in_at`: when the first owner or admin was led to the wizard; only where `by_sign_up`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    by_sign_up = models.BooleanField(default=False)
    led_in_at = models.DateTimeField(null=True, blank=True)
    quotas_seen_at = models.DateTimeField(null=True, blank=True)
    put_away_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("premiers pas")
        verbose_name_plural = _("premiers pas")

    def __str__(self) -> str:
        return str(self.created_at)


class Sample(models.Model):
    """A sample content, until it is removed. `messages`: those of a new sample conversation."""

    class Kind(models.TextChoices):
        CONVERSATION = "conversation", _("Conversation")
        ITEM = "item", _("Contenu")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = LineField(max_length=12, choices=Kind.choices)
    object_id = models.UUIDField()
    messages = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("exemple")
        verbose_name_plural = _("exemples")

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
