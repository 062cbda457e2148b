"""Conversations of a workspace's people with assistants."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from tenants.search import Words
from ui.lines import LineField


class Conversation(models.Model):
    """One person's thread with one assistant. Seen by its author and by those it is shared with."""

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("Privée")
        WORKSPACE = "workspace", _("Tout l’espace")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    # Of the operator's catalogue, in public: no database constraint may point there.
    assistant = models.ForeignKey(
        "assistants.Assistant", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    title = LineField(_("titre"), max_length=120, blank=True)
    visibility = LineField(_("visibilité"), max_length=10, choices=Visibility.choices, default=Visibility.PRIVATE)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    active_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes: ClassVar = [
            models.Index(fields=["author", "-active_at"], name="conversations_author_active"),
            GinIndex(Words("title"), name="conversations_title_words"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.pk)


class Pin(models.Model):
    """A conversation that one person keeps at the top of their list. Everybody has their own pins."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="pins", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "person"], name="conversations_pin_once"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.person_id}"


class Message(models.Model):
    """What was said. An answer is written while it comes; `state` says how far it is."""

    grows = True

    class Role(models.TextChoices):
        USER = "user", _("Vous")
        ASSISTANT = "assistant", _("Assistant")

    class State(models.TextChoices):
        STREAMING = "streaming", _("En cours")
        DONE = "done", _("Terminée")
        INTERRUPTED = "interrupted", _("Interrompue")
        FAILED = "failed", _("Échouée")

    class ImageState(models.TextChoices):
        MAKING = "making", _("En cours")
        DONE = "done", _("Faite")
        FAILED = "failed", _("Échouée")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    role = LineField(max_length=10, choices=Role.choices)
    state = LineField(max_length=12, choices=State.choices, default=State.DONE)
    text = models.TextField(blank=True)
    # Set when a retry took this answer's place: kept, not shown.
    replaced_at = models.DateTimeField(null=True, blank=True)
    prompt_version_id = models.UUIDField(null=True, blank=True)
    provider = LineField(max_length=20, blank=True)
    model = LineField(max_length=80, blank=True)
    price_id = models.UUIDField(null=True, blank=True)
    is_demonstration = models.BooleanField(default=False)
    stopped = models.BooleanField(default=False)
    error_kind = LineField(max_length=20, blank=True)
    # The image made of this answer, where the assistant makes images.
    image_state = LineField(max_length=8, choices=ImageState.choices, blank=True)
    image_reference = models.UUIDField(null=True, blank=True)
    image_item_id = models.UUIDField(null=True, blank=True)
    image_error = LineField(max_length=20, blank=True)
    # Set before a provider is asked for the image: that request is made once for a reference, since it may be paid.
    image_price_id = models.UUIDField(null=True, blank=True)
    tokens = models.PositiveIntegerField(default=0)
    # What the provider counted of the prompt (0: it did not), and how many messages the prompt had.
    prompt_tokens = models.IntegerField(default=0, db_default=0)
    prompt_messages = models.IntegerField(default=0, db_default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=12, default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["conversation", "id"], name="conversations_msg_thread"),
            # What is still being written is not found yet: it would be read anew every second.
            GinIndex(Words("text"), name="conversations_msg_words", condition=~models.Q(state="streaming")),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:40]}"
