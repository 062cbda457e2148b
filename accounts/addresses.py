"""Normal form of e-mail addresses, as stored and compared."""

import unicodedata
from contextlib import suppress


def plain_address(text: str) -> str:
    """The address in lower case and Unicode NFC, with an `xn--` domain decoded.

    Invisible characters from pasted text (zero-width spaces, soft hyphens, word joiners) are removed, because they
    cannot be typed again.
    """
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf").strip()
    address = unicodedata.normalize("NFC", visible).lower()
    name, at, domain = address.rpartition("@")
    if at and "xn--" in domain:
        with suppress(UnicodeError):
            return f"{name}@{domain.encode('ascii').decode('idna')}"
    return address
