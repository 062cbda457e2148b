"""Child process (tenants/sandbox.py) that re-encodes a picture. Imports nothing of ours.

Arguments: the mode, the side in pixels and the maximum number of decoded pixels. The picture is standard input, the
result standard output. Modes: "square" cuts the centre and gives WebP; "cover" cuts it to the side by 21 / 40 of it and
gives JPEG; "logo" gives JSON with pictures in base64 (PNG):
`logo` fits into the side, `icon` is a transparent square for tabs, `tile` an opaque one for home screens; and with
`colours`, the most frequent ones as "#rrggbb".
"""

import base64
import io
import json
import sys

from PIL import Image, ImageOps

# `main` has its own limit.
Image.MAX_IMAGE_PIXELS = None
ICON_SIDE, TILE_SIDE = 192, 512
# A tile's picture keeps clear of its edge, which systems cut into their own shape.
TILE_PICTURE_SIDE = 360
MAX_COLOURS, MIN_PERCENT = 12, 1.5


def main(mode: str, side: int, max_pixels: int) -> None:
    # Few formats, to expose few of Pillow's parsers; any other file is refused.
    with Image.open(sys.stdin.buffer, formats=("PNG", "JPEG", "WEBP")) as image:
        # Only affects JPEG, which can be decoded at a fraction of its size.
        image.draft("RGB", (side * 2, side * 2))
        if image.width * image.height > max_pixels:
            sys.exit(3)
        upright = ImageOps.exif_transpose(image)
        has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        picture = upright.convert("RGBA" if has_alpha else "RGB")
    if mode == "square":
        _clean(ImageOps.fit(picture, (side, side))).save(sys.stdout.buffer, "WEBP", quality=85)
        return
    if mode == "cover":
        white = Image.new("RGBA", picture.size, "white")
        opaque = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
        cover = ImageOps.fit(opaque, (side, side * 21 // 40))
        _clean(cover).save(sys.stdout.buffer, "JPEG", quality=80, optimize=True, progressive=True)
        return
    picture.thumbnail((side, side))
    result = {
        "logo": _png(picture),
        "icon": _png(_centred(picture, ICON_SIDE, ICON_SIDE, (0, 0, 0, 0))),
        "tile": _png(_centred(picture, TILE_SIDE, TILE_PICTURE_SIDE, (255, 255, 255, 255)).convert("RGB")),
        "colours": _colours(picture.convert("RGBA")),
    }
    sys.stdout.write(json.dumps(result))


def _clean(picture: Image.Image) -> Image.Image:
    """A new image, without the metadata of the original (location, camera)."""
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean


def _png(picture: Image.Image) -> str:
    out = io.BytesIO()
    _clean(picture).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def _centred(picture: Image.Image, side: int, picture_side: int, background: tuple[int, ...]) -> Image.Image:
    small = ImageOps.contain(picture.convert("RGBA"), (picture_side, picture_side))
    square = Image.new("RGBA", (side, side), background)
    square.alpha_composite(small, ((side - small.width) // 2, (side - small.height) // 2))
    return square


def _colours(picture: Image.Image) -> list[str]:
    """The most frequent colours of what is not transparent, most frequent first."""
    # Nearest: mixtures of neighbouring pixels are no colours of the logo.
    picture.thumbnail((96, 96), Image.Resampling.NEAREST)
    data = picture.tobytes()
    opaque = b"".join(data[at : at + 3] for at in range(0, len(data), 4) if data[at + 3] > 127)
    if not opaque:
        return []
    line = Image.frombytes("RGB", (len(opaque) // 3, 1), opaque)
    few = line.quantize(MAX_COLOURS)
    palette = few.getpalette() or []
    share = len(opaque) / 3 * MIN_PERCENT / 100
    # Of a picture with a palette, `getcolors` gives (count, index).
    counts: list[tuple[int, int]] = sorted(few.getcolors() or [], reverse=True)  # type: ignore[arg-type]
    frequent = [index for count, index in counts if count >= share]
    return ["#{:02x}{:02x}{:02x}".format(*palette[3 * index : 3 * index + 3]) for index in frequent]


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    except MemoryError:
        sys.exit(77)
