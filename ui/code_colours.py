"""Syntax highlighting of code with CSS classes (the CSP forbids inline styles), limited in languages, size and time."""

import time
from functools import cache
from html import escape, unescape
from typing import Final

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from pygments.token import Token as Kind

# Maximum length of a block in characters; longer ones are not highlighted.
MAX_CODE: Final = 10_000
SECONDS: Final = 0.25
# Names that people and models give to a block. Only these: not all of the 500 lexers are safe with hostile input.
LANGUAGES: Final = {
    *"bash c c# c++ cpp cs csharp css diff go html http ini java javascript js json jsx kotlin less lua".split(),
    *"php powershell py python python3 r rb rs ruby rust scala scss sh shell sql swift toml ts tsx".split(),
    *"typescript xml yaml yml zsh".split(),
}
_SHORT = {kind: f"hl-{short}" for kind, short in STANDARD_TYPES.items() if short}
CLASSES: Final = {"task", *_SHORT.values()}


def coloured(html: str, language: str) -> str:
    """Highlight escaped code. Returns it unchanged if the language is unknown, or the code too long or too slow."""
    if language.lower() not in LANGUAGES or len(html) > MAX_CODE:
        return html
    code = unescape(html)
    end, parts = time.monotonic() + SECONDS, []
    for kind, words in _lexer(language.lower()).get_tokens(code):
        if time.monotonic() > end:
            return html
        while kind not in _SHORT and kind is not Kind and kind.parent is not None:
            kind = kind.parent
        escaped = escape(words)
        parts.append(f'<span class="{_SHORT[kind]}">{escaped}</span>' if kind in _SHORT and words.strip() else escaped)
    return "".join(parts)


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)
