"""Scheduled job that closes the answers of dead processes and keeps their text."""

import logging
from itertools import groupby

from conversations import leases
from conversations.services import ACT, close_abandoned_answer
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.selectors import tenant_ref
from usage import selectors as usage_selectors

log = logging.getLogger(__name__)


def close_abandoned() -> int:
    """Close all answers of the platform without a living process. Returns their number.

    Open answers are found through their reservations in the public schema.
    """
    closed = 0
    for tenant_id, acts in groupby(sorted(usage_selectors.open_acts(ACT)), key=lambda act: act[0]):
        try:
            tenant = tenant_ref(tenant_id)
        except Tenant.DoesNotExist:
            continue
        with tenant_context(tenant):
            for _tenant_id, answer_id in acts:
                if not leases.is_generating(answer_id):
                    closed += close_abandoned_answer(answer_id)
    return closed
