from typing import ClassVar

from django.db import models


class Person(models.Model):
    """The table of `accounts.User`, in public and in each workspace."""

    id = models.UUIDField(primary_key=True)
    email = models.EmailField()
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=12)

    class Meta:
        app_label = "site"
        managed = False
        db_table = "accounts_user"
        ordering: ClassVar = ["id"]
