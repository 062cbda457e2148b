"""In a bounded child (tenants/bounded.py): a small WebP of an image. Imports nothing of ours.

Called with the longest side and the most pixels; the image is standard input, the WebP standard output.
"""

import sys

from PIL import Image, ImageOps


def main(side: int, most_pixels: int) -> None:
    # Only the types the library takes: Pillow knows many more, each with a parser of its own.
    with Image.open(sys.stdin.buffer, formats=("PNG", "JPEG", "GIF", "WEBP", "AVIF")) as image:
        if image.width * image.height > most_pixels:
            sys.exit(3)
        # A JPEG is read at a fraction of its size.
        image.draft("RGB", (side * 2, side * 2))
        small = ImageOps.exif_transpose(image)
        has_alpha = small.mode in ("RGBA", "LA", "PA") or "transparency" in small.info
        small = small.convert("RGBA" if has_alpha else "RGB")
        small.thumbnail((side, side))
        # A new image: nothing that the original carried beside its pixels (place, camera) goes along.
        clean = Image.new(small.mode, small.size)
        clean.paste(small)
        clean.save(sys.stdout.buffer, "WEBP", quality=80)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except MemoryError:
        sys.exit(77)
