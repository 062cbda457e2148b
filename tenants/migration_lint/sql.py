"""Rules broken by a statement of SQL. An unrecognised statement breaks `UNKNOWN`."""

import re
from collections.abc import Iterator
from typing import Any

import sqlparse

from tenants.migration_lint import rules
from tenants.migration_lint.place import Place, in_workspaces
from tenants.migration_lint.rules import Rule

_NAME = r"(?P<table>[\w\".]+)"
_DATA = re.compile(r"(UPDATE|INSERT|DELETE|WITH|SELECT|COPY)\b")
_HARMLESS = re.compile(r"(SET LOCAL|SET CONSTRAINTS|COMMENT ON|ANALYZE|DROP INDEX|ALTER INDEX)\b")
_CONCURRENTLY = re.compile(r"(CREATE (UNIQUE )?INDEX|DROP INDEX|REINDEX.*) CONCURRENTLY\b")
_INDEX = re.compile(rf"CREATE (?P<unique>UNIQUE )?INDEX .*?\bON (ONLY )?{_NAME}")
_CREATE_TABLE = re.compile(rf"CREATE TABLE (IF NOT EXISTS )?{_NAME}")
_ALTER_TABLE = re.compile(rf"ALTER TABLE (IF EXISTS )?(ONLY )?{_NAME} (?P<actions>.*)")
_PROGRAM = re.compile(r"(CREATE (OR REPLACE )?(CONSTRAINT )?(TRIGGER|FUNCTION|PROCEDURE|RULE|EVENT TRIGGER)|DO)\b")
_IDENTITY = re.compile(
    r"\b(ADD|SET) GENERATED\b|\bAS IDENTITY\b|\bDROP IDENTITY\b|\bRESTART\b|\bPRIMARY KEY\b|SERIAL\b"
)
_VOLATILE = re.compile(r"\b(RANDOM|GEN_RANDOM_UUID|UUIDV4|UUIDV7|CLOCK_TIMESTAMP|NEXTVAL|TIMEOFDAY)\s*\(")
_ACROSS = re.compile(r"\bREFERENCES \"?PUBLIC\"?\.")


def statements(source: Any) -> list[str]:
    """The statements of RunSQL's `sql`: upper case, without comments, with single spaces."""
    parts = [source] if isinstance(source, str) else [piece if isinstance(piece, str) else piece[0] for piece in source]
    pieces = [piece for part in parts for piece in sqlparse.split(sqlparse.format(part, strip_comments=True))]
    return [text for piece in pieces if (text := re.sub(r"\s+", " ", piece).strip(" ;").upper())]


def moves_data(statement: str) -> bool:
    """True if the statement reads or writes rows."""
    return bool(_DATA.match(statement))


def runs_concurrently(statement: str) -> bool:
    return bool(_CONCURRENTLY.match(statement))


def changes_schema(statement: str) -> bool:
    """True if the statement locks a table."""
    return not (moves_data(statement) or re.match(r"(SET|COMMENT|ANALYZE|CREATE TABLE)\b", statement))


def rules_of(statement: str, place: Place) -> Iterator[Rule]:
    """The rules broken by a statement."""
    in_workspace = in_workspaces(place.app_label)
    if in_workspace and _ACROSS.search(statement):
        yield rules.ACROSS
    if moves_data(statement) or statement.startswith("MERGE"):
        if in_workspace and (statement.startswith("MERGE") or (_VOLATILE.search(statement) and "UPDATE " in statement)):
            yield rules.VOLATILE
    elif _PROGRAM.match(statement):
        yield rules.TRIGGER if in_workspace else rules.UNKNOWN
    elif _HARMLESS.match(statement) or _CONCURRENTLY.match(statement):
        return
    elif match := _CREATE_TABLE.match(statement):
        place.created.add(match["table"].replace('"', "").rpartition(".")[2].lower())
    elif match := _INDEX.match(statement):
        if place.locks_many_of_table(match["table"]):
            yield rules.UNIQUE if match["unique"] else rules.INDEX
    elif match := _ALTER_TABLE.match(statement):
        large = place.locks_many_of_table(match["table"])
        for action in _split(match["actions"]):
            yield from _rules_of_action(action, large=large)
    elif re.match(r"DROP (TABLE|VIEW|SEQUENCE|SCHEMA)\b", statement):
        yield rules.DROP
    elif statement.startswith("ALTER SEQUENCE"):
        yield rules.IDENTITY
    else:
        yield rules.UNKNOWN


def _split(actions: str) -> list[str]:
    """Split at the commas outside parentheses."""
    parts, depth = [""], 0
    for sign in actions:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


_ACTIONS: tuple[tuple[str, Rule | None], ...] = (
    (r"RENAME\b|SET SCHEMA\b", rules.RENAME),
    (r"ADD CONSTRAINT .* (NOT VALID|USING INDEX \S+)( DEFERRABLE.*)?$", None),
    (r"(VALIDATE|DROP|ALTER) CONSTRAINT\b", None),
    (r"DROP\b", rules.DROP),
    (r"ALTER (COLUMN )?\S+ (SET DATA )?TYPE\b", rules.REWRITE),
    (r"ALTER (COLUMN )?\S+ SET NOT NULL", rules.SET_NOT_NULL),
    (r"ALTER (COLUMN )?\S+ ((SET|DROP) DEFAULT|DROP NOT NULL|SET (STATISTICS|STORAGE|COMPRESSION))\b", None),
    (r"(ENABLE|DISABLE) .*TRIGGER\b", rules.TRIGGER),
    (r"SET \(|RESET \(", None),
)
_SCANNING = (
    (r"\b(FOREIGN KEY|REFERENCES)\b", rules.FOREIGN_KEY),
    (r"\bCHECK\b", rules.CHECK),
    (r"\b(UNIQUE|EXCLUDE)\b", rules.UNIQUE),
)


def _rules_of_action(action: str, *, large: bool) -> Iterator[Rule]:
    if _IDENTITY.search(action):
        yield rules.IDENTITY
        return
    for pattern, rule in _ACTIONS:
        if re.match(pattern, action):
            if rule:
                yield rule
            return
    if not action.startswith("ADD "):
        yield rules.UNKNOWN
        return
    if not re.match(r"ADD (CONSTRAINT|CHECK|UNIQUE|FOREIGN|EXCLUDE)\b", action):
        yield from _rules_of_new_column(action)
    if large:
        yield from (rule for pattern, rule in _SCANNING if re.search(pattern, action))


def _rules_of_new_column(action: str) -> Iterator[Rule]:
    if re.search(r"\bGENERATED ALWAYS AS \(", action) or _VOLATILE.search(action):
        yield rules.REWRITE
    elif "NOT NULL" in action and not re.search(r"\bDEFAULT\b", action):
        yield rules.NOT_NULL
