"""The page of use of a workspace, for its owners and admins."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import ALL_STATES, MANAGERS, access
from accounts.http import MemberRequest
from accounts.models import Role
from plans import entitlements
from plans.selectors import add_ons_for
from usage import overview
from usage.presenters import gauge_context, history_context, module_context


@access(MANAGERS, states=ALL_STATES)
@require_GET
def show(request: MemberRequest) -> HttpResponse:
    """Gauges, past months, a forecast and add-ons for sale."""
    tenant, rights = request.tenant, entitlements.for_tenant(request.tenant)
    months = overview.months()
    history = [history_context(meter_history) for meter_history in overview.history(tenant)]
    context = {
        "plan_name": rights.plan_name,
        "gauges": [gauge_context(meter_use) for meter_use in overview.meter_uses(tenant)],
        "modules": [module_context(right) for right in overview.modules(tenant)],
        "options": add_ons_for(tenant),
        "months": months,
        "history": history,
        "latest_first": [
            {"date": month, "cells": [{"label": row["label"], "text": row["cells"][index]["text"]} for row in history]}
            for index, month in reversed(list(enumerate(months)))
        ],
        "is_owner": request.user.role == Role.OWNER,
    }
    return render(request, "home/usage.html", context)
