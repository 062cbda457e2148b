"""Requests, events, usage and errors of providers."""

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
    """A chat request. `temperature` is not sent to Anthropic, whose API does not accept it.

    `input_bound`: the tokens reserved for the input, which limit an estimate of it. None: nothing is reserved.
    """

    model: str
    system: str
    messages: Sequence[ChatMessage]
    max_output_tokens: int
    temperature: float | None = None
    input_bound: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call in four disjoint buckets, which are priced separately.

    `input_tokens` excludes tokens read from or written to the cache; `output_tokens` includes hidden reasoning.
    `cache_write_long_tokens` is the long-lived part of `cache_write_tokens`, which costs more.
    `is_estimate`: the provider has not reported all buckets; the missing ones are upper bounds.
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
        """All tokens of the input, for comparison with the threshold of a price."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(frozen=True, slots=True)
class Delta:
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer. `model`: the name given by the server; `stop_reason` "stopped": by `StreamControl.stop`."""

    usage: Usage
    stop_reason: StopReason
    model: str


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    data: bytes
    media_type: str
    usage: Usage | None


class ProviderNotConfigured(Exception):
    """Raised without a key or URL for a provider; the message names the missing setting."""


class ProviderError(Exception):
    """Raised when a call fails. `detail` is for the log only; `message` is for users.

    `retryable`: the same request may succeed later. `usage`: tokens used before the failure, None if the provider had
    not started. `parameter`: the refused parameter. `is_told_by_code`: the kind follows from a status or a code, and
    not from a message, which may quote the user's text. `may_be_paid`: the provider may have processed the request
    without reporting a failure, so a retry may be charged twice.
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
        is_from_code: bool = False,
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
        self.is_from_code = is_from_code
        self.may_be_paid = may_be_paid

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind

    @property
    def ends_the_model(self) -> bool:
        """Whether the model has ended for all users. A message alone is no proof, as it may quote a user's text."""
        return self.kind == "model_gone" and self.is_from_code

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
    """The message for the user: what happened and what to do."""
    return _MESSAGES[kind]
