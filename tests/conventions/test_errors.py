"""An error page names its error, in the window's title too: a row of tabs and a screen reader begin there."""

import pytest
from django.template.loader import render_to_string

PAGES = [
    ("404.html", "Cette page n’existe pas"),
    ("403.html", "Cette page ne vous est pas ouverte"),
    ("403_csrf.html", "Ce formulaire a expiré"),
    ("429.html", "Trop d’essais en peu de temps"),
    ("errors/suspended.html", "Cet espace est en lecture seule"),
]


@pytest.mark.parametrize(("template", "named"), PAGES)
def test_the_title_names_the_error(template, named, rf):
    page = render_to_string(template, request=rf.get("/"))
    assert f"<title>{named} · Ruche</title>" in page
    assert f">{named}</h1>" in page


def test_a_closed_workspace_is_named(rf):
    page = render_to_string("errors/suspended.html", {"closed": True}, request=rf.get("/"))
    assert "<title>Cet espace est fermé · Ruche</title>" in page
