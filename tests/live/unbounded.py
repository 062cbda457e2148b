"""The web process without its bounds: as many requests at work as arrive, connections kept between their steps.

Only to show that the freeze test sees the fault: `uvicorn tests.live.unbounded:application`.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from config.asgi import application
from tenants import admission, executors

__all__ = ["application"]
MANY = 10_000


def _sizes() -> dict[str, int]:
    return dict.fromkeys((admission.PAGE, admission.HASHING, admission.OUTSIDE, admission.PROBE), MANY)


def _submit(self: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
    return ThreadPoolExecutor.submit(self, function, *args, **kwargs)


admission.sizes = _sizes
executors.ReleasingExecutor.submit = _submit  # type: ignore[method-assign]
# One set of threads for everything, as the loop's own is.
executors.database = executors.responses = executors.steps
