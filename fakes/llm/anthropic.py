"""Anthropic's dialect: the Messages API."""

import json
from typing import Any

from fakes.llm.directives import THOUGHT, Plan, count_tokens

COUNTING = "/v1/messages/count_tokens"
ROUTES = {("POST", "/v1/messages"), ("POST", COUNTING)}
VERSIONS = ("2023-06-01", "2026-10-21")

Problem = tuple[int, dict[str, Any]]

_ERRORS: dict[str, tuple[str, str]] = {
    "400": ("invalid_request_error", "model: this model is not available here"),
    "400 context": ("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
    "400 credit": (
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade.",
    ),
    "401": ("authentication_error", "invalid x-api-key"),
    "403": ("permission_error", "Your API key does not have permission to use the specified resource."),
    "404": ("not_found_error", "model: fake"),
    "400 gone": ("invalid_request_error", "The model 'claude-old' has been retired and is no longer available."),
    "410": ("not_found_error", "This model was retired."),
    "413": ("request_too_large", "Request exceeds the maximum allowed number of bytes."),
    "429": ("rate_limit_error", "This request would exceed your organization's rate limit of 50 requests per minute."),
    "429 quota": ("billing_error", "Your organization has reached its spend limit."),
    "500": ("api_error", "Internal server error"),
    "504": ("timeout_error", "The request timed out"),
    "503": ("api_error", "Service temporarily unavailable"),
    "529": ("overloaded_error", "Overloaded"),
}


def _problem(status: int, kind: str, message: str) -> Problem:
    return status, {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_fake"}


def error_for(wanted: list[str]) -> Problem:
    kind, message = _ERRORS.get(" ".join(wanted)) or _ERRORS.get(wanted[0]) or ("api_error", "Internal server error")
    return _problem(int(wanted[0]), kind, message)


def headers(call: dict[str, Any]) -> dict[str, str]:
    return {
        "request-id": f"req_{call['id']}",
        "anthropic-organization-id": "org_fake",
        "anthropic-ratelimit-requests-limit": "4000",
        "anthropic-ratelimit-requests-remaining": "3999",
    }


def refusal_of_key(headers: dict[str, str]) -> Problem | None:
    key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    return error_for(["401"]) if not key or "invalid" in key else None


def refusal_of_body(path: str, body: dict[str, Any], headers: dict[str, str]) -> Problem | None:
    if headers["anthropic-version"] not in VERSIONS:
        return _problem(400, "invalid_request_error", "anthropic-version: unknown version")
    for name in ("model", "messages") if path == COUNTING else ("model", "max_tokens", "messages"):
        if not body.get(name):
            return _problem(400, "invalid_request_error", f"{name}: Field required")
    if headers["anthropic-version"] >= "2026-10-21" and (extra := {"temperature", "top_p", "top_k"} & body.keys()):
        return _problem(400, "invalid_request_error", f"{sorted(extra)[0]}: Extra inputs are not permitted")
    if not all(_plain(message["content"]).strip() for message in body["messages"]):
        return _problem(400, "invalid_request_error", "messages: text content blocks must be non-empty")
    return None


def refusal_of_parameter(name: str, how: str = "") -> Problem:
    return _problem(400, "invalid_request_error", f"{name}: Extra inputs are not permitted")


def refusal_of_roles() -> Problem:
    text = 'messages: roles must alternate between "user" and "assistant", but found multiple "user" roles in a row'
    return _problem(400, "invalid_request_error", text)


def counted(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    texts = [_plain(body.get("system")), *(_plain(message["content"]) for message in body["messages"])]
    return {"input_tokens": plan.usage.get("input", sum(count_tokens(text) for text in texts))}


def last_text(body: dict[str, Any]) -> str:
    texts = [message["content"] for message in body["messages"] if message["role"] == "user"]
    return _plain(texts[-1]) if texts else ""


def _plain(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content or [])


def models() -> dict[str, Any]:
    names = ("fake-large", "fake-small")
    data = [
        {
            "id": name,
            "type": "model",
            "display_name": name,
            "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": "active",
            "max_input_tokens": 200_000,
            "max_tokens": 64_000,
        }
        for name in names
    ]
    return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}


def _input_usage(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Anthropic's way: what the cache read and wrote is beside `input_tokens`."""
    texts = [_plain(body.get("system")), *(_plain(message["content"]) for message in body["messages"])]
    total = plan.usage.get("input", sum(count_tokens(text) for text in texts))
    read, write = plan.usage.get("cached", 0), plan.usage.get("write", 0)
    return {
        "input_tokens": total - read - write,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": write, "ephemeral_1h_input_tokens": 0},
    }


def _words(body: dict[str, Any], plan: Plan) -> tuple[list[str], str]:
    if plan.think == "only":
        return [], "end_turn"
    if plan.refuse:
        return plan.words[:4], "refusal"
    limit = body["max_tokens"]
    return plan.words[:limit], "max_tokens" if limit < len(plan.words) else "end_turn"


def _message(call: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"msg_{call['id']}",
        "type": "message",
        "role": "assistant",
        "model": call["body"]["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def whole_answer(call: dict[str, Any], plan: Plan) -> dict[str, Any]:
    words, stop = _words(call["body"], plan)
    counted = {**_input_usage(call["body"], plan), "output_tokens": plan.usage.get("output", len(words))}
    content = [{"type": "text", "text": "".join(words), "citations": None}]
    return {**_message(call), "content": content, "stop_reason": stop, "usage": counted}


class Script:
    """The events of one streamed answer."""

    def __init__(self, call: dict[str, Any], plan: Plan) -> None:
        self._call = call
        self._plan = plan
        self.words, self._stop = _words(call["body"], plan)
        self._index = 0

    def opening(self) -> bytes:
        counted = {**_input_usage(self._call["body"], self._plan), "output_tokens": 1, "service_tier": "standard"}
        if self._plan.usage_at == "start":
            counted["output_tokens"] = self._output()
        message = _message(self._call) | ({"usage": counted} if self._plan.report_usage else {})
        events = _event("message_start", message=message)
        if self._plan.think in ("apart", "list"):
            events += self._thinking()
        events += _event("content_block_start", index=self._index, content_block={"type": "text", "text": ""})
        if self._plan.think in ("text", "only"):
            pieces = ["<", "thi", "nk>\n", THOUGHT[:20], THOUGHT[20:], "\n</", "think", ">\n\n"]
            events += b"".join(self.word(piece) for piece in pieces)
        return events + self.ping()

    def _output(self) -> int:
        return self._plan.usage.get("output", len(self.words))

    def _thinking(self) -> bytes:
        self._index = 1
        block = {"type": "thinking", "thinking": "", "signature": ""}
        return (
            _event("content_block_start", index=0, content_block=block)
            + _event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": THOUGHT})
            + _event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "Zm9v"})
            + _event("content_block_stop", index=0)
        )

    def word(self, word: str) -> bytes:
        return _event("content_block_delta", index=self._index, delta={"type": "text_delta", "text": word})

    def ping(self) -> bytes:
        return _event("ping")

    def garbage(self) -> bytes:
        return _event("message_start")

    def error(self) -> bytes:
        return _event("error", error={"type": "overloaded_error", "message": "Overloaded"}, request_id="req_fake")

    def closing(self) -> bytes:
        refused = {"type": "refusal", "category": None, "explanation": None} if self._stop == "refusal" else None
        delta = {"stop_reason": self._stop, "stop_sequence": None, "stop_details": refused}
        counted: dict[str, Any] = {"output_tokens": self._output()}
        if self._plan.usage_at == "zero":
            # As several gateways end: every figure once more, and all of them 0.
            zeros = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
            counted = dict.fromkeys(zeros, 0)
        if "reasoning" in self._plan.usage:
            counted["output_tokens_details"] = {"thinking_tokens": self._plan.usage["reasoning"]}
        usage = {"usage": counted} if self._plan.report_usage and self._plan.usage_at != "start" else {}
        return (
            _event("content_block_stop", index=self._index)
            + _event("message_delta", delta=delta, **usage)
            + _event("message_stop")
        )


def _event(name: str, **fields: Any) -> bytes:
    data = json.dumps({"type": name, **fields}, ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n".encode()
