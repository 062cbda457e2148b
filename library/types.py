"""File types and errors of the library."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class FileType:
    """A type of file that may be stored. `inline`: shown by browsers; other types are downloaded.

    `charset`: the encoding of a text; blank for UTF-8 and for binary files.
    """

    media_type: str
    extension: str
    kind: str
    inline: bool = False
    charset: str = ""

    @property
    def stored(self) -> str:
        """The value of `Item.media_type`: the media type, with the charset unless it is UTF-8."""
        return f"{self.media_type}; charset={self.charset}" if self.charset else self.media_type


class UploadRefused(Exception):
    """Raised when a file cannot be stored. `message` is for users; `code` is for programs."""

    messages: ClassVar[dict[str, Promise]] = {
        "empty": _("Ce fichier est vide. Vérifiez-le, puis choisissez-le de nouveau."),
        "type_refused": _(
            "Ce type de fichier n’est pas accepté. Vous pouvez déposer une image (PNG, JPEG, GIF, WebP, AVIF), une "
            "vidéo (MP4, WebM, MOV), un son (MP3, M4A, WAV, OGG, FLAC) ou un document (PDF, Word, Excel, PowerPoint, "
            "OpenDocument, texte, Markdown, CSV, page HTML, dessin SVG, XML)."
        ),
        "too_large": _("Ce fichier fait %(size)s. La limite est de %(limit)s pour ce type de fichier."),
        "storage_full": _(
            "L’espace de stockage est plein : l’offre %(plan)s comprend %(limit)s, %(used)s sont déjà utilisés et ce "
            "fichier fait %(size)s. Le propriétaire de l’espace peut demander une offre plus grande à votre opérateur."
        ),
    }

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    @property
    def message(self) -> str:
        """The reason and what to do, in the active language."""
        return str(self.messages[self.code]) % self.values


class ShareGone(Exception):
    """Raised for a link that does not open: forged, of another workspace, expired, revoked, or item archived."""
