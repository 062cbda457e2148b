"""Text has AA contrast in both themes for every hue a workspace may choose. Read from the sources of the stylesheet."""

import math
import re
from pathlib import Path

import pytest

SOURCE = (Path(__file__).parent.parent / "assets/css/ruche.css").read_text()
THEMES = ("ruche-light", "ruche-dark")
STATUSES = ("info", "success", "warning", "error")
SURFACES = ("base-100", "base-200")
TEXT, EDGE = 4.5, 3.0

Color = tuple[float, float, float]


def _theme(name: str, hue: int) -> dict[str, Color]:
    """Linear sRGB of every colour of a theme, out-of-gamut channels clipped as browsers do."""
    block = next(
        text for text in re.findall(r'@plugin "daisyui/theme" \{(.*?)\n\}', SOURCE, re.S) if f'"{name}"' in text
    )
    found = re.findall(r"--color-([\w-]+): oklch\(([\d.]+)% ([\d.]+) ([^;]+)\);", block)
    return {
        key: _linear(float(light) / 100, float(chroma), hue if "brand-hue" in angle else float(angle))
        for key, light, chroma, angle in found
    }


def _linear(light: float, chroma: float, hue: float) -> Color:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    channels = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in channels)
    return red, green, blue


def _gamma(channel: float) -> float:
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def _ungamma(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _tint(color: Color, surface: Color, share: float) -> Color:
    """A colour at some opacity over a surface: mixed in gamma-encoded sRGB."""
    red, green, blue = (
        _ungamma(share * _gamma(over) + (1 - share) * _gamma(under)) for over, under in zip(color, surface, strict=True)
    )
    return red, green, blue


def _contrast(one: Color, other: Color) -> float:
    high, low = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("hue", range(0, 360, 10))
@pytest.mark.parametrize("name", THEMES)
def test_text_is_readable(name: str, hue: int) -> None:
    theme = _theme(name, hue)
    pairs = [(text, surface) for text in ("base-content", "muted", "primary") for surface in (*SURFACES, "wash")]
    pairs += [(f"{fill}-content", fill) for fill in ("primary", "secondary", "neutral", *STATUSES)]
    pairs += [(status, surface) for status in STATUSES for surface in SURFACES]
    pairs += [("base-content", "base-300"), ("primary", "base-300")]
    poor = {pair: round(_contrast(theme[pair[0]], theme[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < TEXT} == {}


@pytest.mark.parametrize("hue", range(0, 360, 10))
@pytest.mark.parametrize("name", THEMES)
def test_badges_and_edges_are_seen(name: str, hue: int) -> None:
    theme = _theme(name, hue)
    for status in STATUSES:
        assert _contrast(theme[status], _tint(theme[status], theme["base-100"], 0.08)) >= TEXT, status
    assert _contrast(theme["field"], theme["base-100"]) >= EDGE
