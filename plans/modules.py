"""What of the catalogue has a module behind it (config/modules.py), and so may be sold and shown."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db.models import Prefetch
from django.utils.module_loading import import_string

from plans.meters import METERS
from plans.models import AddOn, Entitlement


def is_there(key: str) -> bool:
    """True where a module serves the right."""
    return key in settings.ENTITLEMENT_MODULES


def is_sold(option: AddOn) -> bool:
    """True where all that an option gives has its module. Its entitlements are to be fetched with it."""
    return all(is_there(row.key) for row in option.entitlements.all())


def sold(options: Iterable[AddOn], *, had: Iterable[str] = ()) -> list[AddOn]:
    """Of these options those for sale, and those that a workspace has already."""
    kept = set(had)
    return [option for option in options if option.code in kept or is_sold(option)]


def shown_entitlements() -> "Prefetch[Any, Any, Any]":
    """What of a plan is shown to who compares."""
    return Prefetch("entitlements", queryset=Entitlement.objects.filter(key__in=list(settings.ENTITLEMENT_MODULES)))


def missing(keys: Iterable[str]) -> list[str]:
    """Of these rights those without a module, in the order given."""
    return [key for key in keys if not is_there(key)]


@register()
def check_modules(**_kwargs: Any) -> list[CheckMessage]:
    """Every registered right is known, and its module can be loaded."""
    found: list[CheckMessage] = []
    for key, name in settings.ENTITLEMENT_MODULES.items():
        if key not in METERS:
            found.append(Error(f"config/modules.py: {key} is no right of plans/meters.py", id="ruche.E020"))
        try:
            import_string(name)
        except ImportError:
            found.append(Error(f"config/modules.py: {name}, which serves {key}, cannot be loaded", id="ruche.E021"))
    return found
