"""The status of plan and payment as shown to the owner: a badge, a sentence and the next step."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.stripe.states import SUSPENDED_AFTER
from billing.subscription_types import Current
from tenants.context import TenantRef
from tenants.platform import platform
from tenants.trials import days_left

PAY, CHOOSE, RESUME, NOTHING = "pay", "choose", "resume", ""


@dataclass(frozen=True)
class Status:
    """`kind`: as components/badge.html takes it. `act`: `PAY`, `CHOOSE`, `RESUME` or `NOTHING`."""

    label: str
    kind: str
    text: str
    act: str = NOTHING


def status_of(tenant: TenantRef, current: Current) -> Status:
    """The status from the workspace's state and its subscription."""
    if tenant.state == "closed":
        text = _("Vos factures restent ici. Pour rouvrir l’espace, contactez %(operator)s.")
        text %= {"operator": platform().contact}
        return Status(_("Fermé"), "error", text)
    if tenant.state == "suspended":
        return _suspended(tenant, current)
    if tenant.state == "past_due" or current.status in ("past_due", "unpaid"):
        return _past_due(current)
    if current.is_live:
        return _ending(current) if current.ends else _active(current)
    if current.status == "incomplete":
        text = _("Le premier paiement n’est pas terminé. L’offre commence dès qu’il l’est.")
        return Status(_("Paiement à terminer"), "warning", text, PAY)
    return _trial(tenant) if tenant.state == "trial" else _without_subscription(current)


def _suspended(tenant: TenantRef, current: Current) -> Status:
    if current.status in ("past_due", "unpaid"):
        text = _("Un paiement est en attente : tout peut être lu, rien ne peut être écrit. Réglez-le, tout se rouvre.")
        return Status(_("Lecture seule"), "error", text, PAY)
    if current.is_live:
        text = _("L’espace a été mis en lecture seule. Pour le rouvrir, contactez %(operator)s.")
        text %= {"operator": platform().contact}
        return Status(_("Lecture seule"), "error", text)
    if tenant.trial_ends_at is not None and tenant.trial_ends_at <= timezone.now() and not current.status:
        text = _(
            "L’essai est terminé : tout peut être lu, rien ne peut être écrit. Choisissez une offre, tout se rouvre."
        )
        return Status(_("Essai terminé"), "warning", text, CHOOSE)
    text = _("Tout peut être lu, rien ne peut être écrit. Choisissez une offre, tout se rouvre.")
    return Status(_("Lecture seule"), "error", text, CHOOSE)


def _past_due(current: Current) -> Status:
    if current.past_due_since is None:
        text = _("Le dernier paiement n’a pas abouti. Réglez-le pour éviter le passage en lecture seule.")
    else:
        text = _("Le dernier paiement n’a pas abouti. Réglez-le avant le %(date)s, jour du passage en lecture seule.")
        text %= {"date": format_day(current.past_due_since + SUSPENDED_AFTER)}
    return Status(_("À régler"), "warning", text, PAY)


def _ending(current: Current) -> Status:
    text = _("L’offre est résiliée et prend fin le %(date)s. D’ici là, rien ne change.")
    return Status(_("Résiliée"), "warning", text % {"date": format_day(current.period_end)}, RESUME)


def _active(current: Current) -> Status:
    text = _("Se renouvelle le %(date)s.") % {"date": format_day(current.period_end)} if current.period_end else ""
    return Status(_("Active"), "success", text)


def _trial(tenant: TenantRef) -> Status:
    if tenant.trial_ends_at is None:
        return Status(_("Essai"), "info", "", CHOOSE)
    days = days_left(tenant.trial_ends_at)
    text = ngettext(
        "Il reste %(days)s jour d’essai, jusqu’au %(date)s. Rien n’est prélevé avant que vous choisissiez une offre.",
        "Il reste %(days)s jours d’essai, jusqu’au %(date)s. Rien n’est prélevé avant que vous choisissiez une offre.",
        days,
    )
    return Status(_("Essai"), "info", text % {"days": days, "date": format_day(tenant.trial_ends_at)}, CHOOSE)


def _without_subscription(current: Current) -> Status:
    if current.status == "canceled" and current.period_end is not None and current.period_end > timezone.now():
        text = _("L’offre est résiliée ; l’espace reste ouvert jusqu’au %(date)s.") % {
            "date": format_day(current.period_end)
        }
        return Status(_("Résiliée"), "warning", text, CHOOSE)
    return Status(
        _("Attribuée"), "neutral", _("Votre opérateur vous a donné cette offre : rien n’est prélevé."), CHOOSE
    )


def format_day(moment: datetime | None) -> str:
    """The date in the reader's language and time zone; "" for None."""
    return formats.date_format(timezone.localtime(moment), "DATE_FORMAT") if moment else ""
