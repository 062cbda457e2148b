"""Copies of a bucket's files on this machine's disk."""

from uuid import UUID

import pytest

from library import files
from library.copies import MOST, MOST_OF_WORKSPACE, Copies, copies
from tenants.admission import Busy
from tests.library.samples import PAGE
from tests.library.test_contents import body, shown_to
from tests.tenants.notes import opened


def test_copies_of_a_bucket_wait_for_slow_readers_in_bounded_numbers(people, upload, client_for, monkeypatch):
    """Each is a whole file on this machine's disk, for as long as its reader likes."""
    page = upload(people.member, PAGE, "page.html")
    url = shown_to(client_for(people.member), page)[1]
    monkeypatch.setattr(files, "is_local", lambda: False)
    slow = [opened(url) for _ in range(MOST_OF_WORKSPACE)]
    try:
        assert {one.status_code for one in slow} == {200}
        refused = opened(url)
        assert refused.status_code == 503 and refused["Retry-After"] and "sandbox" in refused["Content-Security-Policy"]
        # Another workspace is not the one that waits.
        copies.take(people.away.id)()
        body(slow.pop())
        files.remove(page.file)
        # What fails keeps no place.
        assert [opened(url).status_code for _ in range(MOST_OF_WORKSPACE)] == [404] * MOST_OF_WORKSPACE
    finally:
        for one in slow:
            body(one)
    assert not copies._held


def test_all_workspaces_together_have_a_bound():
    mine = Copies()
    taken = [mine.take(UUID(int=n)) for n in range(MOST)]
    with pytest.raises(Busy):
        mine.take(UUID(int=MOST))
    for _ in range(2):
        taken[0]()
    mine.take(UUID(int=MOST))
    with pytest.raises(Busy):
        mine.take(UUID(int=0))
