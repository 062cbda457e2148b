"""Budget left for exactly five calls at their reserved bound, twenty asked in parallel."""

import asyncio
from decimal import Decimal

import httpx2
import pytest

from conversations.models import Conversation, Message
from plans.models import Entitlement, Plan
from tenants.context import public_context, tenant_context
from tenants.services import change_plan
from tests.live.browser import Browser
from tests.live.conftest import Maker
from tests.live.web import Web
from tests.live.workspaces import PASSWORD, Workspace, assert_settled, counters_of
from usage.models import Reservation

pytestmark = [pytest.mark.committed, pytest.mark.slow]
# One length, so one bound: the first answers at once, the others while all twenty are asked.
QUICK, QUESTION = (f"Une question à sa borne [words 30] [slow {pause}]" for pause in ("0.00", "0.15"))
METERS = {"ai_euros": "Budget d’IA par mois", "ai_tokens": "Jetons d’IA par mois"}


async def _ask(web: Web, home: Workspace, text: str, times: int = 1) -> list[httpx2.Response]:
    async with Browser(web.port, home.host) as browser:
        await browser.sign_in(home.email, PASSWORD)
        posts = [browser.post("/conversations/new/", assistant="posts", text=text) for _ in range(times)]
        return list(await asyncio.gather(*posts))


async def _finish(web: Web, home: Workspace) -> None:
    async with Browser(web.port, home.host) as browser:
        await browser.sign_in(home.email, PASSWORD)
        for _ in range(100):
            if not await asyncio.to_thread(_open_answers, home):
                return
            await asyncio.sleep(0.1)
    raise AssertionError("answers did not end")


def _open_answers(home: Workspace) -> int:
    from django.db import connections

    with tenant_context(home.tenant):
        try:
            return Message.objects.filter(state="streaming").count()
        finally:
            connections.close_all()


def _leave_room_for(calls: int, meter: str, home: Workspace, bound: Decimal) -> None:
    """A plan that allows this meter what was used and so many bounds more, and a little less than one more."""
    used, _reserved = counters_of(home)[meter]
    with public_context():
        plan = Plan.objects.create(code=f"borne-{meter[3:]}", name="Bornée", month_price=1, year_price=10)
        for key, label in METERS.items():
            limit = used + calls * bound if key == meter else None
            Entitlement.objects.create(plan=plan, key=key, label=label, limit=limit)
    change_plan(tenant_id=home.tenant.id, plan=plan.code, reason="essai", actor="test")


@pytest.mark.parametrize("meter", METERS)
def test_exactly_as_many_pass_as_fit(live: Web, workspace: Maker, meter: str) -> None:
    home = workspace(f"borne-{meter[3:]}")
    assert asyncio.run(_ask(live, home, QUICK))[0].status_code == 302
    bound = Decimal(Reservation.objects.get(tenant_id=home.tenant.id).amounts[meter])
    asyncio.run(_finish(live, home))
    _leave_room_for(5, meter, home, bound)
    try:
        responses = asyncio.run(_ask(live, home, QUESTION, 20))
        assert sorted(response.status_code for response in responses) == [302] * 5 + [429] * 15
        used, reserved = counters_of(home)[meter]
        assert reserved == 5 * bound
        for refused in (response for response in responses if response.status_code == 429):
            _assert_says_why(refused.text, METERS[meter])
        asyncio.run(_finish(live, home))
        with tenant_context(home.tenant):
            answers = Message.objects.filter(role="assistant")
            assert (Conversation.objects.count(), Message.objects.count()) == (6, 12)
            assert set(answers.values_list("state", flat=True)) == {"done"}
            keys = list(answers.values_list("pk", flat=True))
        assert Reservation.objects.filter(tenant_id=home.tenant.id).count() == 6
        assert_settled(home, keys)
        assert counters_of(home)[meter][0] > used
    finally:
        Plan.objects.filter(name="Bornée").delete()


def _assert_says_why(page: str, meter: str) -> None:
    """The plan, the use and the way out; and what was typed is still in the composer."""
    refusal = page[page.index("data-refusal") :]
    assert f"Quota atteint\N{NO-BREAK SPACE}: {meter}" in refusal
    assert "Offre Bornée" in refusal and "ce mois-ci" in refusal and "passez à une offre supérieure" in refusal
    assert QUESTION in page
