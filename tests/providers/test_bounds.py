"""The bound holds, the estimate stays under it."""

import pytest

from assistants.providers.bounds import MESSAGE_OVERHEAD, REQUEST_OVERHEAD, estimate_tokens, input_token_bound
from assistants.providers.types import ChatMessage


def test_the_bound_is_bytes_and_overheads() -> None:
    messages = [ChatMessage("user", "été"), ChatMessage("assistant", "🐝")]
    assert input_token_bound("abc", messages) == 3 + 5 + 4 + 3 * MESSAGE_OVERHEAD + REQUEST_OVERHEAD
    assert input_token_bound("", []) == MESSAGE_OVERHEAD + REQUEST_OVERHEAD


@pytest.mark.parametrize("text", ["", "a", "Bonjour à tous", "蜂の巣は家です", "🐝" * 50, "x" * 10_000])
def test_an_estimate_never_exceeds_the_bound(text: str) -> None:
    assert estimate_tokens(text) <= input_token_bound("", [ChatMessage("user", text)])
    assert (estimate_tokens(text) == 0) == (text == "")


def test_the_estimate_rounds_up() -> None:
    assert [estimate_tokens("x" * size) for size in (1, 7, 8, 70)] == [1, 2, 3, 20]
