"""Test-only views, behind the real middleware."""

from django.urls import path

from tests.isolation.interleaving import acts_around, acts_async, acts_connections, acts_orm, acts_transactions
from tests.isolation.interleaving.registry import ACTS

MODULES = (acts_orm, acts_transactions, acts_connections, acts_around, acts_async)
urlpatterns = [path(f"acts/{act.name}/", act.view, name=act.name) for act in ACTS.values()]
