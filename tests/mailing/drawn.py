"""A mail as a program draws it: its words with the colours they stand in, in light and in dark mode."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "img", "br"}
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


@dataclass
class Words:
    text: str
    colour: str
    ground: str


@dataclass
class _Element:
    tag: str
    classes: tuple[str, ...]
    colour: str
    ground: str
    hidden: bool = False


@dataclass
class Drawn(HTMLParser):
    """`blocks`: visible texts, one a paragraph, cell, item or title. `links`: addresses. `sources`: what is loaded."""

    dark: dict[str, dict[str, str]] = field(default_factory=dict)
    words: list[Words] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open = [_Element("", (), "#000000", "#ffffff")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(values["href"])
        self.sources += [values[name] for name in ("src", "background", "srcset") if name in values]
        if tag in ("p", "td", "th", "li", "h1", "h2", "br", "title"):
            self.blocks.append("")
        if tag in VOID:
            return
        above, classes = self._open[-1], tuple(values.get("class", "").split())
        style = {
            name.strip(): value.strip()
            for name, _colon, value in (part.partition(":") for part in values.get("style", "").split(";"))
        }
        element = _Element(tag, classes, above.colour, above.ground, above.hidden or style.get("display") == "none")
        element.hidden = element.hidden or tag in ("style", "title") or values.get("aria-hidden") == "true"
        style |= self._dark_style([*self._open, element])
        element.colour, element.ground = style.get("color", above.colour), style.get("background", above.ground)
        self._open.append(element)

    def _dark_style(self, path: list[_Element]) -> dict[str, str]:
        matching = [
            (selector.count("."), number, declarations)
            for number, (selector, declarations) in enumerate(self.dark.items())
            if _matches(selector.split(), path)
        ]
        style: dict[str, str] = {}
        for _weight, _number, declarations in sorted(matching, key=lambda rule: rule[:2]):
            style |= declarations
        return style

    def handle_endtag(self, tag: str) -> None:
        while self._open[-1].tag != tag:
            self._open.pop()
        self._open.pop()

    def handle_data(self, data: str) -> None:
        element = self._open[-1]
        if element.hidden or not data.strip():
            return
        self.words.append(Words(" ".join(data.split()), element.colour, element.ground))
        self.blocks[-1] = f"{self.blocks[-1]}{data}"


def _matches(selector: list[str], path: list[_Element]) -> bool:
    last = path[-1]
    if not (selector[-1] == last.tag or (selector[-1].lstrip(".") in last.classes and selector[-1].startswith("."))):
        return False
    return len(selector) == 1 or any(_matches(selector[:-1], path[: at + 1]) for at in range(1, len(path) - 1))


def dark_rules(html: str) -> dict[str, dict[str, str]]:
    start = html.index("@media (prefers-color-scheme: dark) {") + len("@media (prefers-color-scheme: dark) {")
    rules: dict[str, dict[str, str]] = {}
    for selectors, body in RULE.findall(html[start : html.index("[data-ogsb]")]):
        declarations: dict[str, str] = {}
        for part in filter(str.strip, body.split(";")):
            name, _colon, value = part.partition(":")
            assert value.strip().endswith("!important"), part
            declarations[name.strip()] = value.replace("!important", "").strip()
        for selector in selectors.split(","):
            rules.setdefault(selector.strip(), {}).update(declarations)
    return rules


def drawn(html: str, *, dark: bool = False) -> Drawn:
    mail = Drawn(dark_rules(html) if dark else {})
    mail.feed(html)
    return mail


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2 between two colours as "#rrggbb"."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def plain(text: Any) -> str:
    return " ".join(str(text).split())
