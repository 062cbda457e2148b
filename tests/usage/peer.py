"""Other processes of the platform that reserve, grow, resolve, or die in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from typing import Any

from tests.tenants import peer

THREADS = 8


class Peer(peer.Peer):
    """`ask` calls a function of `Commands` there. Each has eight connections of its own."""

    def __init__(self) -> None:
        environment = os.environ | {"DB_POOL_MIN": "1", "DB_POOL_MAX": str(THREADS + 1)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.usage.peer"],
            cwd=peer.ROOT,
            env=environment | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._asked = 0

    def died(self) -> int:
        """Its exit status, once it has gone without an answer."""
        return self._process.wait(30)


class Commands(peer.Commands):
    """What a peer can be asked to do. Arguments and values are JSON."""

    def limit(self, tenant_id: str, key: str) -> str:
        from uuid import UUID

        from plans import entitlements
        from tenants.context import public_context

        with public_context():
            return str(entitlements.for_tenant_id(UUID(tenant_id)).limit(key))

    def until_limit(self, tenant_id: str, key: str, value: str, seconds: float = 5.0) -> float:
        """Seconds until the limit is seen so."""
        return peer._until(lambda: self.limit(tenant_id, key) == value, seconds)

    def until_remembered(self, tenant_id: str) -> float:
        """Seconds until the rights come out of this process's memory."""
        from plans import entitlements

        return peer._until(lambda: self.limit(tenant_id, "seats") and entitlements._cache.peek(tenant_id) is not None)

    def crowd(self, act: str, tenant_id: str, times: int, amounts: dict[str, str], settle: str = "") -> dict[str, int]:
        """Eight threads, so many times each: how many were given and how many refused."""
        given: list[bool] = []
        ready = threading.Barrier(THREADS)
        sums = {meter: Decimal(amount) for meter, amount in amounts.items()}

        def one() -> None:
            ready.wait()
            for _ in range(times):
                given.append(self._one(act, tenant_id, sums, settle))
            _close()

        threads = [threading.Thread(target=one) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(given) == THREADS * times, "a thread failed: its traceback is above"
        return {"given": given.count(True), "refused": given.count(False)}

    @staticmethod
    def _one(act: str, tenant_id: str, amounts: dict[str, Decimal], settle: str) -> bool:
        from django.db import transaction

        from tenants.context import tenant_context
        from tenants.ids import new_id
        from usage import services
        from usage.types import Act, QuotaExceeded

        with tenant_context(_ref(tenant_id)):
            try:
                if act == "grow":
                    with transaction.atomic():
                        for meter, amount in amounts.items():
                            services.grow(meter, amount)
                    return True
                held = services.reserve(Act("test", new_id()), amounts)
                if settle:
                    services.settle(held.id, {meter: amount * Decimal(settle) for meter, amount in amounts.items()})
                return True
            except QuotaExceeded:
                return False

    def die_holding(self, act: str, tenant_id: str, meter: str) -> None:
        """Killed in the middle of a metered act, as the kernel does."""
        from tenants.context import tenant_context
        from usage import services

        with tenant_context(_ref(tenant_id)), services.metered(meter, 10):
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)


def _ref(tenant_id: str) -> Any:
    from uuid import UUID

    from tenants.context import public_context
    from tenants.selectors import tenant_ref

    with public_context():
        return tenant_ref(UUID(tenant_id))


def _close() -> None:
    from django.db import connections

    connections.close_all()


if __name__ == "__main__":
    peer.Commands = Commands  # type: ignore[misc]
    peer.main()
