"""Template tags of the public site."""

from django import template
from django.templatetags.static import static

register = template.Library()


@register.simple_tag
def static_picture(name: str, language: str, width: int) -> str:
    """The address of a screen of the product in a language and a width (tests/browser/pictures.py makes them)."""
    return static(f"pictures/{name}-{'en' if language == 'en' else 'fr'}-{width}.webp")
