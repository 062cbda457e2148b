"""What goes in and out of a provider, whoever it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ErrorKind = Literal[
    "auth",
    "quota",
    "rate_limit",
    "overloaded",
    "timeout",
    "connection",
    "cut",
    "lost",
    "bad_request",
    "context_length",
    "refused",
    "model_gone",
    "empty",
    "unknown",
]
StopReason = Literal["stop", "length", "refusal", "stopped", "other"]

RETRYABLE: frozenset[ErrorKind] = frozenset(
    {"rate_limit", "overloaded", "timeout", "connection", "cut", "lost", "empty", "unknown"}
)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question. `temperature` is a wish: Anthropic's API has no such parameter any more and never receives it.

    `input_bound`: the tokens reserved for the input; an estimate of it is never above. None: nothing is reserved.
    """

    model: str
    system: str
    messages: Sequence[ChatMessage]
    max_output_tokens: int
    temperature: float | None = None
    input_bound: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The four buckets that are priced, disjoint: their sum is all that the call consumed.

    `input_tokens` is what no cache served or stored; `output_tokens` includes the model's hidden reasoning.
    `cache_write_long_tokens` is the part of `cache_write_tokens` kept for long, which is dearer.
    `is_estimate`: a bucket was not told by the provider, and is what the call took at most.
    """

    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    cache_write_long_tokens: int = 0
    is_estimate: bool = field(default=False, compare=False)

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.output_tokens

    @property
    def prompt_tokens(self) -> int:
        """The three buckets of the input together: what a price's threshold is compared with."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(frozen=True, slots=True)
class Delta:
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer. `model` is the name the server gave; `stop_reason` "stopped": the reader wished so."""

    usage: Usage
    stop_reason: StopReason
    model: str


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    data: bytes
    media_type: str
    usage: Usage | None


class ProviderNotConfigured(Exception):
    """No key or no address for this provider: the message names the setting to fill in."""


class ProviderError(Exception):
    """A call that failed. `detail` is for the log alone; people read `message`.

    `retryable` says whether asking again, unchanged, may work. `usage` is what the call took before it failed, None
    where the provider had not begun. `parameter` names what a refused request may not have. `is_told_by_code`: the
    kind stands in a status or a code; otherwise it was read in a sentence, which may quote what people wrote.
    `may_be_paid`: the whole request may have reached the provider, which did not say that it failed; the same request
    again may be paid twice.
    """

    def __init__(
        self,
        kind: ErrorKind,
        detail: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        usage: Usage | None = None,
        parameter: str = "",
        is_told_by_code: bool = False,
        may_be_paid: bool = False,
    ) -> None:
        super().__init__(kind, detail)
        self.kind: ErrorKind = kind
        self.detail = detail
        self.retryable = kind in RETRYABLE
        self.status = status
        self.retry_after = retry_after
        self.usage = usage
        self.parameter = parameter
        self.is_told_by_code = is_told_by_code
        self.may_be_paid = may_be_paid

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind

    @property
    def ends_the_model(self) -> bool:
        """True where the model can be taken for gone, for everybody: nobody's words alone may end a model."""
        return self.kind == "model_gone" and self.is_told_by_code

    @property
    def message(self) -> "_StrPromise":
        return message_for(self.kind)


_MESSAGES: "dict[ErrorKind, _StrPromise]" = {
    "auth": _("Le fournisseur refuse la clé d’accès. Prévenez votre opérateur."),
    "quota": _("Le crédit chez le fournisseur est épuisé. Prévenez votre opérateur."),
    "rate_limit": _("Le fournisseur reçoit trop de demandes de notre part. Réessayez dans une minute."),
    "overloaded": _("Le fournisseur est surchargé. Réessayez dans une minute."),
    "timeout": _("Le fournisseur n’a pas répondu à temps. Réessayez."),
    "connection": _("Le fournisseur est injoignable. Réessayez dans une minute."),
    "cut": _("La réponse a été interrompue en chemin. Réessayez pour l’obtenir en entier."),
    "lost": _(
        "L’image n’a pas pu vous être rendue, mais le fournisseur l’a sans doute facturée : elle est comptée. "
        "Vous pouvez en demander une autre."
    ),
    "bad_request": _(
        "Le fournisseur n’accepte pas cette demande. Choisissez un autre assistant, ou prévenez votre opérateur."
    ),
    "context_length": _(
        "La conversation est trop longue pour ce modèle. Raccourcissez votre message ou commencez une conversation."
    ),
    "refused": _("Le fournisseur refuse de répondre à cette demande. Reformulez-la."),
    "model_gone": _(
        "Le modèle de cet assistant n’existe plus chez son fournisseur. Choisissez un autre assistant, "
        "ou prévenez votre opérateur."
    ),
    "empty": _("Le modèle a terminé sans rien écrire. Réessayez, ou reformulez la demande."),
    "unknown": _(
        "Le fournisseur a rencontré une erreur. Réessayez ; si elle revient, donnez sa référence à votre opérateur."
    ),
}


def message_for(kind: ErrorKind) -> "_StrPromise":
    """What to tell the person: what happened, then what to do."""
    return _MESSAGES[kind]
