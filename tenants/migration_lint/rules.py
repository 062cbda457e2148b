"""The rules: what a migration must not do to a running fleet, why, and the alternative."""

from typing import NamedTuple


class Rule(NamedTuple):
    """One rule. `excusable`: the migration may break it with a reason (`locks_because`)."""

    name: str
    why: str
    instead: str
    excusable: bool = True


NOT_NULL = Rule(
    "not-null",
    "the release that still runs inserts rows without this column, and fails (`default` is Django's alone)",
    "give the field a db_default, or null=True",
)
SET_NOT_NULL = Rule(
    "set-not-null",
    "the release that still runs writes NULL, and the whole table is read under an exclusive lock",
    "release a db_default first and fill the gaps; then AddConstraintNotValid(CHECK … IS NOT NULL), ValidateConstraint"
    " in the next migration, and this one last, with its reason",
)
REWRITE = Rule(
    "rewrite",
    "PostgreSQL writes the whole table again under an exclusive lock, and the release that still runs expects the old",
    "add a new column, fill it in portions, read the new one, and remove the old one in a later release",
)
INDEX = Rule(
    "index",
    "nobody writes to the table while its index is built",
    "AddIndexConcurrently in a migration of its own with atomic = False (of a field: db_index=False and an Index of"
    " Meta.indexes)",
)
UNIQUE = Rule(
    "unique",
    "nobody writes to the table while its unique index is built",
    "in a migration of its own with atomic = False: RunSQL CREATE UNIQUE INDEX CONCURRENTLY, then ALTER TABLE … ADD"
    " CONSTRAINT … UNIQUE USING INDEX, with the constraint as its state_operations",
)
CHECK = Rule(
    "check",
    "the whole table is read under an exclusive lock",
    "AddConstraintNotValid, and ValidateConstraint in the next migration",
)
FOREIGN_KEY = Rule(
    "foreign-key",
    "the whole table is read, or its key checked again on every row (Django makes the constraint anew whatever of a"
    " foreign key changes), while nobody writes to either table",
    "SeparateDatabaseAndState: as SQL only what changes; a new key by ADD CONSTRAINT … NOT VALID, and VALIDATE"
    " CONSTRAINT in the next migration",
)
TOGETHER = Rule(
    "validated-at-once",
    "the lock of ADD CONSTRAINT is held while VALIDATE reads the table",
    "put ValidateConstraint into the next migration",
)
IN_TRANSACTION = Rule(
    "in-transaction",
    "PostgreSQL does nothing CONCURRENTLY inside of a transaction",
    "atomic = False, in a migration that does nothing else",
    False,
)
RENAME = Rule(
    "rename",
    "the release that still runs asks for the old name",
    "keep the name in the database (db_column, db_table), or add the new one, write both, and remove the old one later",
)
DROP = Rule(
    "drop",
    "the release that still runs reads and writes it",
    "first a release that no longer knows it (SeparateDatabaseAndState, state_operations only; a db_default where it is"
    " NOT NULL); this in a later one, with that as its reason",
)
ONE_WAY = Rule(
    "one-way", "a release that must be taken back cannot be", "give a reverse; where nothing is to be done, noop"
)
MIXED = Rule(
    "mixed",
    "the locks of the schema's change are held while data moves",
    "two migrations: one for the schema, one for the data",
)
UNKNOWN = Rule("unknown", "nobody has said what this locks", "say in locks_because what it locks, and for how long")

# Required for sharding by Citus; they accept no reason.
TRIGGER = Rule("trigger", "a workspace has no triggers, functions or DO blocks", "a generated column, or code", False)
ACROSS = Rule(
    "across", "no foreign key of the database goes between a workspace and public", "db_constraint=False", False
)
IDENTITY = Rule(
    "identity", "a primary key and its identity are chosen with the table, never altered", "a new table", False
)
VOLATILE = Rule(
    "volatile",
    "a workspace's UPDATE calls no volatile function, and there is no MERGE",
    "make the values in Python (RunPython)",
    False,
)
NO_REASON = Rule(
    "no-reason", "locks_because is too short to be a reason", "say in 20 characters or more why it is safe", False
)
