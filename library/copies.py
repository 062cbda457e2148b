"""Copies of a bucket's files that stand on this machine's disk while they are read: so many at a time, and no more.

A reader who takes a few bytes a minute keeps a copy for as long as it likes, and holds no turn meanwhile
(tenants/admission.py).
"""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Final
from uuid import UUID

from tenants.admission import Busy

# In one process. A document holds up to 50 MB (MAX_UPLOAD_BYTES).
MOST: Final = 32
MOST_OF_WORKSPACE: Final = 8


class Copies:
    """How many copies each workspace has. For threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[UUID] = Counter()

    def take(self, tenant_id: UUID) -> Callable[[], None]:
        """A place for one copy; what gives it back, to be called at least once. Raises `Busy` where there is none."""
        with self._lock:
            if self._held.total() >= MOST or self._held[tenant_id] >= MOST_OF_WORKSPACE:
                raise Busy
            self._held[tenant_id] += 1
        is_held = True

        def give_back() -> None:
            nonlocal is_held
            with self._lock:
                self._held[tenant_id] -= is_held
                is_held = False
                if not self._held[tenant_id]:
                    del self._held[tenant_id]

        return give_back


copies: Final = Copies()
