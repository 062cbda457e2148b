"""Code with its words in classes (no inline style: the policy forbids it). Bounded: languages, size, time."""

import time
from functools import cache
from html import escape, unescape
from typing import Final

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from pygments.token import Token as Kind

# Characters of one block; longer ones stay plain.
MAX_CODE: Final = 10_000
SECONDS: Final = 0.25
# Names people and models give a block. Others stay plain: not each of the library's 500 lexers bears hostile input.
LANGUAGES: Final = {
    *"bash c c# c++ cpp cs csharp css diff go html http ini java javascript js json jsx kotlin less lua".split(),
    *"php powershell py python python3 r rb rs ruby rust scala scss sh shell sql swift toml ts tsx".split(),
    *"typescript xml yaml yml zsh".split(),
}
_SHORT = {kind: f"hl-{short}" for kind, short in STANDARD_TYPES.items() if short}
CLASSES: Final = {"task", *_SHORT.values()}


def coloured(html: str, language: str) -> str:
    """Escaped code with its words in classes; as it came where the language is not known or the code is too long."""
    if language.lower() not in LANGUAGES or len(html) > MAX_CODE:
        return html
    code = unescape(html)
    end, parts = time.monotonic() + SECONDS, []
    for kind, words in _lexer(language.lower()).get_tokens(code):
        if time.monotonic() > end:
            return html
        while kind not in _SHORT and kind is not Kind and kind.parent is not None:
            kind = kind.parent
        shown = escape(words)
        parts.append(f'<span class="{_SHORT[kind]}">{shown}</span>' if kind in _SHORT and words.strip() else shown)
    return "".join(parts)


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)
