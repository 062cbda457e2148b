"""Async views: tasks beside each other, threads, and sync code in between."""

import asyncio
import json
from collections.abc import AsyncIterator

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, connections, transaction
from django.http import StreamingHttpResponse

from accounts.models import User
from library.models import Item
from tenants.context import NoTenant
from tests.isolation.interleaving.registry import Planned, act
from tests.isolation.interleaving.visit import Visit, name, raw_name
from tests.isolation.interleaving.world import ITEMS, PERSON


async def aname() -> str:
    return (await User.objects.aget(pk=PERSON)).name


def _name_and_close() -> str:
    try:
        return raw_name()
    finally:
        connections.close_all()


# In a thread of the loop's pool, beside the request's own.
beside = sync_to_async(_name_and_close, thread_sensitive=False)


@act(anywhere=True)
async def async_read(visit: Visit) -> None:
    visit.sees(await aname())
    await asyncio.sleep(visit.dice.random() / 500)
    with visit.elsewhere():
        visit.sees_there(await aname())
        await asyncio.sleep(0)
        visit.sees_there(await sync_to_async(raw_name)())
    await asyncio.sleep(visit.dice.random() / 500)
    visit.sees(await aname())


@act()
async def async_iterator(visit: Visit) -> None:
    async for item in Item.objects.filter(pk__in=ITEMS).aiterator(chunk_size=2):
        visit.sees(item.title)
        with visit.elsewhere():
            visit.sees_there(await aname())


@act(anywhere=True)
async def async_write(visit: Visit) -> None:
    with visit.elsewhere():
        await visit.person(visit.there).asave(force_insert=True)
        visit.wrote("accounts_user", there=True)
    await visit.person().asave(force_insert=True)
    visit.wrote("accounts_user")


@act(weight=6, anywhere=True)
async def async_tasks_beside_each_other(visit: Visit) -> None:
    async def here() -> None:
        await asyncio.sleep(visit.dice.random() / 500)
        visit.sees(await aname())

    async def there() -> None:
        with visit.elsewhere():
            await asyncio.sleep(visit.dice.random() / 500)
            visit.sees_there(await aname())
            await asyncio.sleep(0)
            visit.sees_there(await aname())

    await asyncio.gather(here(), there(), here(), there())


@act(weight=4, anywhere=True)
async def async_threads(visit: Visit) -> None:
    visit.sees(await beside())
    with visit.elsewhere():
        visit.sees_there(await beside())
        visit.sees_there(await asyncio.to_thread(_name_and_close))


@act(weight=6, anywhere=True)
async def async_transaction(visit: Visit) -> None:
    def work() -> None:
        try:
            with transaction.atomic():
                visit.look_there()
                visit.add()
                raise Planned
        except Planned:
            visit.sees(raw_name())

    await sync_to_async(work)()
    with visit.elsewhere():
        visit.sees_there(await aname())


@act(weight=4, anywhere=True)
async def async_from_sync_from_async(visit: Visit) -> None:
    def between() -> None:
        with visit.elsewhere():
            visit.sees_there(async_to_sync(aname)(), name())
        visit.sees(async_to_sync(aname)())

    await sync_to_async(between)()


@act(weight=6, anywhere=True)
async def async_streamed(visit: Visit) -> StreamingHttpResponse:
    async def body() -> AsyncIterator[str]:
        try:
            visit.sees(await aname())
        except NoTenant:
            yield " "
        with visit.elsewhere():
            found = await aname()
        visit.sees_there(found)
        yield json.dumps(visit.told())

    return StreamingHttpResponse(body())


@act(anywhere=True, fails=True)
async def async_raised(visit: Visit) -> None:
    with visit.elsewhere():
        visit.sees_there(await aname())
        await sync_to_async(_leave_open)(visit)
        raise Planned


def _leave_open(visit: Visit) -> None:
    connection.set_autocommit(False)
    visit.add(there=True)
