"""Conversion between a typed colour and the hue of the brand.

Pages use only the hue of a brand; lightness and chroma are fixed so that every text is readable (assets/css/ruche.css).
The coefficients are those of OKLab (https://bottosson.github.io/posts/oklab/).
"""

import math
import re
from typing import Final

_HEX: Final = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
# A colour with less chroma is a grey, whose hue is meaningless.
_MIN_CHROMA: Final = 0.015
# Lightness and chroma of the primary colour on a light page.
_LIGHTNESS, _CHROMA = 0.50, 0.12


class InvalidColour(ValueError):
    """Raised for text that is not a colour."""


class ColourWithoutHue(ValueError):
    """Raised for a grey, black or white, which has no hue."""


def hue_of(text: str) -> int:
    """The hue (0 to 359) of "#RRGGBB" or "#RGB". Raises `InvalidColour` or `ColourWithoutHue`."""
    match = _HEX.fullmatch(text.strip())
    if match is None:
        raise InvalidColour(text)
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    red, green, blue = (_linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    if math.hypot(a, b) < _MIN_CHROMA:
        raise ColourWithoutHue(text)
    return round(math.degrees(math.atan2(b, a))) % 360


def hex_of(hue: int, *, lightness: float = _LIGHTNESS) -> str:
    """The primary colour of a hue as "#rrggbb", with its chroma reduced to fit the sRGB gamut."""
    chroma = _CHROMA
    while not all(-1e-6 <= channel <= 1 + 1e-6 for channel in _rgb(hue, chroma, lightness)):
        chroma -= 0.002
    channels = _rgb(hue, chroma, lightness)
    return "#" + "".join(f"{round(255 * _gamma(min(max(channel, 0), 1))):02x}" for channel in channels)


def _rgb(hue: int, chroma: float, lightness: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _gamma(channel: float) -> float:
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
