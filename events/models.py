"""The outbox of facts and their pending deliveries, in the public schema. No row contains a person's text."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineField


class StoredFact(models.Model):
    """One recorded fact of the catalogue. The application role may only insert rows."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # No foreign key, because facts outlive their workspace. None: a fact of the platform.
    tenant_id = models.UUIDField(_("clé de l’espace"), null=True, blank=True)
    name = LineField(_("fait"), max_length=60)
    version = models.PositiveSmallIntegerField(_("version"))
    subject_id = models.UUIDField(_("objet"))
    actor_id = models.UUIDField(_("auteur"), null=True, blank=True)
    # Decimals are stored as text, which is exact.
    data = models.JSONField(_("valeurs"), default=dict)
    at = models.DateTimeField(_("survenu le"))

    class Meta:
        verbose_name = _("fait")
        verbose_name_plural = _("faits")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """A fact that a consumer has not received yet: inserted with the fact, deleted with the consumer's writes.

    `tries`: how often it was claimed; `due_at`: when it may be claimed (again).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    fact = models.ForeignKey(
        StoredFact, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("fait")
    )
    # A key of settings.EVENT_CONSUMERS.
    consumer = LineField(_("destinataire"), max_length=40)
    tries = models.PositiveSmallIntegerField(_("essais"), default=0)
    due_at = models.DateTimeField(_("prochain essai"))
    error = LineField(_("erreur"), max_length=300, blank=True, default="", db_default="")
    # Set after the last try: then only an operator reruns it.
    dead_at = models.DateTimeField(_("abandonné le"), null=True, blank=True)

    class Meta:
        verbose_name = _("livraison")
        verbose_name_plural = _("livraisons de faits")
        ordering: ClassVar = ["due_at", "id"]
        constraints: ClassVar = [
            # Also finds the pending deliveries of a fact.
            models.UniqueConstraint(fields=["fact", "consumer"], name="events_delivery_once")
        ]
        # Due deliveries, oldest first.
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=models.Q(dead_at=None), name="events_delivery_due")
        ]

    def __str__(self) -> str:
        return f"{self.consumer} {self.fact_id}"
