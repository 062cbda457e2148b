"""Incremental rendering of Markdown that is being streamed.

Complete blocks are rendered once; the tail (the incomplete block at the end) is rendered again as it grows.
`GrowingMarkdown.updates` returns the events from which static/js/answer_view.js builds the page:
- block {"html"}: complete blocks to append; the tail becomes empty;
- tail {"keep", "html"}: the tail's HTML is its first `keep` characters followed by `html`;
- code {"text"}: text to append to the open code block in the tail.

Cost: each line is read once. The tail is rendered at most every `0.04 s * (1 + length / 1,500)`, so a second of a
stream renders about 40,000 characters at most, whatever its length. An open code block is never rendered again.
"""

import re
import time
from typing import Any, Final

from ui.markdown import render

Updates = list[tuple[str, dict[str, Any]]]

TAIL_SECONDS: Final = 0.04
TAIL_CHARACTERS: Final = 1_500
MAX_WAIT_SECONDS: Final = 1.0
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
_MARKER = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)")


class GrowingMarkdown:
    """State of one streamed answer. `updates` is called with the full text so far, each time text has arrived."""

    def __init__(self) -> None:
        self._read = 0  # offset after the last complete line that was read
        self._stable = 0  # offset of the tail
        self._fence = ""  # the fence of the open code block, "" outside
        self._code_sent = -1  # offset up to which that block was sent; -1 before its first line
        self._after_blank = False
        self._in_list = False
        self._tail = ""
        self._shown = 0
        self._next = 0.0

    def updates(self, text: str, *, is_complete: bool = False) -> Updates:
        """The updates to send now. `is_complete`: no more text follows, so nothing is held back."""
        updates: Updates = []
        begun = self._stable
        self._read_lines(text)
        if self._stable > begun:
            updates.append(("block", {"html": str(render(text[begun : self._stable], colours=False))}))
            self._tail, self._code_sent, self._next = "", -1, 0.0
        if self._in_open_code():
            return updates + self._code_updates(text)
        now = time.monotonic()
        if len(text) > self._shown and (is_complete or now >= self._next):
            updates += self._tail_updates(text)
            self._next = now + min(MAX_WAIT_SECONDS, TAIL_SECONDS * (1 + (len(text) - self._stable) / TAIL_CHARACTERS))
        return updates

    def behind(self, text: str) -> bool:
        """Whether some of the text has not been sent yet."""
        return len(text) > self._shown

    # -- complete blocks

    def _read_lines(self, text: str) -> None:
        """Read the new complete lines; the tail begins after the last block that cannot change any more."""
        while (end := text.find("\n", self._read)) >= 0:
            self._read_line(text[self._read : min(end, self._read + 200)], self._read, end + 1)
            self._read = end + 1

    def _read_line(self, line: str, start: int, after: int) -> None:
        if self._fence:
            closing = _FENCE.fullmatch(line.rstrip())
            if closing and closing[1].startswith(self._fence) and not closing[2].strip():
                self._fence, self._stable, self._after_blank, self._in_list = "", after, True, False
            return
        if not line.strip():
            self._after_blank = True
            return
        marker = bool(_MARKER.match(line))
        # Inside a list an indented fence belongs to the item, and ends with it.
        fence = None if self._in_list and line[0] in " \t" else _FENCE.fullmatch(line)
        opens = fence is not None and not (fence[1][0] == "`" and "`" in fence[2])
        new_block = self._after_blank and line[0] not in " \t" and not (marker and self._in_list)
        if new_block or opens:
            self._stable, self._in_list = start, False
        self._in_list = self._in_list or marker
        if opens and fence is not None:
            self._fence = fence[1]
        self._after_blank = False

    # -- an open code block: only its new text is sent

    def _in_open_code(self) -> bool:
        return bool(self._fence)

    def _code_updates(self, text: str) -> Updates:
        updates: Updates = []
        if self._code_sent < 0:
            self._code_sent = text.index("\n", self._stable) + 1
            html = str(render(text[self._stable : self._code_sent], colours=False))
            self._tail = html
            updates.append(("tail", {"keep": 0, "html": html}))
        # A line that may be the closing fence is held back until it is complete.
        end = text.rfind("\n") + 1
        if text[end : end + 4].lstrip(" ")[:1] not in (self._fence[0], ""):
            end = len(text)
        if end > self._code_sent:
            updates.append(("code", {"text": text[self._code_sent : end]}))
            self._code_sent = end
        self._shown = len(text)
        return updates

    # -- the tail

    def _tail_updates(self, text: str) -> Updates:
        html = str(render(completed(text[self._stable :]), colours=False))
        self._shown = len(text)
        keep = _common(self._tail, html)
        if keep == len(html) == len(self._tail):
            return []
        self._tail = html
        return [("tail", {"keep": keep, "html": html[keep:]})]


def _common(first: str, second: str) -> int:
    """Length of the common prefix in UTF-16 units, which JavaScript counts."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[:middle] == second[:middle]:
            low = middle
        else:
            high = middle - 1
    return len(first[:low].encode("utf-16-le", "surrogatepass")) // 2


_LAST_LINE: Final = 2_000
_ONLY_SIGNS = re.compile(r"\s*(?:[-=*_#>+]{1,3}|\d{1,9}[.)]?|`{1,2}|~{1,2}|[-*+]\s+\[?[ xX]?)\s*")
_HALF_LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\s]*$")
_HALF_LABEL = re.compile(r"!?\[(?=[^\[\]\n]*$)")
_EMPHASIS = re.compile(r"\*\*\*|\*\*|~~|(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*])")
_DELIMITER = re.compile(r"\s*\|?[\s:|-]+")


def completed(tail: str) -> str:
    """A tail with its last line completed: a table's delimiter row, the ends of bold, code and links."""
    start = tail.rfind("\n") + 1
    before, line = tail[:start], tail[start:]
    if not line or len(line) > _LAST_LINE:
        return tail if line else before + _second_line(before)
    if line.lstrip().startswith("|"):
        return before + _table_line(before, line)
    if _ONLY_SIGNS.fullmatch(line):
        return before
    return before + _closed(line)


def _rows_before(before: str) -> int:
    """Number of table rows right before the last line, counted up to 2."""
    lines = before[-2 * _LAST_LINE :].rstrip("\n").rsplit("\n", 2)[-2:] if before.strip() else []
    rows = 0
    for line in reversed(lines):
        if not line.lstrip().startswith("|"):
            break
        rows += 1
    return rows if not before.endswith("\n\n") else 0


def _second_line(before: str) -> str:
    """The delimiter row for a table header without one, else ""."""
    head = before[-_LAST_LINE:].rstrip("\n").rsplit("\n", 1)[-1]
    return _delimiter(head) if head.lstrip().startswith("|") and _rows_before(before) == 1 else ""


def _table_line(before: str, line: str) -> str:
    rows = _rows_before(before)
    if not line.strip("| \t"):
        return _second_line(before)
    if rows == 0:
        return f"{line}\n{_delimiter(line)}"
    if rows == 1 and _DELIMITER.fullmatch(line):
        return _delimiter(before[-_LAST_LINE:].rstrip("\n").rsplit("\n", 1)[-1])
    cell = line.rfind("|") + 1
    shown = line[:cell] + _closed(line[cell:])
    return shown if shown.strip("| \t") else ""


def _delimiter(head: str) -> str:
    return "|" + "---|" * max(1, head.strip().strip("|").count("|") + 1)


def _closed(line: str) -> str:
    line = _HALF_LABEL.sub("", _HALF_LINK.sub(r"\1", line))
    if line.count("`") % 2:
        return line.rstrip("`") + "`" if not line.endswith("`") else line[:-1]
    # Markers at the very end are ambiguous until more text arrives.
    line = line.rstrip("*~")
    bare = re.sub(r"`[^`]*`", "", line)
    ends, opened = "", _EMPHASIS.findall(bare)
    for marker in reversed([marker for marker in dict.fromkeys(opened) if opened.count(marker) % 2]):
        ends += marker
    return line.rstrip() + ends if ends else line
