"""Drop the indexes of people's, addresses' and sessions' tables that no query uses.

Each costs every workspace's schema a row of the catalogue, and every write of its table. Django makes them whatever
the queries are, and most of these tables are not ours to declare: so by SQL, with names that Django derives from table
and column. Runs in public too, where the same tables stand and the same queries run.
"""

from django.db import migrations

LIKE = "varchar_pattern_ops"

# (index, table, columns as for making it again)
UNUSED = (
    # No query asks for the beginning of a key or of an address.
    ("django_session_session_key_c0390e0f_like", "django_session", f"session_key {LIKE}"),
    ("account_emailaddress_email_03be32b2_like", "account_emailaddress", f"email {LIKE}"),
    ("account_emailconfirmation_key_f43612bd_like", "account_emailconfirmation", f"key {LIKE}"),
    # A session is read by its key; clearing the old ones may read the whole table, now and then.
    ("django_session_expire_date_a5c62663", "django_session", "expire_date"),
    # The first column of a unique constraint is looked up through that.
    ("account_emailaddress_user_id_2c513194", "account_emailaddress", "user_id"),
    ("accounts_user_groups_user_id_52b62117", "accounts_user_groups", "user_id"),
    ("accounts_user_user_permissions_user_id_e4f0a161", "accounts_user_user_permissions", "user_id"),
    # Rights follow the role: no one has groups or permissions of their own, and both tables stay empty.
    ("accounts_user_groups_group_id_bd11a704", "accounts_user_groups", "group_id"),
    ("accounts_user_user_permissions_permission_id_113bb443", "accounts_user_user_permissions", "permission_id"),
    # An address is confirmed by a code kept in the session: this table stays empty.
    ("account_emailconfirmation_email_address_id_5b7f8c58", "account_emailconfirmation", "email_address_id"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_no_operator_in_a_workspace"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            sql=f"DROP INDEX IF EXISTS {index}",
            reverse_sql=f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({columns})",
        )
        for index, table, columns in UNUSED
    ]
