"""A model's answer is never trusted."""

import pytest

from conversations.markdown import plain_title, render, stable_length

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "![x](https://evil.example/pixel.png)",
    "<svg onload=alert(1)>",
    "<iframe src=https://evil.example></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    '[x](https://e.example "onmouseover=alert(1)")',
    '```"><script>alert(1)</script>\ncode\n```',
    "<style>body{display:none}</style>",
    "<form action=https://evil.example><input name=password></form>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_does_nothing(text):
    html = render(text)
    for forbidden in ("<script", "<img", "<svg", "<iframe", "<style", "<form", "<input", 'href="javascript'):
        assert forbidden not in html.lower(), html
    assert 'href="data:' not in html and 'href="vbscript' not in html


def test_links_tell_nothing_of_where_they_were_clicked():
    assert render("[a](https://a.example)") == (
        '<p><a href="https://a.example" target="_blank" rel="nofollow noopener noreferrer">a</a></p>\n'
    )


def test_what_people_expect_of_markdown():
    html = render(
        "# Titre\n\nune\nligne **grasse**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n3. trois\n\n```py\nx < 1\n```"
    )
    for wanted in ("<h3>Titre</h3>", "une<br>", "<strong>grasse</strong>", "<table>", '<ol start="3">', "x &lt; 1"):
        assert wanted in html, html


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("une ligne", 0),
        ("un\n\ndeux", 4),
        ("un\n\ndeux\n\ntrois", 10),
        ("```\na\n\nb", 0),
        ("avant\n\n```\na\n\nb", 7),
        ("```\na\n\nb\n```\n\nfin", 14),
    ],
)
def test_only_what_will_not_change_is_rendered_early(text, length):
    assert stable_length(text) == length


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("## **Bonjour** à tous\nsuite", "Bonjour à tous"),
        ("1. Premier point. Et la suite", "Premier point"),
        ("\n\n- une puce", "une puce"),
        ("", ""),
        ("x" * 200, "x" * 79 + "…"),
    ],
)
def test_titles(text, title):
    assert plain_title(text) == title
