"""Middleware: resolves host -> workspace -> URLconf, and runs the request in exactly one context."""

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
from tenants.content.hosts import is_content_host
from tenants.context import TenantRef, public_context, tenant_context
from tenants.fleet.applied import is_behind
from tenants.logs import request_id

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]


class SyncAndAsyncMiddleware:
    """Base of a middleware that works in sync and async chains without adaptation."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(cast(Any, self))


class RequestIdMiddleware(SyncAndAsyncMiddleware):
    """Gives each request an id for its log lines and its response's X-Request-ID header."""

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


def behind_response(tenant: TenantRef) -> HttpResponse:
    """503 with Retry-After: the workspace's schema lacks a migration of this code."""
    log.warning("workspace behind its code slug=%s: fleet_migrate has not reached it, or it failed", tenant.slug)
    page = loader.render_to_string("errors/behind.html")
    return HttpResponse(page, status=503, headers={"Retry-After": "60"})


def unknown_host_response(request: HttpRequest) -> HttpResponse:
    """404: a plain page that does not reveal which hosts exist."""
    return HttpResponse(loader.render_to_string("errors/unknown_host.html"), status=404)


class SecureHostMiddleware(SecurityMiddleware):
    """Django's SecurityMiddleware, which redirects to HTTPS only on known hosts and on the configured port."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        if super().process_request(request) is None:
            return None
        host = host_of(request)
        if is_content_host(host):
            return HttpResponse(status=404)
        if host != settings.BASE_HOST and selectors.tenant_for_host(host) is None:
            return unknown_host_response(request)
        return HttpResponsePermanentRedirect(selectors.tenant_url(host, request.get_full_path()))


class TenantMiddleware(SyncAndAsyncMiddleware):
    """Sets `request.tenant` and the context from the host. Unknown host: 404; schema behind the code: 503."""

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
            return unknown_host_response(request), None
        return (behind_response(tenant) if is_behind(tenant) else None), tenant

    def _enter(self, request: HttpRequest, tenant: TenantRef | None) -> AbstractContextManager[Any]:
        request.tenant = tenant  # type: ignore[attr-defined]
        if tenant is None:
            request.urlconf = settings.PUBLIC_URLCONF
            return public_context()
        request.urlconf = settings.TENANT_URLCONF
        return tenant_context(tenant)
