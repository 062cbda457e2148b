"""Arrows hold, and every text that people read is marked for translation, as far as a simple scan can tell."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# The style guide speaks to those who build pages.
TEMPLATES = sorted(
    path
    for path in (ROOT / "templates").rglob("*")
    if path.suffix in (".html", ".txt", ".subject") and path.name != "components.html"
)
# What is the same in every language.
NAMES = {"Ruche", "IA", "PDF", "Markdown", "Français", "English"}
READ_ALOUD = r"\b(?:aria-label|title|placeholder|alt)=\"([^\"{<]*)\""


def test_the_import_contracts_hold():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]


def unmarked(text: str) -> list[str]:
    """Words that stand in a template as they are."""
    text = re.sub(r"{%\s*comment\b.*?endcomment\s*%}|{#.*?#}|<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r"{%\s*blocktrans(late)?\b.*?endblocktrans(late)?\s*%}", "", text, flags=re.S)
    text = re.sub(r"{%\s*block \w*class\w*\s*%}.*?{%\s*endblock", "", text, flags=re.S)
    text = re.sub(r"<(script|style|pre|code|kbd)\b.*?</\1>", "", text, flags=re.S)
    text = re.sub(r"{{.*?}}|{%.*?%}", "", text, flags=re.S)
    found = re.findall(READ_ALOUD, text) + re.split(r"<(?:\"[^\"]*\"|[^>\"])*>", text)
    words = (re.findall(r"[^\W\d_]{2,}", re.sub(r"&\w+;", " ", part)) for part in found)
    return [" ".join(part) for part in words if set(part) - NAMES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_texts_are_marked_for_translation(path):
    assert unmarked(path.read_text()) == []


def test_the_scan_sees_what_is_not_marked():
    assert unmarked('<p>Bonjour</p><a title="Ouvrir">{% translate "x" %}</a>{# non #}') == ["Ouvrir", "Bonjour"]
