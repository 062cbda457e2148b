"""What models refuse, learned from a refusal: asked again without it at once, and never with it in this process."""

import re

from assistants.providers.types import ProviderError

# What a request can do without, or say in another word.
OPTIONAL = frozenset({"temperature", "max_tokens", "max_completion_tokens", "stream_options"})
# More models than any installation has: the memory of a process stays bounded.
MOST_MODELS = 1_000
_NAMED = re.compile(r"(?<![\w-])(" + "|".join(sorted(OPTIONAL)) + r")(?![\w-])")

_REFUSES = re.compile(
    r"not (?:be )?(?:supported|allowed|permitted|recogni[sz]ed|valid with)|unsupported|unrecogni[sz]ed|unknown"
    r"|unexpected|extra (?:inputs|fields)|does ?n[o']t support|only the default|deprecated|no longer",
    re.IGNORECASE,
)

_refused: dict[tuple[str, str], frozenset[str]] = {}
# Models that were seen to think without a word of it, by what their provider told of it.
_secretive: set[str] = set()


def refused_by(server: str, model: str) -> frozenset[str]:
    """The parameters that a model of a server has refused."""
    return _refused.get((server, model), frozenset())


def learn(server: str, model: str, error: ProviderError) -> bool:
    """True where the error refuses a parameter that was not known to be refused: asking again without it may work."""
    known = refused_by(server, model)
    name = _parameter_of(error)
    if not name or name in known:
        return False
    if len(_refused) >= MOST_MODELS:
        _refused.clear()
    _refused[server, model] = known | {name}
    return True


def thinks_in_secret(model: str) -> bool:
    """True where the model was seen to think without a word of it."""
    return model in _secretive


def has_thought_in_secret(model: str) -> None:
    """The provider counted thoughts that it did not send."""
    if len(_secretive) < MOST_MODELS:
        _secretive.add(model)


def forget() -> None:
    """For tests."""
    _refused.clear()
    _secretive.clear()


def _parameter_of(error: ProviderError) -> str:
    if error.kind != "bad_request":
        return ""
    if error.parameter in OPTIONAL:
        return error.parameter
    # Some say it in the sentence alone; the first parameter named is the refused one ("use … instead" comes after). It
    # must be called unsupported: a value that is too large or too small for this once says nothing of the parameter,
    # and a sentence may quote what people wrote.
    found = _NAMED.search(error.detail)
    return found.group(1) if found and _REFUSES.search(error.detail) else ""
