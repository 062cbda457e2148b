"""What is not SQL: cache, files, signed values, jobs, commands, streamed bodies."""

import io
import json
from collections.abc import Iterator

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.http import StreamingHttpResponse

from tenants import queue, signing
from tenants.context import NoTenant, current_tenant
from tests.isolation.interleaving import visit as present
from tests.isolation.interleaving.registry import act
from tests.isolation.interleaving.visit import Visit, name
from tests.isolation.interleaving.world import FILE


@act(weight=15, anywhere=True)
def cached(visit: Visit) -> None:
    visit.sees(cache.get_or_set("mark", visit.here.mark))
    cache.set(f"mark-{visit.number % 7}", visit.here.mark)
    with visit.elsewhere():
        visit.sees_there(cache.get_or_set("mark", visit.there.mark))
        cache.set_many({f"mark-{number}": visit.there.mark for number in range(7)})
    visit.sees(*cache.get_many([f"mark-{number}" for number in range(7)]).values())


@act()
def files(visit: Visit) -> None:
    visit.sees(_read(f"{current_tenant().file_prefix}/{FILE}"))
    if visit.there.ref:
        with visit.elsewhere():
            visit.sees_there(_read(f"{current_tenant().file_prefix}/{FILE}"))
    prefix = current_tenant().file_prefix
    path = default_storage.save(f"{prefix}/{present.RUN}.{visit.number}.txt", ContentFile(visit.here.mark.encode()))
    visit.sees(_read(path))
    visit.wrote("files")


def _read(path: str) -> str:
    with default_storage.open(path) as file:
        return str(file.read().decode())


@act(anywhere=True)
def signed(visit: Visit) -> None:
    text = signing.sign("share", visit.here.mark)
    with visit.elsewhere():
        visit.sees_there(signing.unsign("share", signing.sign("share", visit.there.mark)))
        try:
            found = signing.unsign("share", text)
        except signing.BadSignature:
            found = visit.there.mark
        visit.sees_there(found)
    visit.sees(signing.unsign("share", text))


JOB = "tests.isolation.interleaving.jobs.note"


@act(weight=3, anywhere=True)
def jobs(visit: Visit) -> None:
    """Asked for at once, at the commit, from elsewhere, and not at all."""
    key = f"{visit.number}"
    queue.enqueue(JOB, mark=visit.here.mark, key=f"{key}.a")
    visit.wrote("accounts_user")
    with transaction.atomic(), visit.elsewhere():
        visit.sees_there(name())
        queue.enqueue(JOB, mark=visit.there.mark, key=f"{key}.b")
    visit.wrote("accounts_user", there=True)
    with transaction.atomic():
        queue.enqueue(JOB, mark="undone", key=f"{key}.c")
        transaction.set_rollback(True)


@act(anywhere=True)
def job_in_the_same_thread(visit: Visit) -> None:
    """As a worker calls it, in the middle of somebody else's work."""
    tenant_id = str(visit.there.ref.id) if visit.there.ref else None
    queue.run(name=JOB, tenant_id=tenant_id, arguments={"mark": visit.there.mark, "key": f"{visit.number}.d"})
    visit.wrote("accounts_user", there=True)


@act(weight=1, anywhere=True)
def command(visit: Visit) -> None:
    """It lists all workspaces, from public."""
    said = io.StringIO()
    call_command("tenant_list", stdout=said)
    assert visit.here.ref is None or visit.here.ref.slug in said.getvalue()


@act(anywhere=True)
def streamed(visit: Visit) -> StreamingHttpResponse:
    """The body is made when the middleware is gone: without a context of its own it is refused, never wrong."""

    def body() -> Iterator[str]:
        try:
            visit.sees(name())
        except NoTenant:
            yield " "
        for place in (visit.here, visit.there, visit.here):
            with place.inside():
                found = name()
            (visit.sees if place is visit.here else visit.sees_there)(found)
            yield " "
        yield json.dumps(visit.told())

    return StreamingHttpResponse(body())
