"""Templates drawn with samples: in a language, for a brand, in light or dark mode, with words of any version."""

from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.limits import HOUR, count
from accounts.models import User
from mailing.catalogue.types import MailTemplate
from mailing.rendering import Mail, Sender, render, values_of
from mailing.texts import texts_in_force
from mailing.types import MailKind
from tenants.platform import platform
from tenants.selectors import public_url

# Code -> (label, hue). The hues are hard ones: of yellow, and of a blue that is nearly black.
BRANDS: Final[dict[str, tuple[str | Promise, int | None]]] = {
    "platform": (_("Plateforme"), None),
    "plain": (_("Sans couleur"), None),
    "yellow": (_("Jaune"), 100),
    "dark": (_("Bleu très sombre"), 264),
    "red": (_("Rouge"), 25),
    "green": (_("Vert"), 155),
}
MODES: Final[dict[str, str | Promise]] = {"light": _("Clair"), "dark": _("Sombre")}
TESTS_PER_HOUR: Final = 60
_SAMPLE_ADDRESS: Final = "https://atelier.example.com/"
_DARK: Final = "@media (prefers-color-scheme: dark)"
_SCHEMES: Final = "color-scheme: light dark"


def sample_sender(template: MailTemplate, brand: str) -> Sender:
    identity = platform()
    if template.is_of_platform or brand == "platform":
        return Sender(identity.name, public_url("/"), None, bool(identity.mark_digest), identity)
    return Sender("Atelier des Lilas", _SAMPLE_ADDRESS, BRANDS[brand][1], False, identity)


def preview(template: MailTemplate, *, language: str, brand: str, texts: Mapping[str, str] | None = None) -> Mail:
    """`texts`: instead of those in force."""
    stop = "" if template.kind == MailKind.TRANSACTIONAL else f"{_SAMPLE_ADDRESS}notifications/mails/exemple/"
    with translation.override(language):
        return render(
            template,
            template.samples,
            sender=sample_sender(template, brand),
            texts=texts_in_force(template.key, language) if texts is None else texts,
            unsubscribe_url=stop,
        )


def sample_values(template: MailTemplate) -> dict[str, str]:
    """What the variables are replaced by in a preview, in the active language."""
    return values_of(template, template.samples, platform())


def forced(html: str, mode: str) -> str:
    """The HTML as a program in this mode draws it, whatever the mode of the browser."""
    html = html.replace(_DARK, "@media all" if mode == "dark" else "@media not all")
    return html.replace(_SCHEMES, f"color-scheme: {mode}")


def send_sample(template: MailTemplate, *, language: str, brand: str, actor: User) -> bool:
    """Mail the template with its samples to the operator. False after too many in the hour."""
    if count("mail_template_test", str(actor.pk), HOUR) > TESTS_PER_HOUR:
        return False
    mail = preview(template, language=language, brand=brand)
    subject = gettext("[Essai] %(subject)s") % {"subject": mail.subject}
    message = EmailMultiAlternatives(subject, mail.text, settings.DEFAULT_FROM_EMAIL, [actor.email])
    message.attach_alternative(mail.html, "text/html")
    message.carries_secret = False  # type: ignore[attr-defined]
    message.send()
    return True
