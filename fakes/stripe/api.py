"""`/v1/…`: key, version, idempotency, parameters, the handler, `expand[]`, and the check of what is answered."""

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
# So many idempotency keys are remembered; Stripe keeps them for a day.
KEYS = 2000


class Api:
    """Answers requests on a world. `violations`: what was answered or told that the SDK's classes do not know."""

    def __init__(self, world: World, *, checked: bool = True) -> None:
        self.world = world
        self.checked = checked
        self.violations: list[str] = []
        self.faults: list[dict[str, Any]] = []
        self.calls: deque[dict[str, Any]] = deque(maxlen=5000)

    def answer(self, request: Request) -> Answer:
        request_id = f"req_{token(14)}"
        key = request.headers.get("idempotency-key")
        given = self._raw(request)
        call = {"method": request.method, "path": request.path, "params": given, "id": request_id, "key": key}
        self.calls.append(call)
        headers = {"request-id": request_id, "stripe-version": VERSION}
        if key:
            headers["idempotency-key"] = key
        fault = self._fault(request)
        if fault and not fault.get("after"):
            return self._broken(fault, headers)
        try:
            replayed, status, body = self._once(request, given, request_id)
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

    def _once(self, request: Request, given: str, request_id: str) -> tuple[bool, int, Any]:
        """The same key and the same parameters are answered as they were the first time."""
        self._authorise(request)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return False, 200, self._handle(request, given, request_id)
        # The order in which parameters come means nothing.
        ordered = repr(sorted(parse_qsl(given, keep_blank_values=True)))
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
            status, body = 200, self._handle(request, given, request_id)
        except StripeError as error:
            # Refused for its parameters, nothing was done: the key may be used again.
            if error.status != 402:
                raise
            status, body = error.status, error.body(request_id)
        self.world.idempotent[key] = [mark, status, body]
        if len(self.world.idempotent) > KEYS:
            del self.world.idempotent[next(iter(self.world.idempotent))]
        return False, status, body

    def _authorise(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        key = given.removeprefix("Bearer ").strip()
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

    def _handle(self, request: Request, given: str, request_id: str) -> Any:
        route, args = self._route(request)
        params = forms.read(forms.parse(given), route.shape)
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
            if route.method == request.method and (found := route.pattern.match(request.path)):
                return route, found.groupdict()
        message = f"Unrecognized request URL ({request.method}: {request.path})."
        raise StripeError(404, "invalid_request_error", f"{message} The fake may not simulate it (docs/stripe.md).")

    def _shown(self, answer: Any, paths: list[str]) -> Any:
        if self.world.objects.get(answer.get("id")) is answer:
            answer = self.world.render(answer)
        expand(self.world, answer, paths)
        self.check(answer)
        return answer

    def check(self, answer: Any) -> None:
        """Raises when the SDK's classes do not know what is about to be said."""
        found = problems(answer) if self.checked else []
        self.violations += found
        if found:
            raise StripeError(500, "api_error", f"The fake answers what the SDK does not know: {'; '.join(found[:10])}")
