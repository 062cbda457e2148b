"""Generators of small files: a PDF of one page, a PNG of a honeycomb, a CSV table."""

import struct
import zlib
from collections.abc import Sequence

# In pixels; ROW_HEIGHT is the distance between the centres of two rows.
WIDTH, HEIGHT, CELL_WIDTH, ROW_HEIGHT = 720, 420, 48, 42
# RGB of the cells, and last of the lines between them.
PALETTE = [(255, 249, 235), (253, 239, 205), (250, 224, 165), (242, 192, 96), (205, 140, 45)]


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """A PDF with one page of text (A4, Helvetica)."""

    def escaped(text: str) -> bytes:
        return text.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")

    operators = [b"BT /F2 20 Tf 60 770 Td (", escaped(title), b") Tj /F1 11 Tf 0 -34 Td 17 TL"]
    for line in lines:
        operators += [b" (", escaped(line), b") Tj T*"]
    content = b"".join([*operators, b" ET"])
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R"
        b" /Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>",
        font % b"Helvetica",
        font % b"Helvetica-Bold",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    document, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref_offset = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    document += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    document += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, xref_offset)
    return bytes(document)


def honeycomb_png() -> bytes:
    """An image of honeycomb cells: PNG with a palette, 8 bits per pixel."""
    # The pattern repeats every three cells horizontally and six rows vertically: only one period is computed.
    lines = [bytes(_palette_index(x, y) for x in range(3 * CELL_WIDTH)) for y in range(6 * ROW_HEIGHT)]
    repeats = -(-WIDTH // (3 * CELL_WIDTH))
    pixels = b"".join(b"\x00" + (lines[y % len(lines)] * repeats)[:WIDTH] for y in range(HEIGHT))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(channel for color in PALETTE for channel in color)),
            _chunk(b"IDAT", zlib.compress(pixels, 6)),
            _chunk(b"IEND", b""),
        ]
    )


def _palette_index(x: int, y: int) -> int:
    """Palette index of a pixel: the colour of the nearest cell, or the line if two are about equally near."""
    candidates: list[tuple[float, int]] = []
    nearest_row = y // ROW_HEIGHT
    for row in (nearest_row - 1, nearest_row, nearest_row + 1):
        shift = CELL_WIDTH // 2 if row % 2 else 0
        column = round((x - shift) / CELL_WIDTH)
        center, middle = column * CELL_WIDTH + shift, (row + 0.5) * ROW_HEIGHT
        candidates.append(((x - center) ** 2 + (y - middle) ** 2, row + 2 * column))
        side = column + (1 if x > center else -1)
        candidates.append(((x - side * CELL_WIDTH - shift) ** 2 + (y - middle) ** 2, row + 2 * side))
    candidates.sort()
    if candidates[1][0] ** 0.5 - candidates[0][0] ** 0.5 < 4:
        return len(PALETTE) - 1
    return 1 + candidates[0][1] % 3


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def csv_table(rows: Sequence[Sequence[object]]) -> bytes:
    """CSV for French spreadsheets: semicolons, with a UTF-8 byte order mark."""
    return ("\ufeff" + "\r\n".join(";".join(map(str, row)) for row in rows) + "\r\n").encode()
