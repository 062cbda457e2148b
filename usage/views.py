"""The page of what the workspace uses, for its owner and admins."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import ALL_STATES, MANAGERS, access
from accounts.http import MemberRequest
from accounts.models import Role
from plans import entitlements
from plans.selectors import add_ons_for
from usage import overview
from usage.presenters import gauge_shown, module_shown, past_shown


@access(MANAGERS, states=ALL_STATES)
@require_GET
def show(request: MemberRequest) -> HttpResponse:
    """Gauges, the last months, a forecast, and what to do."""
    tenant, rights = request.tenant, entitlements.of(request.tenant)
    months = overview.months()
    history = [past_shown(past) for past in overview.history(tenant)]
    context = {
        "plan_name": rights.plan_name,
        "gauges": [gauge_shown(line) for line in overview.lines(tenant)],
        "modules": [module_shown(right) for right in overview.modules(tenant)],
        "options": add_ons_for(tenant),
        "months": months,
        "history": history,
        "latest_first": [
            {"date": month, "cells": [{"label": row["label"], "text": row["cells"][at]["text"]} for row in history]}
            for at, month in reversed(list(enumerate(months)))
        ],
        "is_owner": request.user.role == Role.OWNER,
    }
    return render(request, "home/usage.html", context)
