"""Copies of a bucket's files on this machine's disk."""

from uuid import UUID

import pytest

from library import files
from library.copies import MAX_COPIES, MAX_COPIES_PER_WORKSPACE, Copies, copies
from tenants.admission import Busy
from tests.library.samples import PAGE
from tests.library.test_contents import body, shown_to
from tests.tenants.notes import opened


def test_copies_of_a_bucket_wait_for_slow_readers_in_bounded_numbers(people, upload, client_for, monkeypatch):
    """Each is a whole file on this machine's disk, for as long as its reader likes."""
    page = upload(people.member, PAGE, "page.html")
    url = shown_to(client_for(people.member), page)[1]
    monkeypatch.setattr(files, "is_local", lambda: False)
    slow = [opened(url) for _ in range(MAX_COPIES_PER_WORKSPACE)]
    try:
        assert {one.status_code for one in slow} == {200}
        refused = opened(url)
        assert refused.status_code == 503 and refused["Retry-After"] and "sandbox" in refused["Content-Security-Policy"]
        # Another workspace is not the one that waits.
        copies.reserve(people.away.id)()
        body(slow.pop())
        files.remove(page.file)
        # What fails keeps no place.
        assert [opened(url).status_code for _ in range(MAX_COPIES_PER_WORKSPACE)] == [404] * MAX_COPIES_PER_WORKSPACE
    finally:
        for one in slow:
            body(one)
    assert not copies._held


def test_all_workspaces_together_have_a_bound():
    mine = Copies()
    taken = [mine.reserve(UUID(int=n)) for n in range(MAX_COPIES)]
    with pytest.raises(Busy):
        mine.reserve(UUID(int=MAX_COPIES))
    for _ in range(2):
        taken[0]()
    mine.reserve(UUID(int=MAX_COPIES))
    with pytest.raises(Busy):
        mine.reserve(UUID(int=0))
