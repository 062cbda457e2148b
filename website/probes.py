"""`/healthz` (liveness) and `/readyz` (readiness), answered on any host before workspaces and sessions.

A missing static file also gets its 404 here, without session and page.
"""

from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from tenants import breaker
from tenants.context import PUBLIC_SCHEMA, public_context
from tenants.grants import models_of

# First release of each branch of Redis with fixes of the known remote code execution and crash faults (2022 to 2025).
REDIS_MIN_VERSIONS = ((6, 2, 20), (7, 0, 15))


def missing_dependencies() -> dict[str, Any]:
    """Dependencies that are unavailable: name -> error type, or absent tables. Empty if all are ready."""
    missing: dict[str, Any] = {}
    with public_context():
        try:
            missing |= _missing_in_database()
        except Exception as error:
            missing["database"] = type(error).__name__
        finally:
            connection.close()
        try:
            # Not through the cache, which works without Redis.
            breaker.ping()
        except Exception as error:
            missing["redis"] = type(error).__name__
    return missing


def warnings() -> dict[str, str]:
    """Problems that do not stop the process: a Redis with known security faults."""
    try:
        version = str(breaker.quick_client().info("server")["redis_version"])
    except Exception:  # reported by `missing_dependencies`
        return {}
    installed = _version_tuple(version)
    branch_minimums = (minimum for minimum in REDIS_MIN_VERSIONS if installed[:2] <= minimum[:2])
    required = next(branch_minimums, REDIS_MIN_VERSIONS[-1])
    if installed >= required:
        return {}
    return {"redis": f"{version} is older than {'.'.join(map(str, required))}"}


def _version_tuple(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split(".")[:3])


def _missing_in_database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [PUBLIC_SCHEMA])
        tables = {row[0] for row in cursor.fetchall()}
    required = {model._meta.db_table for model in models_of(PUBLIC_SCHEMA)}
    absent = sorted(required - tables)
    return {"schema": absent} if absent else {}


class ProbeMiddleware:
    """Answers the probes with JSON; 503 names the missing dependencies."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self.is_async:
            return self._acall(request)
        return self._probe_response(request) or self.get_response(request)

    async def _acall(self, request: HttpRequest) -> Any:
        if request.path == "/readyz":
            return await sync_to_async(self._probe_response)(request)
        return self._probe_response(request) or await self.get_response(request)

    def _probe_response(self, request: HttpRequest) -> HttpResponse | None:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path.startswith(settings.STATIC_URL):
            return HttpResponse(status=404)
        if request.path != "/readyz":
            return None
        missing = missing_dependencies()
        return JsonResponse(
            {
                "status": "missing" if missing else "ready",
                "missing": missing,
                "warnings": {} if "redis" in missing else warnings(),
            },
            status=503 if missing else 200,
        )
