"""Child process (tenants/sandbox.py) that re-encodes a picture. Imports nothing of ours.

Arguments: the mode, the side in pixels and the maximum number of decoded pixels. The picture is standard input, the
new one standard output. Modes: "square" cuts the centre and gives WebP; "logo" keeps the proportions and gives PNG.
"""

import sys

from PIL import Image, ImageOps

# `main` has its own limit.
Image.MAX_IMAGE_PIXELS = None


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
            picture = ImageOps.fit(picture, (side, side))
        else:
            picture.thumbnail((side, side))
        # A new image, without the metadata of the original (location, camera).
        clean = Image.new(picture.mode, picture.size)
        clean.paste(picture)
        if mode == "square":
            clean.save(sys.stdout.buffer, "WEBP", quality=85)
        else:
            clean.save(sys.stdout.buffer, "PNG", optimize=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    except MemoryError:
        sys.exit(77)
