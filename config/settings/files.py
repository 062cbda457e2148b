"""Static files, and the private files of workspaces (local by default, S3 where a bucket is named)."""

from typing import Any

from config.settings.env import BASE_DIR, RUCHE_EMBEDDED, RUCHE_STATE_DIR, env

__all__ = [
    "DATA_UPLOAD_MAX_MEMORY_SIZE",
    "FILE_UPLOAD_MAX_MEMORY_SIZE",
    "FILE_UPLOAD_PERMISSIONS",
    "MAX_UPLOAD_BYTES",
    "SERVESTATIC_KEEP_ONLY_HASHED_FILES",
    "SERVESTATIC_ROOT",
    "SERVESTATIC_USE_FINDERS",
    "SERVESTATIC_USE_ZSTD",
    "STATICFILES_DIRS",
    "STATIC_ROOT",
    "STATIC_URL",
    "STORAGES",
]

STATIC_URL = "/static/"
# Filled by `collectstatic` at deploy; the embedded run fills its own when it starts (config/static_storage.py).
STATIC_ROOT = RUCHE_STATE_DIR / "static" if RUCHE_EMBEDDED else BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Tests serve straight from the sources.
SERVESTATIC_USE_FINDERS = not RUCHE_EMBEDDED and not STATIC_ROOT.exists()
# What browsers ask for at the root of a host: /favicon.ico, /apple-touch-icon.png.
SERVESTATIC_ROOT = BASE_DIR / "assets" / "root"
# gzip and Brotli reach every browser.
SERVESTATIC_USE_ZSTD = False
SERVESTATIC_KEEP_ONLY_HASHED_FILES = True

_bucket = env.str("AWS_STORAGE_BUCKET_NAME", default="")


def _bucket_patience() -> Any:
    """A bucket that says nothing is given up after 20 s: by itself the client waits a minute, five times."""
    from botocore.config import Config

    return Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})


def _bucket_transfers() -> Any:
    """In the thread that asks, in order; a part that does not come is asked for once more, not five times."""
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(use_threads=False, num_download_attempts=2)


_private: dict[str, Any] = (
    {
        "BACKEND": "tenants.bucket.Bucket",
        "OPTIONS": {
            "bucket_name": _bucket,
            "endpoint_url": env.str("AWS_S3_ENDPOINT_URL", default="") or None,
            "region_name": env.str("AWS_S3_REGION_NAME", default="") or None,
            "default_acl": "private",
            "querystring_auth": True,
            "querystring_expire": 300,
            "file_overwrite": False,
            "client_config": _bucket_patience(),
            "transfer_config": _bucket_transfers(),
            # A larger object is read through a file on disk: by default all of it would be in memory.
            "max_memory_size": 2 * 1024 * 1024,
        },
    }
    if _bucket
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env.str("RUCHE_MEDIA_ROOT", default=str(RUCHE_STATE_DIR / "files")),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }
)
STORAGES = {
    "default": _private,
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if SERVESTATIC_USE_FINDERS
            else "config.static_storage.StaticStorage"
        )
    },
}

FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
# Largest upload in bytes, by kind of item.
MAX_UPLOAD_BYTES = {"image": 20_000_000, "audio": 100_000_000, "video": 500_000_000, "document": 50_000_000}
