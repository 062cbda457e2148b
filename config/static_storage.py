"""Static files under names that carry their hash, compressed once."""

from typing import Any

from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashed names also where one of our JavaScript modules imports another."""

    support_js_module_import_aggregation = True
    # Our modules alone: files of libraries name what they do not ship (django_htmx's htmx 4 extensions), and an import
    # that cannot be found ends `collectstatic`.
    _js_module_import_aggregation_patterns: Any = (
        "js/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )
