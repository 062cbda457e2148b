"""Leads (strangers who write to the operator, and what they consented to), and counts of the public site by day."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineEmailField, LineField


class Lead(models.Model):
    """A message from the contact form. `id` comes from the form, so that sending it twice makes one lead.

    `source`: "source / medium / campaign" of the first address visited, or the host that led to the site.
    """

    class State(models.TextChoices):
        NEW = "new", _("Nouveau")
        ANSWERED = "answered", _("Répondu")
        WON = "won", _("Client")
        LOST = "lost", _("Sans suite")

    id = models.UUIDField(primary_key=True, editable=False)
    created_at = models.DateTimeField(_("reçu le"), auto_now_add=True)
    state = LineField(_("état"), max_length=8, choices=State.choices, default=State.NEW)
    email = LineEmailField(_("adresse e-mail"))
    name = LineField(_("nom"), max_length=120)
    company = LineField(_("entreprise"), max_length=120, blank=True)
    message = models.TextField(_("message"), max_length=4_000)
    language = LineField(_("langue"), max_length=5)
    source = LineField(_("origine"), max_length=200, blank=True)
    wants_news = models.BooleanField(_("veut des nouvelles"), default=False)
    note = models.TextField(_("note de l’équipe"), max_length=4_000, blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="website_lead_created")]

    def __str__(self) -> str:
        return self.name


class Consent(models.Model):
    """What a person agreed to, in the words they saw: the proof that article 7 of the GDPR asks for.

    Goes with its lead when that is erased.
    """

    class Topic(models.TextChoices):
        REPLY = "reply", _("réponse à la demande")
        NEWS = "news", _("nouvelles de la plateforme")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="consents", verbose_name=_("contact"))
    at = models.DateTimeField(_("date"), auto_now_add=True)
    topic = LineField(_("objet"), max_length=8, choices=Topic.choices)
    text = models.TextField(_("texte affiché"))
    origin = models.GenericIPAddressField(_("adresse d’origine"), null=True)

    class Meta:
        verbose_name = _("consentement")
        verbose_name_plural = _("consentements")
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return str(self.get_topic_display())


class SiteCount(models.Model):
    """How often something happened on the public site in a day (`website.measure`). No row is about a person.

    `campaign` of a paid subscription: the key of its workspace.
    """

    class Name(models.TextChoices):
        VIEW = "view", _("pages vues")
        VISITOR = "visitor", _("visiteurs")
        CLICK = "click", _("clics")
        REQUEST = "request", _("demandes d’espace")
        TRIAL = "trial", _("essais ouverts")
        PAID = "paid", _("premiers abonnements")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    day = models.DateField(_("jour"))
    name = LineField(_("mesure"), max_length=8, choices=Name.choices)
    page = LineField(_("page"), max_length=40, blank=True)
    source = LineField(_("origine"), max_length=60, blank=True)
    medium = LineField(_("support"), max_length=60, blank=True)
    campaign = LineField(_("campagne"), max_length=60, blank=True)
    count = models.PositiveIntegerField(_("nombre"), default=0)

    class Meta:
        verbose_name = _("audience du site")
        verbose_name_plural = _("audience du site")
        ordering: ClassVar = ["-day"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "name", "page", "source", "medium", "campaign"], name="website_count_once"
            )
        ]


class StatusDay(models.Model):
    """Totals of a day's checks of one component (`website.status`). `is_ok`, `last_at`: of the last round."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    day = models.DateField(_("jour"))
    component = LineField(_("composant"), max_length=20)
    rounds = models.PositiveIntegerField(_("contrôles"), default=0)
    failures = models.PositiveIntegerField(_("échecs"), default=0)
    is_ok = models.BooleanField(_("en marche"), default=True)
    last_at = models.DateTimeField(_("dernier contrôle"))

    class Meta:
        verbose_name = _("état d’un jour")
        verbose_name_plural = _("états par jour")
        constraints: ClassVar = [models.UniqueConstraint(fields=["day", "component"], name="website_status_day_once")]
