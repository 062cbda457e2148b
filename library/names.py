"""Normalisation of file names: safe characters, limited length, the extension of the detected type."""

import re
import unicodedata
from typing import Final

# File systems allow 255 bytes; the rest is left for additions such as « (2) ».
MAX_BYTES: Final = 180
# Characters of a title in a file name; a complete path on Windows has at most 260 characters.
MAX_TITLE_CHARACTERS: Final = 80
# Extensions that a text file keeps, since no system or browser executes them.
TEXT_EXTENSIONS: Final = frozenset(
    "txt text md markdown csv tsv json jsonl ndjson geojson ics vcf srt vtt sbv lrc eml log yml yaml toml ini tex bib"
    " rst adoc".split()
)
# Extensions that are removed from names. Without those that also end words, as in « Node.js » or « exemple.com ».
_EXTENSIONS: Final = TEXT_EXTENSIONS | frozenset(
    "png apng jpg jpeg jpe jfif gif webp avif heic heif bmp tif tiff ico svg svgz psd eps"
    " mp4 m4v mov qt webm mkv avi wmv mpg mpeg 3gp 3g2 flv ogv mp3 m4a m4b wav wave ogg oga opus flac aac wma aif aiff"
    " amr pdf doc docx docm dot dotx rtf odt ott xls xlsx xlsm xlsb xltx ods ppt pptx pptm pps ppsx potx odp epub"
    " htm html xhtml mhtml xml xsl css php asp aspx jsp hta exe msi bat cmd dll scr vbs ps1 sh jar bin dat tmp bak"
    " zip gz tgz tar rar 7z iso".split()
)
_JOINERS: Final = "\u200c\u200d"
_BLACK_FLAG: Final = "\U0001f3f4"
_FLAG_TAGS: Final = frozenset(map(chr, range(0xE0020, 0xE0080)))
_SKIN_TONES: Final = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAG_LETTERS: Final = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
# Unicode categories: control, format (with direction), surrogate and private-use characters.
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
_VIRAMA: Final = 9
# Device names of Windows, reserved with any extension.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|\Z)", re.IGNORECASE)


def plain_line(text: str) -> str:
    """Remove control and direction characters, which can make a line look like another.

    The two joiners and the tags after a black flag are kept, since emoji and Persian words need them.
    """
    characters: list[str] = []
    for character in text:
        is_flag = (
            character in _FLAG_TAGS
            and bool(characters)
            and (characters[-1] == _BLACK_FLAG or characters[-1] in _FLAG_TAGS)
        )
        if is_flag or character in _JOINERS or unicodedata.category(character) not in _INVISIBLE_CATEGORIES:
            characters.append(character)
    return "".join(characters)


def truncate(text: str, max_bytes: int, max_characters: int | None = None) -> str:
    """Truncate a text to a number of UTF-8 bytes, and of characters, without splitting a character cluster."""
    raw = text.encode()
    index = min(len(raw[:max_bytes].decode(errors="ignore")), len(text) if max_characters is None else max_characters)
    if index == len(text):
        return text
    while index and _is_one_cluster(text, index):
        index -= 1
    return text[:index].rstrip(f" .{_JOINERS}")


def _is_one_cluster(text: str, index: int) -> bool:
    """True if the characters before and after an index belong to one cluster (accent, flag, emoji)."""
    before, after = text[index - 1], text[index]
    if after in _FLAG_LETTERS:
        return (index - len(text[:index].rstrip("".join(_FLAG_LETTERS)))) % 2 == 1
    return (
        before == "\u200d"
        or after in _JOINERS
        or after in _SKIN_TONES
        or after in _FLAG_TAGS
        or unicodedata.category(after).startswith("M")
        or unicodedata.combining(before) == _VIRAMA
    )


def split(name: str) -> tuple[str, str]:
    """A name without its extension, and the extension in lower case; blank if it is not a known one."""
    stem, _dot, extension = name.rpartition(".")
    stem = stem.rstrip(" .")
    return (stem, extension.lower()) if stem and extension.lower() in _EXTENSIONS else (name, "")


def join_name(stem: str, extension: str) -> str:
    """Join stem and extension to a name that every system accepts: no Windows device, not too long."""
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    return f"{truncate(stem, MAX_BYTES - len(extension) - 1) or 'contenu'}.{extension}"


def clean_name(name: str) -> str:
    """Normalise an uploaded file's name: no folders, no control or direction characters, limited length."""
    # Browsers encode quotation marks in names like this (HTML standard, "multipart/form-data encoding algorithm").
    name = name.replace("%22", '"')
    base_name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = plain_line(re.sub(r"\s+", " ", base_name)).strip(" .")
    stem, extension = split(cleaned)
    if not extension:
        return truncate(cleaned, MAX_BYTES)
    return f"{truncate(stem, MAX_BYTES - len(extension) - 1) or 'fichier'}.{cleaned[-len(extension) :]}"


def name_from_title(title: str, extension: str) -> str:
    """Build a file name from a title, without the characters that systems forbid in names."""
    allowed = re.sub(r'[\s<>:"/\\|?*]+', " ", unicodedata.normalize("NFC", title))
    plain = truncate(plain_line(allowed).strip(" ."), MAX_BYTES - len(extension) - 1, MAX_TITLE_CHARACTERS)
    return join_name(plain or "contenu", extension)
