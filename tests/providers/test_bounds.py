"""The bound holds for every script, the estimate stays between it and what tokenisers really count."""

import base64
import random
import string

import pytest

from assistants.providers.bounds import (
    MESSAGE_OVERHEAD,
    REQUEST_OVERHEAD,
    estimate_tokens,
    input_token_bound,
    text_bound,
)
from assistants.providers.types import ChatMessage

_RANDOM = random.Random(1)


def _csv() -> str:
    lines = (
        f"{n * 7919 % 99991};{n * 31 % 997 / 7:.4f};{n % 28 + 1:02}/{n % 12 + 1:02}/2026;FR{n * 104729}"
        for n in range(200)
    )
    return "\n".join(lines)


def _noise(letters: str, count: int = 3000) -> str:
    return "".join(_RANDOM.choice(letters) for _ in range(count))


FRENCH = (
    "Voici une première réponse, courte et claire. Une ruche réunit beaucoup de cellules sous un même toit\u00a0: "
    "chacune garde ce qui lui appartient. L’école n’a pas été prévenue «\u00a0à temps\u00a0»… "
)
# A text, and the tokens that the dearer of o200k_base and cl100k_base counts in it (quicktok 0.4).
COUNTED = {
    "french": (FRENCH * 5, 266),
    "digits": (_noise(string.digits), 1000),
    "csv": (_csv(), 3985),
    "chinese": ("机器学习是人工智能的一个分支，它使计算机能够从数据中学习。我们正在开发新的平台。" * 20, 820),
    "rare han": ("".join(chr(_RANDOM.randint(0x4E00, 0x9FA5)) for _ in range(1000)), 2379),
    "emoji": ("🐝🎉🚀👩\u200d👩\u200d👧\u200d👦🇫🇷✨" * 50, 1750),
    "noise": (_noise(string.ascii_lowercase), 1612),
    "letters apart": (" ".join(_noise(string.ascii_lowercase, 2000)), 2000),
    "capitals": (_noise(string.ascii_uppercase), 1774),
    "accents": (_noise("éèêëàâäîïôöûüçñøåæœ", 1000), 997),
    "greek": ("Καλώς ήρθατε στη νέα μας πλατφόρμα μηχανικής μάθησης " * 20, 961),
    "signs": (_noise("!@#$%^&*()_+-=[]{};:,.<>/?|~`", 2000), 1369),
    "hexadecimal": (_noise("0123456789abcdef", 4000), 2288),
}


def _words(letters: str, length: int) -> str:
    return " ".join("".join(_OTHER.choice(letters) for _ in range(length)) for _ in range(200))


# Words that nobody writes, each the dearest of thousands: two tokens for three bytes and more.
DEAREST = """vqoivm ecfunm vvopeh ircavp yugt fihg fiiu oibl egtu gpeo iehf fgeg ojv uqg oqg uqo qgohf qhavf vjovu ojebi
eehs epea aovd lfof uqgobg oqfucd tciulv eceipd""".split()
_OTHER = random.Random(7)


def _in_turn(*choices: str) -> str:
    """A thousand times one of each in turn, at random."""
    return "".join(_TURNS.choice(each) for _ in range(1000) for each in choices)


def _letters(first: int, last: int) -> str:
    return "".join(map(chr, range(first, last + 1)))


_TURNS = random.Random(9)
_SMALL = string.ascii_lowercase
# Letters alone, and accents of other languages: counted as above, by gpt-tokenizer 3.
ALONE = {
    "letters and digits": (_in_turn(_SMALL, string.digits), 2000),
    "a letter a line": (_in_turn(_SMALL, "\n"), 2000),
    "two spaces": (_in_turn(_SMALL, " ", " "), 2000),
    "cells": (_in_turn(_SMALL, "123456789", ";"), 2288),
    "consonants and accents": (_in_turn("bdfghlmnprt", "ûèôñâäëï"), 1822),
    "accents apart": (_in_turn("bdfghlmnprt", "ûèôñâäëï", " "), 1910),
    "Latin-1": (_letters(0xC0, 0xFF) * 20, 1640),
    "Latin Extended-A": (_in_turn(_letters(0x100, 0x17F)), 1755),
    "Latin Extended-B": (_in_turn(_letters(0x180, 0x24F)), 1974),
    "and spaces": (_in_turn(_letters(0x180, 0x24F), " "), 2977),
    "combining marks": (_in_turn(_SMALL, _letters(0x300, 0x36F)), 2984),
    "Armenian": (_in_turn(_letters(0x531, 0x556)), 2000),
    "Ethiopic": (_in_turn(_letters(0x1200, 0x1248)), 2984),
}
COUNTED |= ALONE
# Counted as above, by gpt-tokenizer 3.
HOSTILE = [
    *(
        (_words(letters, length), counted)
        for letters, length, counted in (
            ("jkqwxzv", 2, 306),
            ("jkqwxzv", 3, 441),
            ("jkqwxzv", 5, 705),
            ("jkqwxzv", 6, 819),
            ("jkqwxzv", 10, 1390),
            ("jkqwxzv", 13, 1774),
            ("jkqwxzv", 25, 3331),
            ("bcdfghjklmnpqrstvwxz", 3, 396),
            ("bcdfghjklmnpqrstvwxz", 6, 727),
            ("bcdfghjklmnpqrstvwxz", 13, 1543),
        )
    ),
    (base64.b64encode(bytes(_OTHER.randrange(256) for _ in range(3000))).decode(), 2834),
    (" ".join(DEAREST * 20), 1920),
    # The dearest of their lengths, apart and beside what is no space.
    *(
        (word * 100, counted)
        for word, counted in (
            ("gqo ", 301),
            ("cgaqo ", 401),
            ("dfevudc ", 501),
            ("lqoafgop ", 601),
            ("udtuubt, ", 600),
            ("bqo\n", 400),
            ("mzepi\n", 500),
            ("naoqomt\n", 600),
            ("ohep1", 400),
            ("bqo;", 301),
            ("dfevudc\n", 600),
        )
    ),
]


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_adversarial_text_stays_within_its_bound(place: int) -> None:
    text, counted = HOSTILE[place]
    assert counted <= text_bound(text)


def of(text: str) -> int:
    """The bound of a text without what wraps it."""
    return input_token_bound("", [ChatMessage("user", text)]) - 2 * MESSAGE_OVERHEAD - REQUEST_OVERHEAD


@pytest.mark.parametrize("name", COUNTED)
def test_no_text_has_more_tokens_than_its_bound(name: str) -> None:
    text, counted = COUNTED[name]
    assert counted <= of(text)


@pytest.mark.parametrize("name", sorted(COUNTED.keys() - {"letters apart"}))
def test_an_estimate_is_above_what_was_used_and_below_the_bound(name: str) -> None:
    text, counted = COUNTED[name]
    # A hundredth less for texts that nobody writes: an alphabet at random.
    assert counted * 0.97 <= estimate_tokens(text) <= of(text)


def test_french_is_bound_well_below_its_bytes() -> None:
    text, counted = COUNTED["french"]
    assert of(text) <= len(text.encode()) * 0.7
    assert of(text) <= counted * 2.8


@pytest.mark.parametrize("name", COUNTED)
def test_nothing_is_bound_above_its_bytes(name: str) -> None:
    text, _counted = COUNTED[name]
    assert of(text) <= len(text.encode()) + 1


def test_overheads_are_counted_once_a_message() -> None:
    messages = [ChatMessage("user", "12"), ChatMessage("assistant", "3")]
    assert input_token_bound("", messages) == 3 + 3 * MESSAGE_OVERHEAD + REQUEST_OVERHEAD
    assert input_token_bound("", []) == MESSAGE_OVERHEAD + REQUEST_OVERHEAD


def test_an_empty_text_is_nothing() -> None:
    assert estimate_tokens("") == 0


def test_a_lone_surrogate_is_no_error() -> None:
    assert of("\ud83d") == 3
