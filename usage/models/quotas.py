"""Quota counters, their reservations, and the notices sent."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plans.columns import QUANTITY
from tenants.ids import new_id
from ui.lines import LineField


class QuotaCounter(models.Model):
    """Use and reservations of one meter by one workspace in a slot. Changed only by the SQL of usage/counters.py.

    `period`, `hour`: the slot (plans/meters.py). Amounts are in the meter's unit.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    meter = models.SlugField(_("compteur"), max_length=40)
    period = models.DateField(_("mois"), help_text=_("Premier jour du mois"))
    hour = models.SmallIntegerField(_("heure"), default=0, db_default=0)
    used = models.DecimalField(_("utilisé"), default=0, **QUANTITY)
    reserved = models.DecimalField(_("réservé"), default=0, **QUANTITY)

    class Meta:
        db_table = "billing_quotacounter"  # kept from before the app was its own: docs/adr/0018
        verbose_name = _("compteur")
        verbose_name_plural = _("compteurs")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "meter", "period", "hour"], name="billing_counter_slot"),
            models.CheckConstraint(condition=models.Q(used__gte=0, reserved__gte=0), name="billing_counter_positive"),
        ]


class Reservation(models.Model):
    """An upper bound reserved for an act. Settled by the act, or by a scheduled job after it expires."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    act = LineField(_("acte"), max_length=60)
    reference = models.UUIDField(_("référence"))
    period = models.DateField(_("mois"))
    amounts = models.JSONField(_("montants"), help_text=_("Par compteur, en texte décimal"))
    # By meter, the key of the reserved counter: settled on the same one even after the period has ended.
    counters = models.JSONField(_("compteurs"), null=True)
    expires_at = models.DateTimeField(_("expire le"))
    settled_at = models.DateTimeField(_("réglée le"), null=True, blank=True)

    class Meta:
        db_table = "billing_reservation"  # kept from before the app was its own: docs/adr/0018
        verbose_name = _("réservation")
        verbose_name_plural = _("réservations")
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=models.Q(settled_at=None), name="billing_reservation_open")
        ]


class QuotaNotice(models.Model):
    """A sent notice that a meter reached a threshold, once a month. Written in the transaction of its mails."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField()
    meter = models.SlugField(max_length=40)
    period = models.DateField(help_text=_("Premier jour du mois"))
    threshold_percent = models.SmallIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "billing_quotanotice"  # kept from before the app was its own: docs/adr/0018
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "period", "meter", "threshold_percent"], name="billing_notice_once"
            )
        ]
