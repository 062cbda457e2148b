"""What content hosts show (tenants/content): kind -> dotted name of what opens an object of it.

Each is called as `open(asked: tenants.content.types.Asked) -> Content`, in the workspace's context; it asks again
whether the object is there and may be seen, and raises Http404 where not. The kind is in signed addresses and in the
hosts of objects: it is never renamed.
"""

KINDS: dict[str, str] = {
    "library.item": "library.contents.open_item",
    "library.share": "library.contents.open_share",
}
