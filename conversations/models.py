"""Tables of conversations between users and assistants."""

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
    """A person's thread with an assistant. Visible to its author or to the whole workspace."""

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("Privée")
        WORKSPACE = "workspace", _("Tout l’espace")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    # The catalogue is in the public schema; constraints across schemas are forbidden.
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
    """A conversation pinned to the top of one person's list."""

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
    """A question or an answer. An answer is saved repeatedly during its generation; see `state`."""

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
    # Set when a retry has replaced this answer, which is then hidden.
    replaced_at = models.DateTimeField(null=True, blank=True)
    prompt_version_id = models.UUIDField(null=True, blank=True)
    provider = LineField(max_length=20, blank=True)
    model = LineField(max_length=80, blank=True)
    price_id = models.UUIDField(null=True, blank=True)
    is_demonstration = models.BooleanField(default=False)
    stopped = models.BooleanField(default=False)
    error_kind = LineField(max_length=20, blank=True)
    # The image generated from this answer, if the assistant produces images.
    image_state = LineField(max_length=8, choices=ImageState.choices, blank=True)
    image_reference = models.UUIDField(null=True, blank=True)
    image_item_id = models.UUIDField(null=True, blank=True)
    image_error = LineField(max_length=20, blank=True)
    # Set before the provider is called. The call may be charged, so each `image_reference` allows only one.
    image_price_id = models.UUIDField(null=True, blank=True)
    tokens = models.PositiveIntegerField(default=0)
    # Tokens of the prompt as counted by the provider (0: not counted), and number of messages in the prompt.
    prompt_tokens = models.IntegerField(default=0, db_default=0)
    prompt_messages = models.IntegerField(default=0, db_default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=12, default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["conversation", "id"], name="conversations_msg_thread"),
            # Without streaming answers, which would be indexed again every second.
            GinIndex(Words("text"), name="conversations_msg_words", condition=~models.Q(state="streaming")),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:40]}"
