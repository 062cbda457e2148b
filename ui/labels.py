"""Labels of quantities."""


def without_unit(label: str) -> str:
    """A label such as « Stockage (octets) » without its unit, for a place where the amount shows the unit."""
    return label.split(" (")[0]
