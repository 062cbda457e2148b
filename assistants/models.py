"""Tables of the operator's catalogue: assistants, prompt versions, models and prices."""

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineField


class Model(models.Model):
    """A model of a provider. `limit_*` in tokens.

    From `ends_on` on its `fallback` is called instead. `end_warned`: threshold in days of the last warning sent.
    """

    class Provider(models.TextChoices):
        OPENAI = "openai", "OpenAI"
        ANTHROPIC = "anthropic", "Anthropic"
        LOCAL = "local", _("Local (démonstration)")

    class Kind(models.TextChoices):
        CHAT = "chat", _("Conversation")
        IMAGE = "image", _("Image")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = LineField(_("fournisseur"), max_length=20, choices=Provider.choices)
    name = LineField(_("nom chez le fournisseur"), max_length=80)
    label = LineField(_("nom affiché"), max_length=80)
    kind = LineField(_("sorte"), max_length=8, choices=Kind.choices, default=Kind.CHAT)
    limit_context = models.PositiveIntegerField(_("contexte (jetons)"), default=128_000)
    limit_output = models.PositiveIntegerField(_("réponse (jetons)"), default=4_096)
    is_demonstration = models.BooleanField(_("modèle de démonstration"), default=False)
    is_active = models.BooleanField(_("proposé"), default=True)
    ends_on = models.DateField(
        _("fin chez le fournisseur"),
        null=True,
        blank=True,
        help_text=_("À partir de ce jour, le modèle de remplacement répond."),
    )
    fallback = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("remplacé par")
    )
    end_warned = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("modèle")
        verbose_name_plural = _("modèles")
        ordering: ClassVar = ["provider", "name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["provider", "name"], name="assistants_model_once")]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        """Refuse a fallback of another kind, or one that leads back here."""
        super().clean()
        seen, after = {self.pk}, self.fallback
        if after is not None and after.kind != self.kind:
            raise ValidationError({"fallback": _("Choisissez un modèle de la même sorte.")})
        while after is not None:
            if after.pk in seen:
                raise ValidationError(
                    {"fallback": _("Ces remplacements tournent en rond : choisissez un autre modèle.")}
                )
            seen.add(after.pk)
            after = after.fallback

    def has_ended(self, on: dt.date) -> bool:
        """Whether the provider has ended the model by that day."""
        return self.ends_on is not None and self.ends_on <= on


def _factor(label: Any) -> Any:
    """Field for a multiplier of prices, at least 1."""
    return models.DecimalField(
        label, max_digits=6, decimal_places=3, default=1, db_default=1, validators=[MinValueValidator(Decimal(1))]
    )


class Price(models.Model):
    """Price of a model from `valid_from` on. Append-only: a new price is a new row, past costs do not change.

    Amounts are per million tokens in `currency`, and in euros at `rate` of `rate_date`. Images have a price each, or
    are priced by tokens if these have a price; `image` is then the maximum of one image's output, which is reserved.
    The `long_*` factors apply to all of a request whose prompt has more than `long_from_tokens` tokens.
    """

    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="prices", verbose_name=_("modèle"))
    valid_from = models.DateTimeField(_("valable à partir du"))
    currency = LineField(_("devise"), max_length=3, default="EUR")
    rate = models.DecimalField(_("euros pour une unité"), max_digits=12, decimal_places=6, default=1)
    rate_date = models.DateField(_("date du cours"), null=True, blank=True)
    input = models.DecimalField(_("entrée / M"), max_digits=12, decimal_places=6, default=0)
    cache_read = models.DecimalField(_("cache lu / M"), max_digits=12, decimal_places=6, default=0)
    cache_write = models.DecimalField(_("cache écrit / M"), max_digits=12, decimal_places=6, default=0)
    output = models.DecimalField(_("sortie / M"), max_digits=12, decimal_places=6, default=0)
    image = models.DecimalField(_("par image"), max_digits=12, decimal_places=6, default=0)
    input_eur = models.DecimalField(_("entrée / M (€)"), max_digits=12, decimal_places=6, default=0, editable=False)
    cache_read_eur = models.DecimalField(
        _("cache lu / M (€)"), max_digits=12, decimal_places=6, default=0, editable=False
    )
    cache_write_eur = models.DecimalField(
        _("cache écrit / M (€)"), max_digits=12, decimal_places=6, default=0, editable=False
    )
    output_eur = models.DecimalField(_("sortie / M (€)"), max_digits=12, decimal_places=6, default=0, editable=False)
    image_eur = models.DecimalField(_("par image (€)"), max_digits=12, decimal_places=6, default=0, editable=False)
    cache_write_long = models.DecimalField(
        _("cache écrit pour longtemps / M"), max_digits=12, decimal_places=6, default=0, db_default=0
    )
    # 0: the price of short-lived cache writes applies.
    cache_write_long_eur = models.DecimalField(
        _("cache écrit pour longtemps / M (€)"),
        max_digits=12,
        decimal_places=6,
        default=0,
        db_default=0,
        editable=False,
    )
    long_from_tokens = models.PositiveIntegerField(_("question longue au-delà de (jetons)"), null=True, blank=True)
    long_input_factor = _factor(_("facteur d’entrée d’une question longue"))
    long_output_factor = _factor(_("facteur de sortie d’une question longue"))
    region_factor = _factor(_("facteur de région"))
    created_at = models.DateTimeField(_("saisi le"), auto_now_add=True)

    class Meta:
        verbose_name = _("prix")
        verbose_name_plural = _("prix")
        ordering: ClassVar = ["-valid_from", "-id"]
        indexes: ClassVar = [models.Index(fields=["model", "-valid_from"], name="assistants_price_from")]

    def __str__(self) -> str:
        return f"{self.model_id} {self.valid_from:%Y-%m-%d}"


class Assistant(models.Model):
    """An assistant of the platform's catalogue. Its instructions are in prompt versions."""

    class Produces(models.TextChoices):
        TEXT = "text", _("Texte")
        POST = "post", _("Post")
        ANALYSIS = "analysis", _("Analyse")
        IMAGE = "image", _("Image")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = LineField(_("nom"), max_length=80)
    tagline = LineField(_("accroche"), max_length=160)
    icon = LineField(_("icône"), max_length=40, default="sparkles")
    produces = LineField(_("produit"), max_length=10, choices=Produces.choices, default=Produces.TEXT)
    starters = models.JSONField(_("amorces"), default=list, blank=True)
    model = models.ForeignKey(
        Model,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        verbose_name=_("modèle"),
        help_text=_("Vide : le modèle par défaut de la plateforme."),
    )
    max_output_tokens = models.PositiveIntegerField(_("réponse maximale (jetons)"), default=1_024)
    temperature = models.DecimalField(_("température"), max_digits=3, decimal_places=2, null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)
    is_active = models.BooleanField(_("proposé"), default=True)
    current_version = models.ForeignKey(
        "PromptVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("version de consigne en service"),
    )

    class Meta:
        verbose_name = _("assistant")
        verbose_name_plural = _("assistants")
        ordering: ClassVar = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class PromptVersion(models.Model):
    """A version of an assistant's instructions. Append-only."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assistant = models.ForeignKey(
        Assistant, on_delete=models.CASCADE, related_name="versions", verbose_name=_("assistant")
    )
    number = models.PositiveIntegerField(_("numéro"))
    text = models.TextField(_("consigne"))
    note = LineField(_("note"), max_length=200, blank=True)
    author = LineField(_("auteur"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("créée le"), auto_now_add=True)

    class Meta:
        verbose_name = _("version de consigne")
        verbose_name_plural = _("versions de consigne")
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assistant", "number"], name="assistants_version_once")
        ]

    def __str__(self) -> str:
        return f"v{self.number}"
