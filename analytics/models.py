"""Daily figures of each workspace in the public schema, so that the console never loops over schemas."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id


class DailyFigures(models.Model):
    """Figures of one workspace on one day (Europe/Paris), updated by the facts of the outbox."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    day = models.DateField(_("jour"))
    contents = models.PositiveIntegerField(_("contenus"), default=0)
    answers = models.PositiveIntegerField(_("réponses"), default=0)
    failures = models.PositiveIntegerField(_("échecs"), default=0)
    tokens = models.PositiveBigIntegerField(_("jetons"), default=0)
    cost = models.DecimalField(_("coût (€)"), max_digits=20, decimal_places=12, default=0)
    active_members = models.PositiveIntegerField(_("personnes actives"), default=0)
    last_activity = models.DateTimeField(_("dernière activité"), auto_now=True)

    class Meta:
        verbose_name = _("chiffres du jour")
        verbose_name_plural = _("chiffres par jour")
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "day"], name="analytics_day_once")]
        indexes: ClassVar = [models.Index(fields=["day"], name="analytics_day")]


class ActiveMember(models.Model):
    """A member active on a day. Ensures that each member is counted once a day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField()
    day = models.DateField()
    member_id = models.UUIDField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "tenant_id", "member_id"], name="analytics_active_once")
        ]
