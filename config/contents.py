"""Kinds of content served by content hosts (tenants/content): kind -> dotted name of the function that opens an object.

Each is called as `open(content_request: tenants.content.types.ContentRequest) -> Content`, in the workspace's context.
It checks again that the object exists and may be seen, and raises Http404 otherwise. The kind is part of signed URLs
and of the objects' host names, so it must never be renamed.
"""

KINDS: dict[str, str] = {
    "library.item": "library.contents.open_item",
    "library.share": "library.contents.open_share",
}
