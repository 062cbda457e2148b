"""A model's answer is never trusted."""

import re

import pytest

from ui.markdown import MAX_DEPTH, MAX_INPUT, plain_title, render

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
    for wanted in (
        "<h3>Titre</h3>",
        "une<br>",
        "<strong>grasse</strong>",
        '<table tabindex="0">',
        '<ol start="3">',
        '<span class="hl-o">&lt;</span>',
    ):
        assert wanted in html, html


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("~~~\na\n```\n~~~", "<pre><code>a\n```\n</code></pre>"),
        ("````\n```\n````", "<pre><code>```\n</code></pre>"),
        (
            "|a|b|c|\n|:-|:-:|-:|\n|1|2|3|",
            '<td align="left">1</td>\n<td align="center">2</td>\n<td align="right">3</td>',
        ),
        ("voir https://a.example/x_(y)?b=1&c=2.", '<a href="https://a.example/x_(y)?b=1&amp;c=2" target="_blank"'),
        ("<https://a.example/>", '<a href="https://a.example/" target="_blank"'),
        ("moi@a.example", 'href="mailto:moi@a.example"'),
        ("- [x] fait\n- [ ] à faire", '<span class="task">☑</span> fait'),
        ("- [x] fait\n- [ ] à faire", '<span class="task">☐</span> à faire'),
        ("~~non~~", "<del>non</del>"),
        ("a <b>c</b> `<i>`", "<p>a &lt;b&gt;c&lt;/b&gt; <code>&lt;i&gt;</code></p>"),
        ("<div>\n**gras**\n</div>", "<strong>gras</strong>"),
        ("```html\n<a href='x'>\n```", "&lt;"),
        ("[a](<b c>)", '<a href="b%20c"'),
        ("[a](javascript:alert(1))", "<a target"),
    ],
)
def test_what_is_written(text, wanted):
    assert wanted in render(text)


def test_code_is_coloured_by_classes_and_only_when_it_is_whole():
    text = "```python\ndef f(a):\n    return 'x<1'\n```"
    whole, growing = render(text), render(text, colours=False)
    assert '<pre data-language="python"><code><span class="hl-k">def</span>' in whole and "x&lt;1" in whole
    assert '<pre data-language="python"><code>def f(a):' in growing
    assert "style=" not in whole and "class" not in growing
    for other in ("```nothing-known\nx\n```", f"```python\n{'x = 1' * 5000}\n```"):
        assert "hl-" not in render(other)


@pytest.mark.parametrize(
    "text",
    [
        '```" onclick="x\na\n```',
        "```<script>\na\n```",
        "```py onclick=alert(1)\na\n```",
        "\U000f0000script>alert(1)\U000f0000/script>",
        "!\U000f0001[x](https://evil.example/p.png)",
        "[a](<script>alert(1)</script>)",
        "](<img src=x onerror=alert(1)>)",
        '<https://a.example/"onmouseover=alert(1)>',
        "<mailto:<script>alert(1)</script>>",
        "[x](https://e.example/\U000f0000script>)",
        "![![x](https://evil.example/a.png)](https://evil.example/b.png)",
        "[a]: javascript:alert(1)\n\n[a]",
        "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x&#62;",
        "<a href='https://a.example' style='x' class='hl-k fixed'>x</a>",
    ],
)
def test_no_way_around_what_is_taken_out(text):
    html = render(text).lower()
    assert not re.search(r"<(?!/?(?:a|p|br|pre|code|span)\b)", html), html
    assert not re.search(r"<[^>]*\s(?:on\w+|style|src|class=\"(?!task|hl-))", html), html
    assert "javascript:" not in "".join(re.findall(r"<[^>]*>", html))


def test_an_image_is_never_fetched_but_its_address_can_be_followed():
    html = render("![chat](https://a.example/c.png)")
    assert "<img" not in html and '!<a href="https://a.example/c.png"' in html


def test_what_is_too_much_is_shown_as_written():
    assert render("*a* " * MAX_INPUT).startswith("<pre>*a* ")
    assert render(">" * 5000 + "a").count("<blockquote>") in (0, MAX_DEPTH)
    deep = render("".join("  " * level + "- a\n" for level in range(60)))
    assert deep.count("<ul>") <= MAX_DEPTH and deep.count("<ul>") == deep.count("</ul>")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("## **Bonjour** à tous\nsuite", "Bonjour à tous"),
        ("Bonjour,\n\nMerci d’être venus jeudi. À bientôt", "Merci d’être venus jeudi"),
        ("Chère Madame Roux,\nVoici le devis.", "Voici le devis"),
        ("Bonjour Léa ! Trois accroches pour lundi", "Trois accroches pour lundi"),
        ("Bonjour, peux-tu résumer ce texte ?", "Bonjour, peux-tu résumer ce texte ?"),
        ("# Madame Bovary\nUn résumé", "Madame Bovary"),
        ("Bonjour,", "Bonjour,"),
        ("Comment apprendre C#", "Comment apprendre C#"),
        ("## Titre ##", "Titre"),
        ("L’algorithme A*", "L’algorithme A*"),
        ("__init__.py", "__init__.py"),
        ("**Note :** un *mot*, snake_case", "Note : un mot, snake_case"),
        ("https://exemple.fr/a_b__c", "https://exemple.fr/a_b__c"),
        ("-5 °C dehors", "-5 °C dehors"),
        ("2026. Une année", "2026. Une année"),
        ("```python\nprint(1)\n```\nExplique ce code", "Explique ce code"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("Le P.-D.G. de l’entreprise. Fin", "Le P.-D.G. de l’entreprise"),
        ("| A | B |\n|--|--|\n| x | y |\n\nLe bilan", "Le bilan"),
        ("| A | B |\n|--|--|", "A | B"),
        ("1. Premier point. Et la suite", "Premier point"),
        ("10 idées pour le printemps", "10 idées pour le printemps"),
        ("3.5 millions d’euros. Et plus", "3.5 millions d’euros"),
        ("M. Martin est venu. Il repart.", "M. Martin est venu"),
        ("Le Dr. Roux et p. ex. J. Blanc ! Oui", "Le Dr. Roux et p. ex. J. Blanc !"),
        ("- [ ] Appeler [la mairie](https://a.example)", "Appeler la mairie"),
        ("---\n\n> 2026 en bref", "2026 en bref"),
        ("\n\n- une puce", "une puce"),
        ("", ""),
        ("x" * 200, "x" * 79 + "…"),
    ],
)
def test_titles(text, title):
    assert plain_title(text) == title


@pytest.mark.parametrize(
    ("text", "address", "after"),
    [
        ("« https://exemple.fr/page\u00a0»", "https://exemple.fr/page", "\u00a0»"),
        ("https://exemple.fr/d…", "https://exemple.fr/d", "…"),
        ("“https://exemple.fr/d”", "https://exemple.fr/d", "”"),
        ("https://exemple.fr\u202f; puis", "https://exemple.fr", "\u202f; puis"),
        ("www.exemple.fr\u00a0!", "http://www.exemple.fr", "\u00a0!"),
        ("https://e.fr/?a=1&b=é ok", "https://e.fr/?a=1&amp;b=%C3%A9", " ok"),
    ],
)
def test_french_marks_end_an_address(text, address, after):
    html = render(text).replace("&nbsp;", "\u00a0")
    assert f'<a href="{address}" ' in html and html.rstrip().endswith(f"</a>{after}</p>")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("| a |\n|--|\n| x<br>y<BR/>z |", "<td>x<br>y<br>z</td>"),
        ("H<sub>2</sub>O, x<sup>2</sup>", "<p>H<sub>2</sub>O, x<sup>2</sup></p>"),
        ("`a<br>b`", "<code>a&lt;br&gt;b</code>"),
        ("```\n<sub>\n```", "<code>&lt;sub&gt;\n</code>"),
        ("<br onclick=1><b>", "<p>&lt;br onclick=1&gt;&lt;b&gt;</p>"),
        ("entre 50~60 € et 70~80 €, ~~non~~", "<p>entre 50~60 € et 70~80 €, <del>non</del></p>"),
        (r"\(x_1 * y_2 * z\), \[a_1\], $$b*c*d$$", r"<p>\(x_1 * y_2 * z\), \[a_1\], $$b*c*d$$</p>"),
        ("```\n\\(a_1\\)\n```", "<code>\\(a_1\\)\n</code>"),
        (r"\(<script>\)", r"<p>\(&lt;script&gt;\)</p>"),
        ("\U000f0010\U000f0020", "<p>\ufffd\ufffd</p>"),
    ],
)
def test_what_models_write_beside_markdown(text, html):
    assert html in render(text)
