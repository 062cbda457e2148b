"""In a bounded child (tenants/sandbox.py): a small WebP of an image. Imports nothing of ours.

Called with the longest side and the most pixels; the image is standard input, the WebP standard output.
"""

import sys

from PIL import Image, ImageFile, ImageOps

# A picture whose last bytes are lost is shown without them.
ImageFile.LOAD_TRUNCATED_IMAGES = True
# The bound on what is decoded is ours, below: of a JPEG, that is a fraction of its size.
Image.MAX_IMAGE_PIXELS = None


def main(side: int, most_pixels: int) -> None:
    # Only the types the library takes: Pillow knows many more, each with a parser of its own.
    with Image.open(sys.stdin.buffer, formats=("PNG", "JPEG", "GIF", "WEBP", "AVIF")) as image:
        # A JPEG is read at a fraction of its size; other types have no such thing.
        image.draft("RGB", (side * 2, side * 2))
        if image.width * image.height > most_pixels:
            sys.exit(3)
        small = _in_eight_bits(ImageOps.exif_transpose(image))
        has_alpha = small.mode in ("RGBA", "LA", "PA") or "transparency" in small.info
        small = small.convert("RGBA" if has_alpha else "RGB")
        small.thumbnail((side, side))
        # A new image: nothing that the original carried beside its pixels (place, camera) goes along.
        clean = Image.new(small.mode, small.size)
        clean.paste(small)
        clean.save(sys.stdout.buffer, "WEBP", quality=80)


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """A grey picture of 16 bits in 8: converted as it is, all that is not black would be white."""
    if not image.mode.startswith("I"):
        return image
    small = image.point(lambda value: value * (1 / 256)).convert("L")
    # A grey that stands for nothing is given in 16 bits, too.
    small.info.pop("transparency", None)
    return small


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except MemoryError:
        sys.exit(77)
