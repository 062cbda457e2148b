"""Child process (tenants/sandbox.py) that draws the picture shown where a page is shared (Open Graph).

Arguments: the title and the name of the platform. Standard input: the font (variable, WOFF2). Standard output: a PNG
of 1200 by 630 pixels. Imports nothing of ours.
"""

import sys

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, EDGE = 1200, 630, 80
BACKGROUND, INK, MUTED, BRAND = "#fbf9f5", "#25221d", "#6d675d", "#e3a52c"
MAX_LINES = 4


def main(title: str, name: str) -> None:
    font_file = sys.stdin.buffer.read()
    picture = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, WIDTH, 14), fill=BRAND)
    draw.regular_polygon((EDGE + 30, HEIGHT - EDGE - 14, 34), 6, rotation=0, fill=BRAND)
    draw.regular_polygon((EDGE + 30, HEIGHT - EDGE - 14, 16), 6, rotation=0, fill=BACKGROUND)
    draw.text((EDGE + 88, HEIGHT - EDGE - 14), name, font=_font(font_file, 36, 600), fill=MUTED, anchor="lm")
    for size in (72, 60, 50, 42):
        font = _font(font_file, size, 650)
        lines = _lines(title, font)
        if len(lines) * size * 1.25 <= HEIGHT - 3 * EDGE and len(lines) <= MAX_LINES:
            break
    for number, line in enumerate(lines[:MAX_LINES]):
        draw.text((EDGE, EDGE + 30 + number * size * 1.25), line, font=font, fill=INK)
    picture.quantize(64).save(sys.stdout.buffer, "PNG", optimize=True)


def _font(content: bytes, size: int, weight: int) -> ImageFont.FreeTypeFont:
    import io

    font = ImageFont.truetype(io.BytesIO(content), size)
    font.set_variation_by_axes([weight])
    return font


def _lines(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= WIDTH - 2 * EDGE:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2])
    except MemoryError:
        sys.exit(77)
