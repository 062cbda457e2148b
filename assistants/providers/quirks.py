"""Parameters that models refuse and hidden reasoning, learned from responses and remembered by this process."""

import re

from assistants.providers.types import ProviderError

# Parameters that can be omitted or replaced by another one.
OPTIONAL = frozenset({"temperature", "max_tokens", "max_completion_tokens", "stream_options"})
# Bounds the memory; no installation has so many models.
MAX_MODELS = 1_000
_NAMED = re.compile(r"(?<![\w-])(" + "|".join(sorted(OPTIONAL)) + r")(?![\w-])")

_REFUSES = re.compile(
    r"not (?:be )?(?:supported|allowed|permitted|recogni[sz]ed|valid with)|unsupported|unrecogni[sz]ed|unknown"
    r"|unexpected|extra (?:inputs|fields)|does ?n[o']t support|only the default|deprecated|no longer",
    re.IGNORECASE,
)

_refused: dict[tuple[str, str], frozenset[str]] = {}
# Models with reasoning tokens in their usage but no reasoning text in the stream.
_hidden_reasoning: set[str] = set()


def refused_by(server: str, model: str) -> frozenset[str]:
    """The parameters that a model of a server has refused."""
    return _refused.get((server, model), frozenset())


def learn(server: str, model: str, error: ProviderError) -> bool:
    """Remember the parameter that an error refuses. True if it is new, so that a retry without it may work."""
    known = refused_by(server, model)
    name = _parameter_of(error)
    if not name or name in known:
        return False
    if len(_refused) >= MAX_MODELS:
        _refused.clear()
    _refused[server, model] = known | {name}
    return True


def has_hidden_reasoning(model: str) -> bool:
    """Whether the model is known for hidden reasoning."""
    return model in _hidden_reasoning


def remember_hidden_reasoning(model: str) -> None:
    """Remember that the provider has counted reasoning tokens that it did not send."""
    if len(_hidden_reasoning) < MAX_MODELS:
        _hidden_reasoning.add(model)


def forget() -> None:
    """Clear the memory, for tests."""
    _refused.clear()
    _hidden_reasoning.clear()


def _parameter_of(error: ProviderError) -> str:
    if error.kind != "bad_request":
        return ""
    if error.parameter in OPTIONAL:
        return error.parameter
    # Some servers name it in the message only; the first name is the refused one ("use … instead" follows). The message
    # must call it unsupported: an invalid value does not mean that, and the message may quote the user's text.
    match = _NAMED.search(error.detail)
    return match.group(1) if match and _REFUSES.search(error.detail) else ""
