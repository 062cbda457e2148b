"""Names of files: words alone, short enough for every system, with the ending of what the file is."""

import re
import unicodedata
from typing import Final

# File systems take 255 bytes; some stay for what is put behind, such as « (2) ».
MAX_BYTES: Final = 180
# Of a title: a path of Windows has 260 characters in all.
MAX_LETTERS: Final = 80
# A text is kept under these endings of its own: no system or browser runs anything for them.
TEXT_ENDINGS: Final = frozenset(
    "txt text md markdown csv tsv json jsonl ndjson geojson ics vcf srt vtt sbv lrc eml log yml yaml toml ini tex bib"
    " rst adoc".split()
)
# What is cut from a name as its ending. Not here: what also ends words, as in « Node.js » or « exemple.com ».
_ENDINGS: Final = TEXT_ENDINGS | frozenset(
    "png apng jpg jpeg jpe jfif gif webp avif heic heif bmp tif tiff ico svg svgz psd eps"
    " mp4 m4v mov qt webm mkv avi wmv mpg mpeg 3gp 3g2 flv ogv mp3 m4a m4b wav wave ogg oga opus flac aac wma aif aiff"
    " amr pdf doc docx docm dot dotx rtf odt ott xls xlsx xlsm xlsb xltx ods ppt pptx pptm pps ppsx potx odp epub"
    " htm html xhtml mhtml xml xsl css php asp aspx jsp hta exe msi bat cmd dll scr vbs ps1 sh jar bin dat tmp bak"
    " zip gz tgz tar rar 7z iso".split()
)
_JOINERS: Final = "\u200c\u200d"
_BLACK_FLAG: Final = "\U0001f3f4"
_FLAG_TAGS: Final = frozenset(map(chr, range(0xE0020, 0xE0080)))
_SKINS: Final = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAG_LETTERS: Final = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
# Controls, format and direction characters, halves of pairs, private use.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
_VIRAMA: Final = 9
# Devices, whatever ending follows: Windows opens no file of these names.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|\Z)", re.IGNORECASE)


def plain_line(text: str) -> str:
    """A line without control and direction characters, which could show it as another.

    What emoji and Persian words are made with stays: the two joiners, and the tags behind a black flag.
    """
    kept: list[str] = []
    for letter in text:
        is_flag = letter in _FLAG_TAGS and bool(kept) and (kept[-1] == _BLACK_FLAG or kept[-1] in _FLAG_TAGS)
        if is_flag or letter in _JOINERS or unicodedata.category(letter) not in _UNSEEN:
            kept.append(letter)
    return "".join(kept)


def cut(text: str, octets: int, letters: int | None = None) -> str:
    """The beginning of a text within so many bytes of UTF-8: an accent, a flag or an emoji is not cut in two."""
    raw = text.encode()
    at = min(len(raw[:octets].decode(errors="ignore")), len(text) if letters is None else letters)
    if at == len(text):
        return text
    while at and _are_one(text, at):
        at -= 1
    return text[:at].rstrip(f" .{_JOINERS}")


def _are_one(text: str, at: int) -> bool:
    """True where the characters before and after a place are seen as one."""
    before, after = text[at - 1], text[at]
    if after in _FLAG_LETTERS:
        return (at - len(text[:at].rstrip("".join(_FLAG_LETTERS)))) % 2 == 1
    return (
        before == "\u200d"
        or after in _JOINERS
        or after in _SKINS
        or after in _FLAG_TAGS
        or unicodedata.category(after).startswith("M")
        or unicodedata.combining(before) == _VIRAMA
    )


def split(name: str) -> tuple[str, str]:
    """A name without its ending, and the ending in lower case; blank where what follows the last dot is none."""
    stem, _dot, ending = name.rpartition(".")
    stem = stem.rstrip(" .")
    return (stem, ending.lower()) if stem and ending.lower() in _ENDINGS else (name, "")


def joined(stem: str, ending: str) -> str:
    """A whole name that every system takes: no device of Windows, not too long."""
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    return f"{cut(stem, MAX_BYTES - len(ending) - 1) or 'contenu'}.{ending}"


def clean_name(name: str) -> str:
    """A file's name as people see it: no folders, no control or direction characters, of reasonable length."""
    # Browsers send a quotation mark of a name so (HTML standard, "multipart/form-data encoding algorithm").
    name = name.replace("%22", '"')
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    tidy = plain_line(re.sub(r"\s+", " ", last)).strip(" .")
    stem, ending = split(tidy)
    if not ending:
        return cut(tidy, MAX_BYTES)
    return f"{cut(stem, MAX_BYTES - len(ending) - 1) or 'fichier'}.{tidy[-len(ending) :]}"


def name_from_title(title: str, ending: str) -> str:
    """A file's name made of a title: what no system takes in names is left out."""
    words = re.sub(r'[\s<>:"/\\|?*]+', " ", unicodedata.normalize("NFC", title))
    plain = cut(plain_line(words).strip(" ."), MAX_BYTES - len(ending) - 1, MAX_LETTERS)
    return joined(plain or "contenu", ending)
