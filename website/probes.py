"""`/healthz` and `/readyz`: answered on any host, before anything else, so that a probe needs no workspace.

A static file that is not there ends here too: it needs no session and no page.
"""

from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from tenants import breaker
from tenants.context import PUBLIC_SCHEMA, public_context
from tenants.grants import models_of

# Of each line of Redis, the first without the known ways to run code or to stop it (2022 to 2025).
REDIS_LEAST = ((6, 2, 20), (7, 0, 15))


def missing() -> dict[str, Any]:
    """What stands between this process and its work, by name; empty where all is well."""
    found: dict[str, Any] = {}
    with public_context():
        try:
            found |= _missing_in_database()
        except Exception as error:
            found["database"] = type(error).__name__
        finally:
            connection.close()
        try:
            # Not the cache: that goes on without Redis.
            breaker.ping()
        except Exception as error:
            found["redis"] = type(error).__name__
    return found


def warnings() -> dict[str, str]:
    """What works and should not stay so: a Redis older than its last corrections. Never a reason to be down."""
    try:
        version = str(breaker.quick_client().info("server")["redis_version"])
    except Exception:  # `missing` names it
        return {}
    known = _numbers(version)
    wanted = next((least for least in REDIS_LEAST if known[:2] <= least[:2]), REDIS_LEAST[-1])
    if known >= wanted:
        return {}
    return {"redis": f"{version} is older than {'.'.join(map(str, wanted))}"}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split(".")[:3])


def _missing_in_database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [PUBLIC_SCHEMA])
        tables = {row[0] for row in cursor.fetchall()}
    wanted = {model._meta.db_table for model in models_of(PUBLIC_SCHEMA)}
    absent = sorted(wanted - tables)
    return {"schema": absent} if absent else {}


class ProbeMiddleware:
    """Process and dependencies, as JSON. 503 names what is missing."""

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
        return self._answer(request) or self.get_response(request)

    async def _acall(self, request: HttpRequest) -> Any:
        if request.path == "/readyz":
            return await sync_to_async(self._answer)(request)
        return self._answer(request) or await self.get_response(request)

    def _answer(self, request: HttpRequest) -> HttpResponse | None:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path.startswith(settings.STATIC_URL):
            return HttpResponse(status=404)
        if request.path != "/readyz":
            return None
        absent = missing()
        return JsonResponse(
            {
                "status": "missing" if absent else "ready",
                "missing": absent,
                "warnings": {} if "redis" in absent else warnings(),
            },
            status=503 if absent else 200,
        )
