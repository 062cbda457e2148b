"""Storage of static files with hashed names, compressed at collection."""

from typing import Any

from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Also hashes the names in imports between our JavaScript modules."""

    support_js_module_import_aggregation = True
    # Only our modules: files of libraries import files that they do not ship (django_htmx's htmx 4 extensions), and an
    # import that cannot be resolved makes `collectstatic` fail.
    _js_module_import_aggregation_patterns: Any = (
        "js/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )
