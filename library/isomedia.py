"""Brands and tracks of ISO base media files (ISO/IEC 14496-12: MP4, MOV, M4A, AVIF)."""

from collections.abc import Iterator
from typing import IO, Final

_MP4: Final = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"}
)
# Major brands of cameras, phones and Dolby's tools: MP4 if an MP4 brand is among the compatible ones.
_MP4_COMPATIBLE: Final = frozenset(
    {b"iso3", b"iso7", b"iso8", b"iso9", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a", b"XAVC", b"mp71", b"dby1"}
    | {b"mp4v", b"NDSC", b"NDSH", b"NDSM", b"NDXC", b"NDXH", b"F4V "}
)
_AVIF: Final = frozenset({b"avif", b"avis"})
_MAX_BRANDS: Final = 1024
_HANDLER_PATH: Final = (b"moov", b"trak", b"mdia", b"hdlr")
# Limit on boxes read. A video has some hundred boxes before its track table.
_MAX_BOXES: Final = 2_000


def brands(head: bytes) -> tuple[bytes, ...]:
    """The brands that a file declares, the major one first; empty if its first box is invalid."""
    size = int.from_bytes(head[:4], "big")
    if head[4:8] != b"ftyp" or not 16 <= size <= _MAX_BRANDS or len(head) < size:
        return ()
    return (head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4)))


def is_mp4(head: bytes) -> bool:
    """True for MP4, by the major brand or by the brands compatible with a known major one."""
    major, *others = brands(head) or (b"",)
    return major in _MP4 or (major in _MP4_COMPATIBLE and not _MP4.isdisjoint(others))


def is_avif(head: bytes) -> bool:
    """True for AVIF, also with a major brand that it shares with HEIC."""
    major, *others = brands(head) or (b"",)
    return major in _AVIF or (major in (b"mif1", b"msf1") and not _AVIF.isdisjoint(others) and b"heic" not in others)


def is_audio(file: IO[bytes], head: bytes, extension: str) -> bool:
    """True for audio without video, by the tracks; if none are found, by the brand or the extension."""
    tracks = set(_handlers(file))
    if tracks & {b"soun", b"vide"}:
        return b"vide" not in tracks
    declared = brands(head)
    return (b"M4A " in declared and b"M4V " not in declared) or (bool(declared) and extension.lower() in ("m4a", "m4b"))


def _handlers(file: IO[bytes]) -> Iterator[bytes]:
    """The handler type of each track (`vide`, `soun`). Box contents are skipped, not read."""
    end = file.seek(0, 2)
    remaining, levels = _MAX_BOXES, [(0, end)]
    while levels and remaining:
        at, stop = levels.pop()
        if at + 8 > stop:
            continue
        remaining -= 1
        file.seek(at)
        header = file.read(16)
        size, name, start = int.from_bytes(header[:4], "big"), header[4:8], at + 8
        if size == 1:
            size, start = int.from_bytes(header[8:16], "big"), at + 16
        box_end = stop if size == 0 else at + size
        if not start <= box_end <= stop:
            continue
        depth = len(levels)
        levels.append((box_end, stop))
        if name == _HANDLER_PATH[depth]:
            if depth == len(_HANDLER_PATH) - 1:
                file.seek(start + 8)
                yield file.read(4)
            else:
                levels.append((start, box_end))
