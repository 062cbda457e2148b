"""How many tokens a call may cost before it is made, and how many it probably cost when nobody said."""

from collections.abc import Iterable

from assistants.providers.types import ChatMessage

# Chat templates wrap every message in a role and separators: 3 to 7 tokens in the known ones.
MESSAGE_OVERHEAD = 16
# The template's own preamble: the start token, the opening of the answer, and the default system prompt or the dates
# that some models insert by themselves (30 to 40 tokens).
REQUEST_OVERHEAD = 64


def input_token_bound(system: str, messages: Iterable[ChatMessage]) -> int:
    """An upper bound of the input tokens of a call.

    Every tokeniser in use (byte-level BPE, or SentencePiece with byte fallback) cuts UTF-8 into pieces of one byte or
    more, so a text never has more tokens than bytes. It is generous (about four times the real figure) on purpose:
    a reservation must hold.
    """
    texts = list(messages)
    size = len(system.encode()) + sum(len(message.text.encode()) for message in texts)
    return size + MESSAGE_OVERHEAD * (len(texts) + 1) + REQUEST_OVERHEAD


def estimate_tokens(text: str) -> int:
    """A fair guess, for settling a call that stopped before its usage came: one token per 3.5 bytes, rounded up.

    French and English measure 3.5 to 4.5 bytes a token with today's tokenisers, so the guess is slightly high.
    """
    return -(-2 * len(text.encode()) // 7)
