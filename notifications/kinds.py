"""The kinds of notifications: label, recipients by role, defaults, words.

A kind of a later app is one more entry here and one case in `consumers`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import MANAGERS, TEAM
from accounts.models import Role
from mailing.types import ADVICE, WEEKLY
from notifications.models import Notification, Preference
from plans.meters import METERS
from tenants.models import Tenant

OFF, NOW, DIGEST = Preference.Mail.OFF, Preference.Mail.NOW, Preference.Mail.DIGEST


@dataclass(frozen=True)
class Kind:
    """`words(notification, title)`: the line that is read; `title` is the subject's, "" where it has none.

    `subject`: key of settings.NOTIFICATION_SUBJECTS, which gives title and address to who may see it; "" with `url`.
    `mail_only`: no notification at all, but mails that one may stop.
    `mailed_elsewhere`: the platform always mails this by itself, so that there is no choice of mail.
    """

    code: str
    label: str | Promise
    icon: str
    roles: frozenset[str]
    words: Callable[[Notification, str], str]
    subject: str = ""
    url: str = ""
    mail: str = OFF
    mailed_elsewhere: bool = False
    mail_only: bool = False


def _actor(notification: Notification) -> str:
    return str(notification.actor) if notification.actor else _("Une personne qui n’est plus là")


def _item_published(notification: Notification, title: str) -> str:
    names = {"actor": _actor(notification), "title": title}
    return _("%(actor)s a publié « %(title)s » pour tout l’espace.") % names


def _conversation_shared(notification: Notification, title: str) -> str:
    names = {"actor": _actor(notification), "title": title or _("Sans titre")}
    return _("%(actor)s partage la conversation « %(title)s » avec l’espace.") % names


def _member_joined(notification: Notification, _title: str) -> str:
    return ngettext(
        "%(actor)s a rejoint l’espace.",
        "%(count)s personnes ont rejoint l’espace, %(actor)s en dernier.",
        notification.count,
    ) % {"count": notification.count, "actor": _actor(notification)}


def _quota_reached(notification: Notification, _title: str) -> str:
    meter = METERS.get(notification.figures.get("meter", ""))
    names = {"meter": meter.label if meter else "", "percent": notification.figures.get("percent", 100)}
    if names["percent"] == 100:
        return _("Limite atteinte : %(meter)s.") % names
    return _("%(percent)s %% utilisés : %(meter)s.") % names


def _state_changed(notification: Notification, _title: str) -> str:
    state = notification.figures.get("after", "")
    words: dict[str, Any] = {
        Tenant.State.ACTIVE: _("L’espace est actif."),
        Tenant.State.PAST_DUE: _("Un paiement a échoué ; tout fonctionne encore."),
        Tenant.State.SUSPENDED: _("L’espace est en lecture seule."),
        Tenant.State.TRIAL: _("L’espace est à l’essai."),
    }
    return str(words.get(state, _("L’état de l’espace a changé.")))


def _mail_only(code: str, label: str | Promise, icon: str, roles: frozenset[str]) -> Kind:
    return Kind(code, label, icon, roles, lambda _notification, _title: "", mail=NOW, mail_only=True)


KINDS: Final[dict[str, Kind]] = {
    kind.code: kind
    for kind in (
        Kind(
            "item_published",
            gettext_lazy("Un contenu est publié pour tout l’espace"),
            "library",
            TEAM,
            _item_published,
            subject="item",
            mail=DIGEST,
        ),
        Kind(
            "conversation_shared",
            gettext_lazy("Une conversation est partagée avec l’espace"),
            "messages-square",
            TEAM,
            _conversation_shared,
            subject="conversation",
            mail=DIGEST,
        ),
        Kind(
            "member_joined",
            gettext_lazy("Une personne rejoint l’espace"),
            "user-plus",
            MANAGERS,
            _member_joined,
            url="/settings/members/",
            mail=DIGEST,
        ),
        Kind(
            "quota_reached",
            gettext_lazy("Une limite de l’offre approche ou est atteinte"),
            "gauge",
            MANAGERS,
            _quota_reached,
            url="/settings/usage/",
            mailed_elsewhere=True,
        ),
        Kind(
            "state_changed",
            gettext_lazy("L’état de l’espace change"),
            "credit-card",
            frozenset({Role.OWNER}),
            _state_changed,
            url="/settings/plan/",
            mailed_elsewhere=True,
        ),
        _mail_only(ADVICE, gettext_lazy("Des conseils pour avancer"), "lightbulb", TEAM),
        _mail_only(WEEKLY, gettext_lazy("Le bilan de la semaine, le lundi matin"), "calendar", MANAGERS),
    )
}


def kinds_of(role: str) -> list[Kind]:
    """The kinds that people of a role can be told about."""
    return [kind for kind in KINDS.values() if role in kind.roles]
