"""The outbox, what providers report of its mails, and the addresses that are not mailed again."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from mailing.types import MailKind
from tenants.ids import new_id
from ui.lines import LineField


class OutboxMessage(models.Model):
    """One mail. A body with a password or a code is erased once sent (except in the embedded run)."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("En attente")
        SENT = "sent", _("Envoyé")
        FAILED = "failed", _("Échec")
        # Not sent, because its address is suppressed.
        WITHHELD = "withheld", _("Retenu")

    Kind = MailKind

    class Report(models.TextChoices):
        """What the provider says of a mail that was sent; "" before it says anything."""

        DEFERRED = "deferred", _("Retardé")
        DELIVERED = "delivered", _("Remis")
        BOUNCED = "bounced", _("Rejeté")
        COMPLAINED = "complained", _("Signalé comme indésirable")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # No foreign key: mails outlive their workspace.
    tenant_id = models.UUIDField(null=True, blank=True)
    tenant_slug = LineField(_("espace"), max_length=40, blank=True)
    kind = LineField(
        _("genre"),
        max_length=16,
        choices=MailKind.choices,
        default=MailKind.TRANSACTIONAL,
        db_default=MailKind.TRANSACTIONAL,
    )
    # Equal for all mails of one act, so that it is mailed once; null for a mail without such an act.
    dedupe_key = LineField(max_length=150, null=True, blank=True, unique=True, editable=False)
    sender = LineField(_("expéditeur"), max_length=320)
    to = models.JSONField(_("destinataires"), default=list)
    subject = LineField(_("objet"), max_length=300)
    # Headers beside those of every mail.
    headers = models.JSONField(default=dict, db_default={}, blank=True, editable=False)
    text = models.TextField(_("texte"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    # Contains a password, a code or a link with access: the body is also erased after the last failed try.
    carries_secret = models.BooleanField(default=True, db_default=True, editable=False)
    status = LineField(_("état"), max_length=8, choices=Status.choices, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(_("essais"), default=0)
    error = LineField(_("erreur"), max_length=300, blank=True)
    # Lease of the process that delivers it: no other one does before this time.
    taken_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)
    sent_at = models.DateTimeField(_("envoyé le"), null=True, blank=True)
    report = LineField(_("remise"), max_length=12, choices=Report.choices, default="", db_default="", blank=True)
    reported_at = models.DateTimeField(_("signalé le"), null=True, blank=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails envoyés")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=models.Q(status="waiting"), name="mailing_outbox_waiting")
        ]

    def __str__(self) -> str:
        return self.subject


class MailEvent(models.Model):
    """What a provider reported of one mail of the outbox, once each."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="events")
    # SHA-256 of provider, kind, recipient and the provider's own id: a webhook that comes twice is one row.
    key = LineField(max_length=64, unique=True)
    # HMAC of the recipient (mailing/suppression.py).
    digest = LineField(max_length=64)
    provider = LineField(max_length=30)
    kind = LineField(_("événement"), max_length=20)
    # Permanent: the mailbox does not exist or refuses for good.
    is_permanent = models.BooleanField(default=False)
    detail = LineField(_("détail"), max_length=300, blank=True)
    at = models.DateTimeField(_("le"))

    class Meta:
        verbose_name = _("événement d’e-mail")
        verbose_name_plural = _("événements d’e-mails")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["digest", "-at"], name="mailing_events_of_an_address")]

    def __str__(self) -> str:
        return self.kind


class Suppression(models.Model):
    """An address that is not mailed: its HMAC, why, and until when. A row that ended or was lifted is deleted."""

    class Reason(models.TextChoices):
        HARD_BOUNCE = "hard_bounce", _("N’existe pas ou refuse pour de bon")
        SOFT_BOUNCES = "soft_bounces", _("Injoignable depuis plusieurs jours")
        COMPLAINT = "complaint", _("A signalé un message comme indésirable")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = LineField(max_length=64, unique=True)
    reason = LineField(_("motif"), max_length=16, choices=Reason.choices)
    # The mail that led to it, whose row has the address in clear; null once that row is gone.
    message = models.ForeignKey(OutboxMessage, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(_("depuis"), auto_now_add=True)
    # Null: until an operator lifts it.
    until = models.DateTimeField(_("jusqu’au"), null=True, blank=True)

    class Meta:
        verbose_name = _("adresse bloquée")
        verbose_name_plural = _("adresses bloquées")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.get_reason_display())


class Milestone(models.Model):
    """When a kind of fact first and last happened in a workspace, or by one of its people."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField()
    # The workspace's own id for what anybody did there.
    subject_id = models.UUIDField()
    name = LineField(max_length=60)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = _("jalon")
        verbose_name_plural = _("jalons")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "subject_id", "name"], name="mailing_milestone_once")
        ]
        indexes: ClassVar = [models.Index(fields=["name", "last_at"], name="mailing_milestone_last")]

    def __str__(self) -> str:
        return self.name


class SequenceRun(models.Model):
    """One person on the way through one sequence (mailing/sequences)."""

    class State(models.TextChoices):
        ACTIVE = "active", _("En cours")
        GOAL = "goal", _("But atteint")
        DONE = "done", _("Finie")
        STOPPED = "stopped", _("Arrêtée")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sequence = LineField(_("séquence"), max_length=30)
    tenant_id = models.UUIDField()
    tenant_slug = LineField(_("espace"), max_length=40, blank=True)
    person_id = models.UUIDField()
    # What made the person enter: a second time for the same is not an entry.
    entry = LineField(max_length=60)
    entered_at = models.DateTimeField(_("entrée le"))
    state = LineField(_("état"), max_length=8, choices=State.choices, default=State.ACTIVE)
    # Index of the step that comes next.
    step = models.PositiveSmallIntegerField(_("étape"), default=0)
    next_at = models.DateTimeField(_("prochain envoi"))
    ended_at = models.DateTimeField(_("terminée le"), null=True, blank=True)

    class Meta:
        verbose_name = _("parcours")
        verbose_name_plural = _("séquences")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "person_id", "sequence", "entry"], name="mailing_sequence_entry_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=models.Q(state="active"), name="mailing_sequence_due")
        ]

    def __str__(self) -> str:
        return self.sequence


class SequenceMail(models.Model):
    """One step that was mailed to one person."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(SequenceRun, on_delete=models.CASCADE, related_name="mails", db_index=False)
    sequence = LineField(max_length=30)
    step = LineField(max_length=30)
    message = models.ForeignKey(OutboxMessage, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    clicked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("e-mail de séquence")
        verbose_name_plural = _("e-mails de séquences")
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "step"], name="mailing_sequence_step_once")]

    def __str__(self) -> str:
        return self.step


class MailTextVersion(models.Model):
    """Words that an operator gave a template in one language. The highest number is in force; no words: the default."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    template = LineField(max_length=60)
    language = LineField(max_length=5)
    number = models.PositiveIntegerField()
    # Code -> text, of those that differ from the default.
    texts = models.JSONField(default=dict)
    author = LineField(max_length=254)
    # Number of the version whose words these are again; 0: the default. Null: written anew.
    restored = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("version de textes d’e-mail")
        verbose_name_plural = _("versions de textes d’e-mails")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["template", "language", "number"], name="mailing_text_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.language} {self.number}"
