"""Static files, and the private files of workspaces (local by default, S3 where a bucket is named)."""

from typing import Any

from config.settings.env import BASE_DIR, RUCHE_EMBEDDED, RUCHE_STATE_DIR, env

__all__ = [
    "DATA_UPLOAD_MAX_MEMORY_SIZE",
    "FILE_UPLOAD_MAX_MEMORY_SIZE",
    "FILE_UPLOAD_PERMISSIONS",
    "MAX_UPLOAD_BYTES",
    "SERVESTATIC_USE_FINDERS",
    "STATICFILES_DIRS",
    "STATIC_ROOT",
    "STATIC_URL",
    "STORAGES",
]

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# The embedded run and the tests serve straight from the sources; elsewhere `collectstatic` runs at deploy.
SERVESTATIC_USE_FINDERS = RUCHE_EMBEDDED or not STATIC_ROOT.exists()

_bucket = env.str("AWS_STORAGE_BUCKET_NAME", default="")
_private: dict[str, Any] = (
    {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": _bucket,
            "endpoint_url": env.str("AWS_S3_ENDPOINT_URL", default="") or None,
            "region_name": env.str("AWS_S3_REGION_NAME", default="") or None,
            "default_acl": "private",
            "querystring_auth": True,
            "querystring_expire": 300,
            "file_overwrite": False,
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
