"""One view in three variants: plain Django, our tenants, stock django-tenants (bench/request.py)."""
