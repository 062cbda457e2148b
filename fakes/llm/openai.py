"""OpenAI's dialect: chat completions and images."""

import base64
import json
import struct
import time
import zlib
from typing import Any

from fakes.llm.directives import THOUGHT, Plan, count_tokens

COUNTING = "/v1/responses/input_tokens"
ROUTES = {("POST", "/v1/chat/completions"), ("POST", "/v1/images/generations"), ("POST", COUNTING)}

Problem = tuple[int, dict[str, Any]]


def _problem(status: int, message: str, kind: str, code: str | None, param: str | None = None) -> Problem:
    return status, {"error": {"message": message, "type": kind, "param": param, "code": code}}


_ERRORS: dict[str, tuple[str, str, str | None]] = {
    "400": ("Unsupported value for this model.", "invalid_request_error", "unsupported_value"),
    "400 context": (
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 210000 tokens.",
        "invalid_request_error",
        "context_length_exceeded",
    ),
    "400 content": (
        "Your request was rejected by the safety system.",
        "image_generation_user_error",
        "moderation_blocked",
    ),
    "401": ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    "403": ("Country, region, or territory not supported", "request_forbidden", "unsupported_country_region_territory"),
    "404": ("The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"),
    "400 gone": ("The model `gpt-old` has been deprecated.", "invalid_request_error", "model_not_found"),
    "410": ("This model was shut down.", "invalid_request_error", None),
    "413": ("Request too large.", "invalid_request_error", None),
    "429": ("Rate limit reached for requests. Please try again in 1s.", "requests", "rate_limit_exceeded"),
    "429 quota": (
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        "insufficient_quota",
    ),
    "500": ("The server had an error while processing your request. Sorry about that!", "server_error", None),
    "503": ("The engine is currently overloaded, please try again later.", "service_unavailable_error", None),
}


def error_for(wanted: list[str]) -> Problem:
    message, kind, code = _ERRORS.get(" ".join(wanted)) or _ERRORS.get(wanted[0]) or ("Error", "server_error", None)
    return _problem(int(wanted[0]), message, kind, code)


def headers(call: dict[str, Any]) -> dict[str, str]:
    return {
        "x-request-id": f"req_{call['id']}",
        "openai-version": "2020-10-01",
        "openai-processing-ms": "12",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
    }


def refusal_of_key(headers: dict[str, str]) -> Problem | None:
    key = headers.get("authorization", "").removeprefix("Bearer ")
    return error_for(["401"]) if not key or "invalid" in key else None


def refusal_of_body(path: str, body: dict[str, Any], headers: dict[str, str]) -> Problem | None:
    needed = {COUNTING: "input"}.get(path, "prompt" if path.endswith("generations") else "messages")
    for name in ("model", needed):
        if not body.get(name):
            text = f"Missing required parameter: '{name}'."
            return _problem(400, text, "invalid_request_error", "missing_required_parameter", name)
    return None


def refusal_of_parameter(name: str, how: str = "") -> Problem:
    """As OpenAI's reasoning models, as servers that only write a sentence, as those that validate with pydantic."""
    if how == "detail":
        problem = {
            "type": "extra_forbidden",
            "loc": ["body", name],
            "msg": "Extra inputs are not permitted",
            "input": 0,
        }
        return 422, {"detail": [problem]}
    text = f"Unsupported value: '{name}' does not support this value with this model. Only the default is supported."
    named = None if how == "sentence" else name
    return _problem(400, text, "invalid_request_error", "unsupported_value" if named else None, named)


def refusal_of_roles() -> Problem:
    text = "After the optional system message, conversation roles must alternate user/assistant/user/assistant/..."
    return _problem(400, text, "invalid_request_error", None)


def counted(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    texts = [str(body.get("instructions") or ""), *(_plain(part["content"]) for part in body["input"])]
    tokens = plan.usage.get("input", sum(count_tokens(text) for text in texts))
    return {"object": "response.input_tokens", "input_tokens": tokens}


def last_text(body: dict[str, Any]) -> str:
    if "prompt" in body:
        return str(body["prompt"])
    if "input" in body:
        return _plain(body["input"][-1]["content"])
    texts = [message["content"] for message in body["messages"] if message["role"] == "user"]
    return _plain(texts[-1]) if texts else ""


def _plain(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content or [])


# Models that end, as the list tells it.
ENDS = {"fake-ending": "2031-01-14", "fake-ended": "2026-01-14"}


def models() -> dict[str, Any]:
    names = ("fake-large", "fake-small", "fake-image", *ENDS)
    return {
        "object": "list",
        "data": [
            {
                "id": name,
                "object": "model",
                "created": 1700000000,
                "owned_by": "fake",
                # What every model has, and null where no end is known.
                "shutdown_date": ENDS.get(name),
            }
            for name in names
        ],
    }


def usage(body: dict[str, Any], plan: Plan, words: int) -> dict[str, Any]:
    """OpenAI's way: what the cache read and wrote is inside `prompt_tokens`, reasoning inside `completion_tokens`."""
    prompt = plan.usage.get("input", sum(count_tokens(_plain(m["content"])) for m in body["messages"]))
    completion = plan.usage.get("output", words)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "cached_tokens": plan.usage.get("cached", 0),
            "cache_write_tokens": plan.usage.get("write", 0),
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": plan.usage.get("reasoning", 0),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _words(body: dict[str, Any], plan: Plan) -> tuple[list[str], str]:
    if plan.think == "only":
        return [], "stop"
    if plan.refuse:
        return plan.words[:4], "stop" if plan.refuse == "text" else "content_filter"
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or len(plan.words)
    return plan.words[:limit], "length" if limit < len(plan.words) else "stop"


def whole_answer(call: dict[str, Any], plan: Plan) -> dict[str, Any]:
    body = call["body"]
    words, finish = _words(body, plan)
    message: dict[str, Any] = {"role": "assistant", "content": "".join(words), "refusal": None, "annotations": []}
    return {
        "id": f"chatcmpl-{call['id']}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": usage(body, plan, len(words)) if plan.report_usage else None,
        "service_tier": "default",
        "system_fingerprint": "fp_fake",
    }


class Script:
    """The events of one streamed answer."""

    def __init__(self, call: dict[str, Any], plan: Plan) -> None:
        self._body = call["body"]
        self._plan = plan
        self.words, self._finish = _words(self._body, plan)
        self._with_usage = bool((self._body.get("stream_options") or {}).get("include_usage")) and plan.report_usage
        self._base = {
            "id": f"chatcmpl-{call['id']}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": self._body["model"],
            "service_tier": "default",
            "system_fingerprint": "fp_fake",
        }

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        extra: dict[str, Any] = {"usage": None} if self._with_usage else {}
        if self._plan.usage_at in ("every", "zero") or (self._plan.usage_at == "finish" and finish):
            extra = {"usage": self._counted()}
        if self._plan.usage_at == "groq" and finish:
            extra = {"x_groq": {"id": "req_fake", "usage": self._counted()}}
        if self._plan.usage_at == "kimi" and finish:
            choice["usage"] = self._counted()
        return _event({**self._base, "choices": [choice], **extra, "obfuscation": "aN3x"})

    def _counted(self) -> dict[str, Any]:
        return usage(self._body, self._plan, len(self.words))

    def opening(self) -> bytes:
        first = self._chunk({"role": "assistant", "content": "", "refusal": None})
        if self._plan.usage_at == "start":
            first += _event({**self._base, "choices": [], "usage": self._counted()})
        return first + self._thought()

    def _thought(self) -> bytes:
        match self._plan.think:
            case "apart":
                return self._chunk({"content": None, "reasoning_content": THOUGHT})
            case "list":
                part = {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}
                return self._chunk({"content": [part]})
            case "text" | "only":
                # The tags come in pieces, as tokenisers cut them.
                pieces = ["<", "thi", "nk>\n", THOUGHT[:20], THOUGHT[20:], "\n</", "think", ">\n\n"]
                return b"".join(self._chunk({"content": piece}) for piece in pieces)
        return b""

    def word(self, word: str) -> bytes:
        if self._plan.think == "list":
            return self._chunk({"content": [{"type": "text", "text": word}]})
        return self._chunk({"refusal" if self._plan.refuse == "text" else "content": word})

    def ping(self) -> bytes:
        return b": keep-alive\n\n"

    def garbage(self) -> bytes:
        return b'data: ["not", "a", "chunk"]\n\ndata: [DONE]\n\n'

    def error(self) -> bytes:
        message = "The server is overloaded. Please retry."
        return _event(
            {"error": {"message": message, "type": "server_error", "param": None, "code": "engine_overloaded"}}
        )

    def closing(self) -> bytes:
        events = self._chunk({}, self._finish)
        if self._with_usage and self._plan.usage_at in ("", "zero"):
            none = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
            counted = none if self._plan.usage_at else self._counted()
            events += _event({**self._base, "choices": [], "usage": counted})
        return events + b"data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def image(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """A plain PNG of the size asked for."""
    width, height = (int(side) for side in body.get("size", "64x64").split("x"))
    counted = {"input": count_tokens(body["prompt"]), "output": 4160} | plan.usage
    return {
        "created": int(time.time()),
        "background": "opaque",
        "output_format": "png",
        "quality": "medium",
        "size": f"{width}x{height}",
        "data": [{"b64_json": base64.b64encode(b"no image" if plan.no_image else _png(width, height)).decode()}],
        "usage": {
            "input_tokens": counted["input"],
            "input_tokens_details": {"image_tokens": 0, "text_tokens": counted["input"]},
            "output_tokens": counted["output"],
            "total_tokens": counted["input"] + counted["output"],
        },
    }


def _png(width: int, height: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + bytes((242, 169, 0)) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [part(b"IHDR", header), part(b"IDAT", zlib.compress(row * height)), part(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
