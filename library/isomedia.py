"""Files in boxes (ISO base media: MP4, MOV, M4A, AVIF): the brands they declare, the tracks they hold."""

from collections.abc import Iterator
from typing import IO, Final

_MP4: Final = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"}
)
# Cameras, telephones and Dolby's tools begin with a brand of their own: MP4 where they say so beside it.
_MP4_BESIDE: Final = frozenset(
    {b"iso3", b"iso7", b"iso8", b"iso9", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a", b"XAVC", b"mp71", b"dby1"}
    | {b"mp4v", b"NDSC", b"NDSH", b"NDSM", b"NDXC", b"NDXH", b"F4V "}
)
_AVIF: Final = frozenset({b"avif", b"avis"})
_MAX_BRANDS: Final = 1024
_WAY: Final = (b"moov", b"trak", b"mdia", b"hdlr")
# A film has some hundred boxes before its table of tracks; more are looked at by nobody.
_MAX_BOXES: Final = 2_000


def brands(head: bytes) -> tuple[bytes, ...]:
    """The brands a file declares, its major one first; none where its first box is not sound."""
    size = int.from_bytes(head[:4], "big")
    if head[4:8] != b"ftyp" or not 16 <= size <= _MAX_BRANDS or len(head) < size:
        return ()
    return (head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4)))


def is_mp4(head: bytes) -> bool:
    """True for a film by its major brand, or by a brand beside a major one that is known."""
    major, *others = brands(head) or (b"",)
    return major in _MP4 or (major in _MP4_BESIDE and not _MP4.isdisjoint(others))


def is_avif(head: bytes) -> bool:
    """True for AVIF, also behind the brand that it shares with HEIC."""
    major, *others = brands(head) or (b"",)
    return major in _AVIF or (major in (b"mif1", b"msf1") and not _AVIF.isdisjoint(others) and b"heic" not in others)


def is_sound(file: IO[bytes], head: bytes, extension: str) -> bool:
    """True for what holds sound without pictures: by its tracks; where they are not found, by brand or ending."""
    tracks = set(_handlers(file))
    if tracks & {b"soun", b"vide"}:
        return b"vide" not in tracks
    found = brands(head)
    return (b"M4A " in found and b"M4V " not in found) or (bool(found) and extension.lower() in ("m4a", "m4b"))


def _handlers(file: IO[bytes]) -> Iterator[bytes]:
    """What each track is handled by (`vide`, `soun`). Boxes are walked by their sizes, without reading them."""
    end = file.seek(0, 2)
    left, levels = _MAX_BOXES, [(0, end)]
    while levels and left:
        at, stop = levels.pop()
        if at + 8 > stop:
            continue
        left -= 1
        file.seek(at)
        header = file.read(16)
        size, name, start = int.from_bytes(header[:4], "big"), header[4:8], at + 8
        if size == 1:
            size, start = int.from_bytes(header[8:16], "big"), at + 16
        after = stop if size == 0 else at + size
        if not start <= after <= stop:
            continue
        depth = len(levels)
        levels.append((after, stop))
        if name == _WAY[depth]:
            if depth == len(_WAY) - 1:
                file.seek(start + 8)
                yield file.read(4)
            else:
                levels.append((start, after))
