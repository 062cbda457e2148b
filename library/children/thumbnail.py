"""Child process (tenants/sandbox.py) that creates the WebP thumbnail of an image. Imports nothing of ours.

Arguments: the longest side of the thumbnail and the maximum number of decoded pixels. The image is standard input,
the thumbnail standard output.
"""

import sys

from PIL import Image, ImageFile, ImageOps

# An image whose end is missing still gets a thumbnail.
ImageFile.LOAD_TRUNCATED_IMAGES = True
# `main` has its own limit, which counts decoded pixels: for a JPEG a fraction of its size.
Image.MAX_IMAGE_PIXELS = None


def main(side: int, max_pixels: int) -> None:
    # Only the types that the library accepts, to expose fewer of Pillow's parsers.
    with Image.open(sys.stdin.buffer, formats=("PNG", "JPEG", "GIF", "WEBP", "AVIF")) as image:
        # Only affects JPEG, which can be decoded at a fraction of its size.
        image.draft("RGB", (side * 2, side * 2))
        if image.width * image.height > max_pixels:
            sys.exit(3)
        small = _in_eight_bits(ImageOps.exif_transpose(image))
        has_alpha = small.mode in ("RGBA", "LA", "PA") or "transparency" in small.info
        small = small.convert("RGBA" if has_alpha else "RGB")
        small.thumbnail((side, side))
        # A new image, without the metadata of the original (location, camera).
        clean = Image.new(small.mode, small.size)
        clean.paste(small)
        clean.save(sys.stdout.buffer, "WEBP", quality=80)


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Convert a 16-bit greyscale image to 8 bits by scaling; Pillow's conversion would clip all values above 255."""
    if not image.mode.startswith("I"):
        return image
    small = image.point(lambda value: value * (1 / 256)).convert("L")
    # The transparent value is in 16 bits, too.
    small.info.pop("transparency", None)
    return small


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except MemoryError:
        sys.exit(77)
