"""The words that an operator gives a template, in versions: checked, kept with author and date, taken back.

texts = texts_in_force("welcome", "fr")   # {code: text} that replace the default ones; no query once read
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from mailing.catalogue import TEMPLATES
from mailing.catalogue.types import BUTTON, PREVIEW, SUBJECT, MailTemplate
from mailing.models import MailTextVersion
from mailing.rendering import VARIABLE, default_texts
from tenants.context import public_context
from tenants.shared_cache import SharedCache

MAX_LENGTHS: Final = {SUBJECT: 150, PREVIEW: 200, BUTTON: 60}
MAX_TEXT: Final = 3_000
_REQUIRED: Final = frozenset({SUBJECT, BUTTON})
_BRACE: Final = re.compile(r"[{}]")
_ANY: Final = re.compile(r"\{([^{}]*)\}")
_cache = SharedCache["_Texts"]("mail_texts")


@dataclass(frozen=True)
class _Texts:
    by_template: Mapping[tuple[str, str], Mapping[str, str]]


def texts_in_force(key: str, language: str) -> Mapping[str, str]:
    """What replaces the default words of a template, by code. Words that name what no longer exists are left out."""
    texts = _cache.get("", _read).by_template.get((key, language))
    return MappingProxyType({}) if texts is None else usable(TEMPLATES[key], texts)


def usable(template: MailTemplate, texts: Mapping[str, str]) -> Mapping[str, str]:
    codes = set(default_texts(template))
    return MappingProxyType(
        {code: text for code, text in texts.items() if code in codes and not problem_of(template, code, text)}
    )


def _read() -> _Texts:
    with public_context():
        rows = MailTextVersion.objects.order_by("template", "language", "-number").distinct("template", "language")
        return _Texts({(row.template, row.language): MappingProxyType(row.texts) for row in rows if row.texts})


def problem_of(template: MailTemplate, code: str, text: str) -> str:
    """Why a text cannot be used, in words; "" if it can."""
    if code in _REQUIRED and not text.strip():
        return _("Ce texte ne peut pas rester vide.")
    most = MAX_LENGTHS.get(code, MAX_TEXT)
    if len(text) > most:
        return _("Trop long : %(most)s caractères au plus.") % {"most": most}
    names = {variable.name for variable in template.variables}
    for name in _ANY.findall(text):
        if name not in names:
            shown = ", ".join(f"{{{variable.name}}}" for variable in template.variables)
            return _("« {%(name)s} » n’est pas une variable de ce modèle. Celles qu’il connaît : %(names)s.") % {
                "name": name[:40],
                "names": shown,
            }
    if _BRACE.search(VARIABLE.sub("", text)):
        return _("Une accolade est seule. Une variable s’écrit entre deux accolades, comme {name}.")
    return ""


def text_save(
    *, key: str, language: str, texts: Mapping[str, str], base: int, actor: User, restored: int | None = None
) -> MailTextVersion | None:
    """Put words in force as a new version; None if they are those in force already. Call it in the public schema.

    `base`: number of the version that was edited, 0 for the default. Raises `ValidationError` with the problems by
    code, or where somebody else has saved since.
    """
    template = TEMPLATES[key]
    with translation.override(language):
        defaults = default_texts(template)
    cleaned = {code: "\n".join(line.rstrip() for line in text.strip().splitlines()) for code, text in texts.items()}
    problems = {code: problem for code, text in cleaned.items() if (problem := problem_of(template, code, text))}
    if problems:
        raise ValidationError(problems)
    changed = {code: text for code, text in cleaned.items() if code in defaults and text != defaults[code]}
    with transaction.atomic():
        rows = MailTextVersion.objects.filter(template=key, language=language).order_by("-number")
        last = rows.first()
        number = last.number if last else 0
        if number != base:
            raise ValidationError(_("Quelqu’un a enregistré ces textes entre-temps. Relisez-les avant les vôtres."))
        if changed == (last.texts if last else {}):
            return None
        row = MailTextVersion(
            template=key, language=language, number=number + 1, texts=changed, author=actor.email, restored=restored
        )
        # Two that save at once: the second finds the number taken.
        if not MailTextVersion.objects.bulk_create([row], ignore_conflicts=True) or not rows.filter(pk=row.pk).exists():
            raise ValidationError(_("Quelqu’un a enregistré ces textes entre-temps. Relisez-les avant les vôtres."))
        audit.record(
            "mail_text.changed",
            actor=actor,
            target=key,
            language=language,
            version=row.number,
            fields=", ".join(sorted(changed)) or _("textes d’origine"),
        )
        _cache.forget()
    return row


def text_restore(*, key: str, language: str, number: int, base: int, actor: User) -> MailTextVersion | None:
    """Put an earlier version in force again, as a new one; 0 is the default. Raises `ValidationError`."""
    earlier = MailTextVersion.objects.filter(template=key, language=language, number=number).first()
    if number and earlier is None:
        raise ValidationError(_("Cette version n’existe pas."))
    texts = usable(TEMPLATES[key], earlier.texts) if earlier else {}
    return text_save(key=key, language=language, texts=texts, base=base, actor=actor, restored=number)


def versions_of(key: str, language: str) -> list[MailTextVersion]:
    """The latest first, a hundred at most."""
    return list(MailTextVersion.objects.filter(template=key, language=language).order_by("-number")[:100])
