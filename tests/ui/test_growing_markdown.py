"""An answer while it comes is formatted at each moment; at its end the page is what the whole text gives."""

import pytest

from ui import growing_markdown
from ui.growing_markdown import GrowingMarkdown, completed
from ui.markdown import render


class Page:
    """What static/js/answer_view.js does with the events."""

    def __init__(self):
        self.blocks, self.tail = "", ""

    def show(self, news):
        for kind, data in news:
            if kind == "block":
                self.blocks, self.tail = self.blocks + data["html"], ""
            elif kind == "tail":
                units = self.tail.encode("utf-16-le")[: 2 * data["keep"]]
                self.tail = units.decode("utf-16-le") + data["html"]
            else:
                shown = data["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                self.tail = self.tail.replace("</code></pre>", f"{shown}</code></pre>")

    @property
    def html(self):
        return self.blocks + self.tail


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(growing_markdown, "TAIL_SECONDS", 0)


def seen(text, step=1):
    """The page after each piece."""
    view, page = GrowingMarkdown(), Page()
    for end in range(step, len(text) + step, step):
        page.show(view.updates(text[:end], is_complete=end >= len(text)))
        yield page.html


TEXTS = {
    "words": "# Titre 🐝\n\nUne *ligne* **grasse**,\nsuite.\n\nFin `a<b`.",
    "list": "Avant\n\n1. un\n\n2. deux\n   suite\n\n   - dedans\n\n3. trois\n\naprès",
    "tight list": "- a\n- b\n  - c\n- d\n\nfin",
    "fence": "avant\n```py\na = 1\n\n\nb < 2\n```\naprès",
    "tildes": "~~~\na\n```\n\nb\n~~~\n\nfin",
    "long fence": "````md\n```\nx\n```\n\n````\nfin",
    "fence in list": "- a\n\n  ```\n  x\n\n  y\n  ```\n\n- b\n\nfin",
    "open fence": "texte\n\n```js\nlet a = '`';\n\n",
    "table": "Voici :\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n| **x** | `y` |\n\nfin",
    "quote": "> un\n> deux\n\n> trois\n\nfin",
    "setext": "Titre\n=====\n\nTexte\n---\n\nfin",
    "indented": "a\n\n    code\n\n    encore\n\nb",
    "links": "Voir [le site](https://a.example/x) et https://b.example, puis\n\n- [ ] fait\n- [x] dit",
    "html": "<div>\n\n**a**\n\n<!-- x\n\ny -->\n\nfin",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("step", [1, 3, 7])
def test_the_end_is_what_the_whole_text_gives(name, step):
    *_, last = seen(TEXTS[name], step)
    assert last == render(TEXTS[name], colours=False)


@pytest.mark.parametrize("name", ["words", "table", "links"])
def test_no_sign_of_markdown_is_seen_meanwhile(name):
    for html in seen(TEXTS[name]):
        bare = html.replace("<code>", "").replace("</code>", "")
        for sign in ("**", "`", "](", "|", "# "):
            assert sign not in bare, html


def test_a_table_is_one_from_its_first_cell_on():
    pages = list(seen("| Nom | Âge |\n|:--|--:|\n| Ada | 36 |"))
    assert all('<table tabindex="0">' in page for page in pages[2:])
    assert all("<td>" in page or "<td align" in page for page in pages[-8:])


def test_a_code_block_is_one_from_its_first_line_on():
    *_, last = seen("```py\na = 1\n\nb")
    assert last == '<pre data-language="py"><code>a = 1\n\nb</code></pre>\n'


def test_a_code_block_grows_by_what_is_new():
    view = GrowingMarkdown()
    view.updates("```py\na")
    assert view.updates("```py\nab\n\nc") == [("code", {"text": "b\n\nc"})]


@pytest.mark.parametrize(
    ("tail", "wanted"),
    [
        ("du **gra", "du **gra**"),
        ("du *gra", "du *gra*"),
        ("du `co", "du `co`"),
        ("[lien](https://a", "lien"),
        ("[lie", "lie"),
        ("a\n-", "a\n"),
        ("5 * 3 = 15", "5 * 3 = 15"),
        ("snake_case", "snake_case"),
        ("**a** et **b", "**a** et **b**"),
        ("`a*b` c", "`a*b` c"),
        ("| a | b", "| a | b\n|---|---|"),
        ("| a | b |\n|-", "| a | b |\n|---|---|"),
    ],
)
def test_what_is_open_is_closed(tail, wanted):
    assert completed(tail) == wanted


def test_nothing_hostile_comes_through_the_end_that_is_open():
    for html in seen("<script>alert(1)</script> [a](javascript:x) ![b](https://e.example/p.png)\n\n```<b>\n<i>"):
        assert "<script" not in html and "<img" not in html and "<i>" not in html and 'href="javascript' not in html


def test_what_waits_is_known(monkeypatch):
    monkeypatch.setattr(growing_markdown, "TAIL_SECONDS", 60)
    view = GrowingMarkdown()
    view.updates("a")
    assert view.updates("a b") == [] and view.behind("a b")
    assert view.updates("a b", is_complete=True) and not view.behind("a b")
