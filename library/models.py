"""All that a workspace made or brought: answers saved without a click, and uploads."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from tenants.search import Words
from ui.lines import LineField


class Item(models.Model):
    """One content of the library: a text an assistant made, or a file."""

    grows = True

    class Kind(models.TextChoices):
        TEXT = "text", _("Texte")
        POST = "post", _("Post")
        ANALYSIS = "analysis", _("Analyse")
        IMAGE = "image", _("Image")
        VIDEO = "video", _("Vidéo")
        AUDIO = "audio", _("Audio")
        DOCUMENT = "document", _("Document")

    class Reading(models.TextChoices):
        """How far the file of an item was read (`library.reading`)."""

        UNKNOWN = "", _("Pas encore lu")
        WAITING = "waiting", _("En attente")
        DONE = "done", _("Lu")
        NOTHING = "nothing", _("Rien à lire")
        FAILED = "failed", _("Illisible")

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("Privé")
        WORKSPACE = "workspace", _("Tout l’espace")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = LineField(_("type"), max_length=10, choices=Kind.choices)
    title = LineField(_("titre"), max_length=200)
    text = models.TextField(_("texte"), blank=True)
    tags = ArrayField(LineField(max_length=40), verbose_name=_("étiquettes"), default=list, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    visibility = LineField(_("visibilité"), max_length=10, choices=Visibility.choices, default=Visibility.PRIVATE)
    conversation = models.ForeignKey(
        "conversations.Conversation", null=True, blank=True, on_delete=models.SET_NULL, related_name="items"
    )
    # The answer it was made of; one item an answer.
    message_id = models.UUIDField(null=True, blank=True, unique=True)
    # Where it comes from, as it was then: assistant, prompt version, model, cost in euros (decimal text).
    provenance = models.JSONField(default=dict, blank=True)
    file = LineField(max_length=300, blank=True)
    file_name = LineField(_("nom du fichier"), max_length=200, blank=True)
    media_type = LineField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(_("taille"), default=0)
    thumbnail = LineField(max_length=300, blank=True, default="", db_default="")
    reading = LineField(max_length=8, choices=Reading.choices, blank=True, default="", db_default="")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("contenu")
        verbose_name_plural = _("contenus")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["author", "-id"], name="library_item_author"),
            GinIndex(Words("title", "text"), name="library_item_words"),
            GinIndex(Words("title"), name="library_item_title_words"),
            GinIndex(fields=["tags"], name="library_item_tags"),
        ]

    def __str__(self) -> str:
        return self.title


class Share(models.Model):
    """A link by which anyone reads one item until it expires or is revoked. The link carries the signed key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="shares")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expire le"))
    revoked_at = models.DateTimeField(null=True, blank=True)
    opens = models.PositiveIntegerField(_("ouvertures"), default=0)

    class Meta:
        verbose_name = _("partage")
        verbose_name_plural = _("partages")
        ordering: ClassVar = ["-id"]


class FileText(models.Model):
    """A part of the words of an item's file, so that they are found. Its rights are those of the item."""

    grows = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="texts", db_index=False)
    part = models.PositiveSmallIntegerField()
    text = models.TextField()

    class Meta:
        verbose_name = _("texte d’un fichier")
        verbose_name_plural = _("textes des fichiers")
        ordering: ClassVar = ["item", "part"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "part"], name="library_filetext_part")]
        indexes: ClassVar = [GinIndex(Words("text"), name="library_filetext_words")]

    def __str__(self) -> str:
        return f"{self.item_id}/{self.part}"
