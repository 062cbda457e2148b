"""E-mail addresses as they are kept and compared: one mailbox is one person."""

import unicodedata
from contextlib import suppress


def plain_address(text: str) -> str:
    """An address in small letters, in one Unicode form, its domain as people read it.

    What pasting brings unseen (zero-width spaces, soft hyphens, word joiners) goes: nobody could type it again.
    """
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf").strip()
    address = unicodedata.normalize("NFC", seen).lower()
    name, at, domain = address.rpartition("@")
    if at and "xn--" in domain:
        with suppress(UnicodeError):
            return f"{name}@{domain.encode('ascii').decode('idna')}"
    return address
