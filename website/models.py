"""Tables of the public site: leads and consents, counts and checks by day, versions of legal texts, articles."""

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


class LegalVersion(models.Model):
    """One version of a legal text of the site (`website.legal`). The latest of a document is in force.

    `text`: the binding French text; `sha256`: hexadecimal digest of its UTF-8 bytes. `translation`: English, for
    information. Both are Markdown with the names of `website.legal.VARIABLES` in braces.
    """

    append_only = True

    class Document(models.TextChoices):
        PRIVACY = "privacy", _("Confidentialité")
        COOKIES = "cookies", _("Cookies")
        DPA = "dpa", _("Accord de sous-traitance des données")
        NOTICE = "notice", _("Mentions légales")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    document = LineField(_("document"), max_length=8, choices=Document.choices)
    number = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("texte"))
    translation = models.TextField(_("traduction anglaise"), blank=True)
    changes = LineField(_("ce qui change"), max_length=300, blank=True)
    sha256 = LineField(_("empreinte du texte"), max_length=64)
    published_at = models.DateTimeField(_("publiée le"), auto_now_add=True)
    published_by = LineField(_("publiée par"), max_length=254)

    class Meta:
        verbose_name = _("version d’un texte légal")
        verbose_name_plural = _("textes légaux")
        ordering: ClassVar = ["document", "-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["document", "number"], name="website_legal_once")]

    def __str__(self) -> str:
        return f"{self.get_document_display()} {self.number}"


class LegalAcceptance(models.Model):
    """The acceptance of a version when a workspace was asked for: a proof, kept after the workspace is deleted.

    `person`: the mail address at that time. `origin`: IP address of the request. `reference`: key of the request.
    """

    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("date"), auto_now_add=True)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    tenant_slug = LineField(_("espace"), max_length=40)
    person_id = models.UUIDField(_("clé de la personne"))
    person = LineField(_("accepté par"), max_length=254)
    version = models.ForeignKey(
        LegalVersion, on_delete=models.PROTECT, related_name="acceptances", verbose_name=_("version")
    )
    sha256 = LineField(_("empreinte du texte"), max_length=64)
    origin = models.GenericIPAddressField(_("adresse d’origine"), null=True)
    reference = LineField(_("demande"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("acceptation d’un texte légal")
        verbose_name_plural = _("acceptations de textes légaux")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.person} · {self.version_id}"


class Article(models.Model):
    """An article of the site, in one language. `body`: Markdown. Shown from `published_at`; a draft without it.

    `cover`: a JPEG of 1200 by 630 pixels; `cover_digest` names it in its address. `translation_of`: the article that it
    translates, in another language.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    language = LineField(_("langue"), max_length=5)
    slug = models.SlugField(_("adresse"), max_length=80, unique=True)
    title = LineField(_("titre"), max_length=140)
    summary = models.TextField(_("résumé"), max_length=400)
    body = models.TextField(_("texte"), max_length=60_000)
    author = LineField(_("signature"), max_length=80, blank=True)
    cover = models.BinaryField(_("image"), default=b"")
    cover_digest = LineField(max_length=16, blank=True, editable=False)
    cover_text = LineField(_("texte de l’image"), max_length=200, blank=True)
    published_at = models.DateTimeField(_("publié le"), null=True, blank=True)
    translation_of = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="translations",
        verbose_name=_("traduction de"),
    )
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    class Meta:
        verbose_name = _("article du site")
        verbose_name_plural = _("articles du site")
        ordering: ClassVar = ["-published_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["language", "-published_at"], name="website_article_language")]

    def __str__(self) -> str:
        return self.title
