"""Template filters and tags for the rights of a workspace.

{% load entitlements %}{% if tenant|may_use:"analytics" %}…{% endif %}
"""

from typing import Any
from uuid import UUID

from django import template
from django.utils.translation import gettext

from accounts.models import Role
from plans import entitlements
from plans.meters import METERS, Kind
from plans.selectors import offers_with
from plans.types import Right
from tenants.context import TenantRef
from ui.console_text import limit_words

register = template.Library()


@register.filter
def may_use(tenant: TenantRef | None, key: str) -> bool:
    """True where the workspace may use `key`; False on the public host."""
    return tenant is not None and entitlements.for_tenant(tenant).has(key)


@register.simple_tag
def workspace_rights(tenant_id: UUID) -> list[dict[str, Any]]:
    """The rights of a workspace, for the console: {"label", "key", "limit", "source", "kind", "until"}."""
    resolved = entitlements.for_tenant_id(tenant_id)
    known_keys = [key for key in METERS if key in resolved.rights]
    other_keys = sorted(set(resolved.rights) - set(METERS))
    return [_right_context(resolved.right(key)) for key in [*known_keys, *other_keys]]


def _is_module(right: Right) -> bool:
    return right.is_granted and right.key in METERS and METERS[right.key].kind is Kind.MODULE


def _right_context(right: Right) -> dict[str, Any]:
    return {
        "label": gettext(right.label),
        "key": right.key,
        "limit": gettext("compris") if _is_module(right) else limit_words(right.limit),
        "source": gettext(right.source.name) if right.source.name else "",
        "kind": right.source.kind.value,
        "until": right.source.until,
    }


@register.simple_tag(takes_context=True)
def blocked_feature(context: Any, key: str) -> dict[str, Any]:
    """Context of the page of a right that is not granted: {"label", "plan_name", "plans", "add_ons", "is_owner"}."""
    request = context["request"]
    resolved = entitlements.for_tenant(request.tenant)
    offers = offers_with(key)
    return {
        "label": gettext(offers.label),
        "plan_name": resolved.plan_name,
        "plans": [plan for plan in offers.plans if plan.code != resolved.plan_code],
        "add_ons": offers.add_ons,
        "is_owner": getattr(request.user, "role", "") == Role.OWNER,
    }
