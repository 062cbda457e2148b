"""Requests to `/v1/…`: key, version, idempotency, parameters, handler, `expand[]`, and the check of the response."""

import hashlib
import re
from collections import deque
from typing import Any
from urllib.parse import parse_qsl

import stripe

from fakes.stripe import forms
from fakes.stripe.billing import timeline
from fakes.stripe.errors import StripeError, invalid, unauthorized, unsimulated
from fakes.stripe.expanding import expand
from fakes.stripe.resources import accounts, table
from fakes.stripe.routing import Call, Route
from fakes.stripe.typed import problems
from fakes.stripe.wire import Answer, Request, as_json
from fakes.stripe.world import World, token

VERSION = stripe.api_version
# Number of idempotency keys that are stored; Stripe stores them for a day.
KEYS = 2000


class Api:
    """Handles requests on a world. `violations`: responses and events that do not fit the SDK's classes."""

    def __init__(self, world: World, *, checked: bool = True) -> None:
        self.world = world
        self.checked = checked
        self.violations: list[str] = []
        self.faults: list[dict[str, Any]] = []
        self.calls: deque[dict[str, Any]] = deque(maxlen=5000)

    def answer(self, request: Request) -> Answer:
        request_id = f"req_{token(14)}"
        key = request.headers.get("idempotency-key")
        raw_params = self._raw(request)
        call = {"method": request.method, "path": request.path, "params": raw_params, "id": request_id, "key": key}
        self.calls.append(call)
        headers = {"request-id": request_id, "stripe-version": VERSION}
        if key:
            headers["idempotency-key"] = key
        fault = self._fault(request)
        if fault and not fault.get("after"):
            return self._broken(fault, headers)
        try:
            replayed, status, body = self._once(request, raw_params, request_id)
            if replayed:
                headers["idempotent-replayed"] = "true"
        except StripeError as error:
            status, body = error.status, error.body(request_id)
        call["status"] = status
        return self._broken(fault, headers) if fault else as_json(body, status, **headers)

    def _raw(self, request: Request) -> str:
        return request.body.decode() if request.method == "POST" else request.query

    def _fault(self, request: Request) -> dict[str, Any] | None:
        for fault in self.faults:
            named = fault.get("method") in (None, request.method) and re.search(fault.get("path", ""), request.path)
            if named and fault.get("times", 1) > 0:
                fault["times"] = fault.get("times", 1) - 1
                return fault
        return None

    def _broken(self, fault: dict[str, Any], headers: dict[str, str]) -> Answer:
        status = fault.get("status", 500)
        kind = "rate_limit_error" if status == 429 else "api_error"
        retry = {"stripe-should-retry": fault["retry"]} if "retry" in fault else {}
        return as_json({"error": {"type": kind, "message": "The fake was asked to fail."}}, status, **headers, **retry)

    def _once(self, request: Request, raw_params: str, request_id: str) -> tuple[bool, int, Any]:
        """Handle a request, or replay the response of an earlier one with the same idempotency key and parameters."""
        self._authorise(request)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return False, 200, self._handle(request, raw_params, request_id)
        # The order of parameters is irrelevant.
        ordered = repr(sorted(parse_qsl(raw_params, keep_blank_values=True)))
        mark = hashlib.sha256(f"{request.path}?{ordered}".encode()).hexdigest()
        known = self.world.idempotent.get(key)
        if known:
            if known[0] != mark:
                message = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                    f"Try using a key other than '{key}' if you meant to execute a different request."
                )
                raise StripeError(400, "idempotency_error", message)
            return True, known[1], known[2]
        try:
            status, body = 200, self._handle(request, raw_params, request_id)
        except StripeError as error:
            # A request with invalid parameters does not use up the key.
            if error.status != 402:
                raise
            status, body = error.status, error.body(request_id)
        self.world.idempotent[key] = [mark, status, body]
        if len(self.world.idempotent) > KEYS:
            del self.world.idempotent[next(iter(self.world.idempotent))]
        return False, status, body

    def _authorise(self, request: Request) -> None:
        raw_params = request.headers.get("authorization", "")
        key = raw_params.removeprefix("Bearer ").strip()
        if not key:
            raise unauthorized(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            )
        if not re.fullmatch(r"(sk|rk)_test_[A-Za-z0-9_]{8,}", key) or "invalid" in key:
            raise unauthorized(f"Invalid API Key provided: {key[:8]}{'*' * 12}{key[-4:]}")
        version = request.headers.get("stripe-version", VERSION)
        if version != VERSION:
            raise invalid(f"Invalid Stripe API version: {version}. The fake speaks {VERSION}.")
        if request.headers.get("stripe-account", accounts.ID) != accounts.ID:
            message = "The provided key does not have access to this account (or that account does not exist)."
            raise StripeError(403, "invalid_request_error", message, code="account_invalid")

    def _handle(self, request: Request, raw_params: str, request_id: str) -> Any:
        route, args = self._route(request)
        params = forms.read(forms.parse(raw_params), route.shape)
        for name in params:
            if route.shape and name not in route.known:
                raise unsimulated(f"{name} of {request.method} {route.path}")
        world = self.world
        timeline.run_to(world, None, world.now())
        world.request = {"id": request_id, "idempotency_key": request.headers.get("idempotency-key")}
        if request.method == "GET":
            world.request = None
        try:
            answer = route.handler(Call(world, args, params, request.path, world.base))
            return self._shown(answer, params.get("expand") or [])
        finally:
            world.request = None

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        for route in table.ROUTES:
            if route.method == request.method and (match := route.pattern.match(request.path)):
                return route, match.groupdict()
        message = f"Unrecognized request URL ({request.method}: {request.path})."
        raise StripeError(404, "invalid_request_error", f"{message} The fake may not simulate it (docs/stripe.md).")

    def _shown(self, answer: Any, paths: list[str]) -> Any:
        if self.world.objects.get(answer.get("id")) is answer:
            answer = self.world.render(answer)
        expand(self.world, answer, paths)
        self.check(answer)
        return answer

    def check(self, answer: Any) -> None:
        """Raise `StripeError` (500) if a response does not fit the SDK's classes."""
        match = problems(answer) if self.checked else []
        self.violations += match
        if match:
            raise StripeError(500, "api_error", f"The fake answers what the SDK does not know: {'; '.join(match[:10])}")
