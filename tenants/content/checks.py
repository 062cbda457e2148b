"""System checks of `RUCHE_CONTENT_BASE_URL`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from tenants.content.hosts import place_at

SETTING = "RUCHE_CONTENT_BASE_URL"


def _is_below(host: str, suffix: str) -> bool:
    return host == suffix or host.endswith(f".{suffix}")


@register()
def check_content_hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Error ruche.E011: the value has no star for the label, or includes the product's own host."""
    value = settings.RUCHE_CONTENT_BASE_URL
    place = place_at(value)
    if value and place is None:
        return [Error(f"{SETTING} is no address like https://*.content.example.net.", id="ruche.E011")]
    if place and _is_below(settings.BASE_HOST, place.suffix):
        return [Error(f"{SETTING} takes {settings.BASE_HOST}, the product's own host.", id="ruche.E011")]
    return []


@register(Tags.security, deploy=True)
def check_content_hosts_deployed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warnings ruche.W011 (none), W012 (below the product's domain), W013 (without TLS)."""
    place = place_at(settings.RUCHE_CONTENT_BASE_URL)
    if settings.RUCHE_EMBEDDED or (settings.RUCHE_CONTENT_BASE_URL and place is None):
        return []
    if place is None:
        message = f"{SETTING} is not set: pages, drawings and PDF files are downloaded, never shown."
        return [Warning(message, id="ruche.W011")]
    warnings: list[CheckMessage] = []
    if _is_below(place.suffix, settings.BASE_HOST):
        message = f"{SETTING} is below {settings.BASE_HOST}: use another registrable domain, as browsers count sites."
        warnings.append(Warning(message, id="ruche.W012"))
    if place.scheme != settings.BASE_SCHEME:
        warnings.append(Warning(f"{SETTING} is {place.scheme}, the product {settings.BASE_SCHEME}.", id="ruche.W013"))
    return warnings
