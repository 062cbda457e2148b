"""Markdown costs time in proportion to its length, whatever it says. Times are compared with each other.

In `make test` each language meets a third of the hostile pieces of code, and each piece a third of the languages;
RUCHE_FUZZ=all (tests/deep) has every language meet every piece.
"""

import os
import time
from types import SimpleNamespace

import pytest
from pygments.lexers import get_lexer_by_name

from tests.ui.hostile_markdown import cases
from ui import growing_markdown
from ui.code_colours import LANGUAGES, MAX_CODE, SECONDS, coloured
from ui.growing_markdown import GrowingMarkdown
from ui.markdown import MAX_GROWTH, plain_title, render

SMALL, LARGE = cases(8_000), cases(32_000)
# Four times the text: 4 in proportion, 16 by its square.
MOST = 11
# Below this nothing can be told from noise, and nothing is slow.
NOISE = 0.05


def cost(function, *given):
    best = 60.0
    for _ in range(3):
        begun = time.thread_time()
        function(*given)
        best = min(best, time.thread_time() - begun)
        if best < NOISE / 3:
            break
    return best


@pytest.mark.parametrize("kind", SMALL)
def test_four_times_the_text_is_no_sixteen_times_the_work(kind):
    large = cost(render, LARGE[kind])
    assert large < NOISE or large < MOST * cost(render, SMALL[kind]), f"{large:.3f} s"
    assert len(render(LARGE[kind])) < (MAX_GROWTH + 12) * len(LARGE[kind])
    assert cost(plain_title, LARGE[kind]) < NOISE


def grow(text, step=40):
    view, events = GrowingMarkdown(), []
    for end in range(step, len(text) + 1, step):
        events += view.updates(text[:end])
    return events + view.updates(text, is_complete=True)


@pytest.mark.parametrize("kind", ["prose", "fence_blank", "table", "list_many", "list_loose", "longline", "quote_then"])
def test_a_growing_text_is_rendered_in_bounded_pieces(kind, monkeypatch):
    """What is rendered in all is counted, with a clock that goes 40 ms a piece."""
    counted, clock = [], [0.0]

    def counting(text, **options):
        counted.append(len(text))
        return render(text, **options)

    def tick():
        clock[0] += 0.04
        return clock[0]

    monkeypatch.setattr(growing_markdown, "render", counting)
    # The module alone: the listener of changes, in a thread of this process, reads the real clock.
    monkeypatch.setattr(growing_markdown, "time", SimpleNamespace(monotonic=tick))
    text = LARGE[kind]
    events = grow(text)
    seconds = len(text) / 40 * 0.04
    assert sum(counted) < 45_000 * seconds + 3 * len(text)
    if kind == "fence_blank":
        assert sum(counted) < 100
        sent = "".join(data["text"] for name, data in events if name == "code")
        assert text == "```\n" + sent


EVERYTHING = os.environ.get("RUCHE_FUZZ") == "all"
# One name for each lexer.
LEXERS = sorted({type(get_lexer_by_name(name)): name for name in sorted(LANGUAGES)}.values())
HOSTILE_CODE = ['"', "'a", "/*", "<a ", "(", "\\", "${", "a.", "#", "\n ", "@"]


@pytest.mark.parametrize("piece", HOSTILE_CODE)
def test_no_language_holds_the_colours_up(piece):
    code = (piece * MAX_CODE)[:MAX_CODE]
    first = HOSTILE_CODE.index(piece) % 3
    for language in LEXERS if EVERYTHING else LEXERS[first::3]:
        begun = time.thread_time()
        coloured(code, language)
        assert time.thread_time() - begun < 6 * SECONDS, language
