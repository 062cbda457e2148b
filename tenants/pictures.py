"""Pictures brought by people (a face, a logo), re-encoded in a sandbox: bounded, without metadata."""

import base64
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from django.utils.translation import gettext as _

from tenants import sandbox

MAX_PIXELS: Final = 50_000_000
_CHILD: Final = Path(__file__).parent / "children" / "picture.py"
_LIMITS: Final = sandbox.Limits(memory=800_000_000, cpu_seconds=10, wall_seconds=15, output=2_000_000)

# Of an answer with such a picture: its type is not guessed, nothing in it runs.
PICTURE_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


class PictureRefused(Exception):
    """Raised for a file that is no picture or too large a one. The message is shown to the person."""


def square_webp(file: IO[bytes], side: int) -> bytes:
    """The centre of a picture as a WebP of `side` by `side` pixels. Raises `PictureRefused`.

    Waits for a child process: call it outside any transaction.
    """
    return _run("square", file, side)


def cover_jpeg(file: IO[bytes], side: int) -> bytes:
    """The centre of a picture as a JPEG of `side` by 21 / 40 of it (1200 by 630). Raises like `square_webp`."""
    return _run("cover", file, side)


@dataclass(frozen=True)
class Logo:
    """A logo re-encoded as PNG. `icon`: a transparent square for tabs; `tile`: an opaque one for home screens.

    `colours`: its most frequent colours as "#rrggbb", most frequent first.
    """

    logo: bytes
    icon: bytes
    tile: bytes
    colours: list[str]


def read_logo(file: IO[bytes], side: int) -> Logo:
    """A logo in its forms, the first fitting into `side` by `side` pixels. Raises like `square_webp`."""
    result = json.loads(_run("logo", file, side))
    logo, icon, tile = (base64.b64decode(result[key]) for key in ("logo", "icon", "tile"))
    return Logo(logo, icon, tile, result["colours"])


def _run(mode: str, file: IO[bytes], side: int) -> bytes:
    # An uploaded file may be in memory only, and the child reads a file.
    with tempfile.TemporaryFile() as on_disk:
        file.seek(0)
        shutil.copyfileobj(file, on_disk)
        on_disk.flush()
        try:
            return sandbox.run(_CHILD, on_disk, mode, str(side), str(MAX_PIXELS), limits=_LIMITS)
        except (sandbox.Exceeded, sandbox.Failed) as error:
            raise PictureRefused(_("Ce fichier n’est pas une image PNG, JPEG ou WebP que l’on puisse lire.")) from error
