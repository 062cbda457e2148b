"""Limits the temporary copies of a bucket's files on this machine's disk.

A slow client keeps a copy for as long as it reads, without holding a slot of admission (tenants/admission.py).
"""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Final
from uuid import UUID

from tenants.admission import Busy

# In one process. A document has up to 50 MB (MAX_UPLOAD_BYTES).
MAX_COPIES: Final = 32
MAX_COPIES_PER_WORKSPACE: Final = 8


class Copies:
    """Counts the copies of each workspace. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[UUID] = Counter()

    def reserve(self, tenant_id: UUID) -> Callable[[], None]:
        """Reserve one copy. Returns an idempotent function that releases it. Raises `Busy` at the limit."""
        with self._lock:
            if self._held.total() >= MAX_COPIES or self._held[tenant_id] >= MAX_COPIES_PER_WORKSPACE:
                raise Busy
            self._held[tenant_id] += 1
        is_held = True

        def release() -> None:
            nonlocal is_held
            with self._lock:
                self._held[tenant_id] -= is_held
                is_held = False
                if not self._held[tenant_id]:
                    del self._held[tenant_id]

        return release


copies: Final = Copies()
