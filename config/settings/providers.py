"""Model providers and limits on concurrent answers."""

from config.settings.env import env

__all__ = [
    "ANSWERS_PER_PERSON",
    "ANSWERS_PER_WORKSPACE",
    "DEFAULT_MODEL_NAMES",
    "EVENT_STREAMS_PER_PERSON",
    "PROVIDERS",
]

PROVIDERS: dict[str, dict[str, str]] = {}
if env.str("OPENAI_API_KEY", default="") or env.str("OPENAI_BASE_URL", default=""):
    PROVIDERS["openai"] = {
        "api_key": env.str("OPENAI_API_KEY", default="") or "none",
        "base_url": env.str("OPENAI_BASE_URL", default=""),
    }
if env.str("ANTHROPIC_API_KEY", default=""):
    PROVIDERS["anthropic"] = {
        "api_key": env.str("ANTHROPIC_API_KEY"),
        "base_url": env.str("ANTHROPIC_BASE_URL", default=""),
    }
if env.str("RUCHE_LOCAL_MODEL_URL", default=""):
    PROVIDERS["local"] = {"api_key": "none", "base_url": env.str("RUCHE_LOCAL_MODEL_URL")}

# Model of an assistant that names none: that of the first configured provider.
DEFAULT_MODEL_NAMES = {
    "openai": env.str("OPENAI_MODEL", default="gpt-6-luna"),
    "anthropic": env.str("ANTHROPIC_MODEL", default="claude-haiku-5-5"),
    "local": "smollm2-135m-instruct",
}

# Maximum number of answers in progress; more are refused with a message. 0: unlimited.
ANSWERS_PER_PERSON: int = env.int("ANSWERS_PER_PERSON", default=8)
ANSWERS_PER_WORKSPACE: int = env.int("ANSWERS_PER_WORKSPACE", default=60)
# Maximum number of open event streams in one web process.
EVENT_STREAMS_PER_PERSON: int = env.int("EVENT_STREAMS_PER_PERSON", default=24)
