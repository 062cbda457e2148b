"""Static files, and private files of workspaces (on disk by default, in S3 if a bucket is configured)."""

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
# Files that browsers request at the root of a host: /favicon.ico, /apple-touch-icon.png.
SERVESTATIC_ROOT = BASE_DIR / "assets" / "root"
# Every browser accepts gzip or Brotli.
SERVESTATIC_USE_ZSTD = False
SERVESTATIC_KEEP_ONLY_HASHED_FILES = True

_bucket = env.str("AWS_STORAGE_BUCKET_NAME", default="")


def _bucket_client_config() -> Any:
    """Timeouts of 20 s in all for a bucket that does not answer; the client's default is five tries of a minute."""
    from botocore.config import Config

    return Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})


def _bucket_transfer_config() -> Any:
    """Transfers in the calling thread, with one retry of a part instead of five."""
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
            "client_config": _bucket_client_config(),
            "transfer_config": _bucket_transfer_config(),
            # Larger objects are spooled to disk; by default they stay in memory.
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
