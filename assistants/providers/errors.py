"""Translation of the SDKs' errors to `ProviderError`, with a detail that is safe to log."""

import json
import re
from collections.abc import Iterable

import httpx2

from assistants.providers.types import ErrorKind, ProviderError

DETAIL_LENGTH = 400
# A shorter key is a placeholder ("none"), and replacing it would damage ordinary words.
MIN_SECRET_LENGTH = 8

# Codes and types in error bodies of OpenAI, Anthropic, Azure and llama.cpp, which are more specific than the status.
_BY_CODE: dict[str, ErrorKind] = {
    "invalid_api_key": "auth",
    "authentication_error": "auth",
    "permission_error": "auth",
    "account_deactivated": "auth",
    "insufficient_quota": "quota",
    "billing_error": "quota",
    "billing_not_active": "quota",
    "billing_hard_limit_reached": "quota",
    "credit_balance_exhausted": "quota",
    "organization_spend_limit_exceeded": "quota",
    "organization_usage_limit_exceeded": "quota",
    "project_spend_limit_exceeded": "quota",
    "contract_spend_limit_reached": "quota",
    "enforced_spend_limit_reached": "quota",
    "linked_organization_spend_limit_reached": "quota",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "ramp_limit_exceeded": "rate_limit",
    "overloaded_error": "overloaded",
    "engine_overloaded": "overloaded",
    "server_is_overloaded": "overloaded",
    "service_unavailable_error": "overloaded",
    "slow_down": "overloaded",
    "timeout_error": "timeout",
    "context_length_exceeded": "context_length",
    "exceed_context_size_error": "context_length",
    "string_above_max_length": "context_length",
    "content_filter": "refused",
    "content_policy_violation": "refused",
    "moderation_blocked": "refused",
    "model_not_found": "model_gone",
    "model_deprecated": "model_gone",
    "model_decommissioned": "model_gone",
    "model_retired": "model_gone",
    "invalid_model": "model_gone",
}

_BY_STATUS: dict[int, ErrorKind] = {
    400: "bad_request",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "bad_request",
    405: "bad_request",
    408: "timeout",
    410: "model_gone",
    413: "context_length",
    415: "bad_request",
    422: "bad_request",
    429: "rate_limit",
    502: "overloaded",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}

# Statuses of gateways, which do not know whether the provider has processed the request.
_GATEWAY_STATUSES = frozenset({408, 502, 504, *range(520, 528)})

# Messages about an ended model are accepted with several statuses; weaker ones only with a 404 or without a status. A
# 404 that does not mention a model is a wrong address. Messages about a parameter of a model are excluded.
_MODEL_ENDED = re.compile(
    r"\bmodel\b.{0,120}?\b(deprecated|decommissioned|retired|shut ?down|sunset|end of life"
    r"|no longer (available|supported|exists|served|offered))\b|\b(invalid|unknown|no such) model\b",
    re.I | re.S,
)
_MODEL_MISSING = re.compile(r"^\s*model: |\bmodel\b.{0,120}?\b(not exist|not found|not available)\b", re.I | re.S)
_PARAMETER = re.compile(
    r"\b(temperature|top_[pk]|max_(completion_)?tokens|stream_options|parameter|response_format)\b", re.I
)

# Errors that are recognised by their message only. Anthropic sends all of these as `invalid_request_error`.
_BY_MESSAGE: list[tuple[re.Pattern[str], ErrorKind]] = [
    (re.compile(r"credit balance is too low", re.I), "quota"),
    (
        re.compile(
            r"prompt is too long|maximum context length|context (window|size|length)|exceed.{0,40}context"
            r"|input length and `max_tokens`",
            re.I,
        ),
        "context_length",
    ),
]

_SECRETS = [
    re.compile(r"\b(sk|rk|pk|key|gsk|xai|hf|AIza)[-_][\w*.\-]{4,}"),
    re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',]+"),
    re.compile(r"(?i)\b(api[-_ ]?key|authorization|token|secret|password)(\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\s\"',&}]+"),
    re.compile(r"(?<=://)[^\s/@]+:[^\s/@]+(?=@)"),
]


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Reduce a text to one short line without known keys and without anything that looks like a key."""
    for secret in secrets:
        if len(secret) >= MIN_SECRET_LENGTH:
            text = text.replace(secret, "***")
    for pattern in _SECRETS:
        text = pattern.sub("***", text)
    text = " ".join(text.split())
    return text if len(text) <= DETAIL_LENGTH else text[:DETAIL_LENGTH] + "…"


def kind_for(status: int | None, codes: Iterable[str], message: str) -> ErrorKind:
    for code in codes:
        if code in _BY_CODE:
            return _BY_CODE[code]
        # Several compatible servers put the status in `code` of an error inside the stream.
        if status is None and code.isdecimal():
            status = int(code)
    if _is_about_a_missing_model(status, message):
        return "model_gone"
    if status is None or status in (400, 413, 422, 500):
        for pattern, kind in _BY_MESSAGE:
            if pattern.search(message):
                return kind
    return _BY_STATUS.get(status, "unknown") if status is not None else "unknown"


def is_from_code(status: int | None, codes: Iterable[str], kind: ErrorKind) -> bool:
    """True if the kind follows from a code or a status rather than from the message."""
    return (
        any(_BY_CODE.get(code) == kind for code in codes) or status in (404, 410) or _BY_STATUS.get(status or 0) == kind
    )


def may_be_paid(status: int | None, body: object) -> bool:
    """False if the provider itself reports a refusal or a failure, which it does not charge."""
    codes, message = body_parts(body)
    if any(_BY_CODE.get(code, "timeout") != "timeout" for code in codes):
        return False
    if status is None or status in _GATEWAY_STATUSES:
        return True
    # A server error without an error body may come from a proxy.
    return status >= 500 and not (isinstance(body, dict) and (codes or message))


def _is_about_a_missing_model(status: int | None, message: str) -> bool:
    if status not in (None, 400, 404, 422) or _PARAMETER.search(message):
        return False
    return bool(_MODEL_ENDED.search(message)) or (status in (None, 404) and bool(_MODEL_MISSING.search(message)))


def retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds to wait before a retry; infinite if the server forbids automatic retries; None if not given."""
    if headers.get("x-should-retry") == "false":
        return float("inf")
    for header, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(headers[header]) / divisor
        except (KeyError, ValueError):
            continue
    return None


def parameter_of(body: object) -> str:
    """The parameter named by an error body: OpenAI's `param`, or the location in a validation error; else blank."""
    if not isinstance(body, dict):
        return ""
    nested = body.get("error")
    inner = nested if isinstance(nested, dict) else body
    if isinstance(named := inner.get("param"), str):
        return named
    problems = inner.get("detail") or inner.get("message")
    problems = problems.get("detail") if isinstance(problems, dict) else problems
    if not isinstance(problems, list):
        return ""
    places = [problem.get("loc") for problem in problems if isinstance(problem, dict)]
    return next((str(place[-1]) for place in places if isinstance(place, list) and place), "")


def body_parts(body: object) -> tuple[list[str], str]:
    """(codes, message) of an error body, in any of the servers' formats."""
    if not isinstance(body, dict):
        return [], body if isinstance(body, str) else ""
    nested = body.get("error")
    inner = nested if isinstance(nested, dict) else body
    details = inner.get("details")
    values = [inner.get("code"), details.get("error_code") if isinstance(details, dict) else None, inner.get("type")]
    message = inner.get("message") or inner.get("detail") or (nested if isinstance(nested, str) else "")
    codes = [str(value) for value in values if isinstance(value, str | int)]
    return codes, message if isinstance(message, str) else json.dumps(message, default=str)


def from_sdk(
    error: Exception,
    *,
    provider: str,
    status: int | None,
    headers: httpx2.Headers | None,
    body: object,
    secrets: Iterable[str],
) -> ProviderError:
    """The `ProviderError` for an error response, or for an error inside a stream."""
    codes, message = body_parts(body)
    kind = kind_for(status, codes, message)
    wait = retry_after(headers) if headers is not None else None
    request_id = (headers.get("x-request-id") or headers.get("request-id") or "-") if headers is not None else "-"
    line = f"{provider} {type(error).__name__} status={status or '-'} codes={','.join(codes) or '-'} "
    return ProviderError(
        kind,
        scrub(f"{line}request={request_id}: {message}", secrets),
        status=status,
        retry_after=wait,
        parameter=parameter_of(body),
        is_from_code=is_from_code(status, codes, kind),
        may_be_paid=may_be_paid(status, body),
    )


def from_body(head: bytes, *, provider: str, media_type: str, secrets: Iterable[str]) -> ProviderError:
    """The error for a response with status 200 that is not a stream: an error in JSON, or another page."""
    try:
        body = json.loads(head)
    except ValueError:
        body = None
    codes, message = body_parts(body)
    if isinstance(body, dict) and (body.get("error") or codes or message):
        kind = kind_for(None, codes, message)
        line = f"{provider} status=200 codes={','.join(codes) or '-'}: {message}"
        by_code = is_from_code(None, codes, kind)
        return ProviderError(kind, scrub(line, secrets), parameter=parameter_of(body), is_from_code=by_code)
    line = f"{provider} answered {media_type or 'nothing'}, not a stream: check its address"
    return ProviderError("bad_request", line)


# Errors before the request was sent.
_UNSENT = (
    httpx2.ConnectTimeout,
    httpx2.ConnectError,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)


def from_network(error: Exception, *, provider: str, opened: bool, secrets: Iterable[str]) -> ProviderError:
    """The error for a connection that failed. `opened`: the response had started."""
    # Both SDKs wrap httpx's error, Anthropic's only until the stream is open.
    cause = error if isinstance(error, httpx2.TransportError) else error.__cause__ or error
    line = scrub(f"{provider} {type(error).__name__}/{type(cause).__name__}: {cause}", secrets)
    if isinstance(cause, _UNSENT):
        return ProviderError("connection", line)
    if isinstance(cause, httpx2.TimeoutException):
        return ProviderError("timeout", line, may_be_paid=True)
    return ProviderError("cut" if opened else "connection", line, may_be_paid=True)
