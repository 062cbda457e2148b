"""One view, served three ways: plain Django, our tenants, stock django-tenants. See bench/request.py."""
