"""Host -> workspace -> URLconf. Everything behind runs in exactly one context."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.request import split_domain_port
from django.middleware.security import SecurityMiddleware
from django.template import loader

from tenants import selectors
from tenants.context import TenantRef, public_context, tenant_context
from tenants.fleet.applied import is_behind
from tenants.logs import request_id

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]


class _Both:
    """A middleware that is native both in sync and in async chains."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(cast(Any, self))


class RequestIdMiddleware(_Both):
    """Gives each request an id for its log lines and its answer's X-Request-ID."""

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        identifier = secrets.token_hex(6)
        request_id.set(identifier)
        if self.is_async:
            return self._acall(request, identifier)
        response = cast(HttpResponse, self.get_response(request))
        response["X-Request-ID"] = identifier
        return response

    async def _acall(self, request: HttpRequest, identifier: str) -> HttpResponse:
        response = await cast(Awaitable[HttpResponse], self.get_response(request))
        response["X-Request-ID"] = identifier
        return response


def host_of(request: HttpRequest) -> str:
    """The request's host name: lower case, no port, no final dot."""
    return split_domain_port(request.get_host())[0].rstrip(".").lower()


def behind(tenant: TenantRef) -> HttpResponse:
    """The workspace's schema lacks a migration of this code: a plain page, and when to come again."""
    log.warning("workspace behind its code slug=%s: fleet_migrate has not reached it, or it failed", tenant.slug)
    page = loader.render_to_string("errors/behind.html")
    return HttpResponse(page, status=503, headers={"Retry-After": "60"})


def unknown_host(request: HttpRequest) -> HttpResponse:
    """A plain page: nothing here tells which hosts exist."""
    return HttpResponse(loader.render_to_string("errors/unknown_host.html"), status=404)


class SecureHostMiddleware(SecurityMiddleware):
    """Django's own, that sends nobody on to a host which is not ours, nor to a port that the request names."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        if super().process_request(request) is None:
            return None
        host = host_of(request)
        if host != settings.BASE_HOST and selectors.tenant_for_host(host) is None:
            return unknown_host(request)
        return HttpResponsePermanentRedirect(selectors.tenant_url(host, request.get_full_path()))


class TenantMiddleware(_Both):
    """Sets `request.tenant` and the context from the host. An unknown host gets a plain 404."""

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if self.is_async:
            return self._acall(request)
        refusal, tenant = self._find(request)
        if refusal:
            return refusal
        with self._enter(request, tenant):
            return self.get_response(request)

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        refusal, tenant = await sync_to_async(self._find)(request)
        if refusal:
            return refusal
        with self._enter(request, tenant):
            return await cast(Awaitable[HttpResponse], self.get_response(request))

    def _find(self, request: HttpRequest) -> tuple[HttpResponse | None, TenantRef | None]:
        host = host_of(request)
        if host == settings.BASE_HOST:
            return None, None
        tenant = selectors.tenant_for_host(host)
        if tenant is None:
            return unknown_host(request), None
        return (behind(tenant) if is_behind(tenant) else None), tenant

    def _enter(self, request: HttpRequest, tenant: TenantRef | None) -> AbstractContextManager[Any]:
        request.tenant = tenant  # type: ignore[attr-defined]
        if tenant is None:
            request.urlconf = settings.PUBLIC_URLCONF
            return public_context()
        request.urlconf = settings.TENANT_URLCONF
        return tenant_context(tenant)
