"""Small real files, made in code: a PDF of one page, a PNG of cells, a table for a spreadsheet."""

import struct
import zlib
from collections.abc import Sequence

# Pixels: the picture, and the width and height of a cell.
WIDTH, HEIGHT, CELL, ROW = 720, 420, 48, 42
# From light honey to amber, and the lines between cells.
PALETTE = [(255, 249, 235), (253, 239, 205), (250, 224, 165), (242, 192, 96), (205, 140, 45)]


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """One page of text (A4, Helvetica)."""

    def shown(text: str) -> bytes:
        return text.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")

    words = [b"BT /F2 20 Tf 60 770 Td (", shown(title), b") Tj /F1 11 Tf 0 -34 Td 17 TL"]
    for line in lines:
        words += [b" (", shown(line), b") Tj T*"]
    content = b"".join([*words, b" ET"])
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
    made, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    made += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(made)


def cells() -> bytes:
    """A picture of honeycomb cells, drawn from the palette: PNG, 8 bits a pixel."""
    # The pattern comes again after three cells to the right and six rows down: only so much of it is worked out.
    lines = [bytes(_color(x, y) for x in range(3 * CELL)) for y in range(6 * ROW)]
    times = -(-WIDTH // (3 * CELL))
    pixels = b"".join(b"\x00" + (lines[y % len(lines)] * times)[:WIDTH] for y in range(HEIGHT))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(part for color in PALETTE for part in color)),
            _chunk(b"IDAT", zlib.compress(pixels, 6)),
            _chunk(b"IEND", b""),
        ]
    )


def _color(x: int, y: int) -> int:
    """Which colour of the palette: that of the nearest cell, or the line where two are equally near."""
    near: list[tuple[float, int]] = []
    band = y // ROW
    for row in (band - 1, band, band + 1):
        shift = CELL // 2 if row % 2 else 0
        column = round((x - shift) / CELL)
        center, middle = column * CELL + shift, (row + 0.5) * ROW
        near.append(((x - center) ** 2 + (y - middle) ** 2, row + 2 * column))
        side = column + (1 if x > center else -1)
        near.append(((x - side * CELL - shift) ** 2 + (y - middle) ** 2, row + 2 * side))
    near.sort()
    if near[1][0] ** 0.5 - near[0][0] ** 0.5 < 4:
        return len(PALETTE) - 1
    return 1 + near[0][1] % 3


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def table(rows: Sequence[Sequence[object]]) -> bytes:
    """Rows as a French spreadsheet reads them: semicolons, and the mark of UTF-8."""
    return ("\ufeff" + "\r\n".join(";".join(map(str, row)) for row in rows) + "\r\n").encode()
