"""Which entitlements are implemented by an installed module (config/modules.py): only these are sold and shown."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db.models import Prefetch
from django.utils.module_loading import import_string

from plans.meters import METERS
from plans.models import AddOn, Entitlement


def is_installed(key: str) -> bool:
    """True where a module implements the entitlement."""
    return key in settings.ENTITLEMENT_MODULES


def is_sellable(add_on: AddOn) -> bool:
    """True where all entitlements of an add-on are installed. Prefetch its `entitlements`."""
    return all(is_installed(row.key) for row in add_on.entitlements.all())


def sellable(add_ons: Iterable[AddOn], *, owned: Iterable[str] = ()) -> list[AddOn]:
    """The add-ons that are for sale or whose code is in `owned`."""
    owned_codes = set(owned)
    return [add_on for add_on in add_ons if add_on.code in owned_codes or is_sellable(add_on)]


def installed_entitlements() -> "Prefetch[Any, Any, Any]":
    """Prefetch of the installed entitlements of plans, for comparisons."""
    return Prefetch("entitlements", queryset=Entitlement.objects.filter(key__in=list(settings.ENTITLEMENT_MODULES)))


def missing(keys: Iterable[str]) -> list[str]:
    """The keys without an installed module, in their order."""
    return [key for key in keys if not is_installed(key)]


@register()
def check_modules(**_kwargs: Any) -> list[CheckMessage]:
    """Check that every key of config/modules.py is a meter and that its module can be imported."""
    errors: list[CheckMessage] = []
    for key, name in settings.ENTITLEMENT_MODULES.items():
        if key not in METERS:
            errors.append(Error(f"config/modules.py: {key} is no right of plans/meters.py", id="ruche.E020"))
        try:
            import_string(name)
        except ImportError:
            errors.append(Error(f"config/modules.py: {name}, which serves {key}, cannot be loaded", id="ruche.E021"))
    return errors
