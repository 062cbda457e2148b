"""Colours of mails, light and dark, in the hue of the brand. No pure black or white: some clients swap them."""

from dataclasses import dataclass
from typing import Final

from ui.colour import hex_of

LIGHT: Final = {
    "page": "#f6f3ee",
    "card": "#fffdfa",
    "text": "#25221d",
    "quiet": "#625c52",
    "line": "#e4dfd6",
    "wash": "#f6f3ee",
    "on_accent": "#fffdfa",
}
DARK: Final = {
    "page": "#181613",
    "card": "#23201c",
    "text": "#ece7de",
    "quiet": "#b5aea2",
    "line": "#443e36",
    "wash": "#2d2924",
    "on_accent": "#fffdfa",
}
# Honey, the platform's own.
_PLATFORM: Final = "#835500"
_PLATFORM_HUE: Final = 73
# Of links on dark ground.
_DARK_LIGHTNESS: Final = 0.80


@dataclass(frozen=True)
class Look:
    """`accent`: ground of the button, and links on light ground; `accent_dark`: links on dark ground."""

    accent: str
    accent_dark: str

    @property
    def light(self) -> dict[str, str]:
        return LIGHT | {"accent": self.accent, "link": self.accent}

    @property
    def dark(self) -> dict[str, str]:
        return DARK | {"accent": self.accent, "link": self.accent_dark}


def look_of(hue: int | None) -> Look:
    if hue is None:
        return Look(_PLATFORM, hex_of(_PLATFORM_HUE, lightness=_DARK_LIGHTNESS))
    return Look(hex_of(hue), hex_of(hue, lightness=_DARK_LIGHTNESS))
