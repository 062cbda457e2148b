"""`collectstatic` of the embedded run, skipped if no source has changed."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command


def collect_if_changed() -> bool:
    """Run `collectstatic` if a source file has changed since the last run. Returns whether it ran."""
    stamp = Path(settings.STATIC_ROOT) / ".sources"
    digest = _sources_digest()
    if stamp.exists() and stamp.read_text() == digest:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(digest)
    return True


def _sources_digest() -> str:
    """A digest of name, size and modification time of every source file."""
    digest = hashlib.sha256()
    for finder in finders.get_finders():
        for name, storage in finder.list(None):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
