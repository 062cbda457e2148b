"""Logging: one line per event, with the workspace and the request id."""

from config.settings.env import env

__all__ = ["LOGGING"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "tenants.logs.ContextFilter"}},
    "formatters": {
        "line": {
            "()": "tenants.logs.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s tenant=%(tenant)s request=%(request_id)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["context"]}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "rq": {"level": "WARNING"},
        "rq.cron": {"level": "WARNING"},
        "rq.worker": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
    },
}
