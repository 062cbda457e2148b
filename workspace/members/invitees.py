"""Lists of people to invite, as people paste them or a spreadsheet exports them: addresses, or a table with a header.

Excel writes CSV with semicolons and, on French systems, in Windows-1252.
"""

import csv
import io
import re
from collections.abc import Iterator
from email.utils import getaddresses
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from accounts.addresses import plain_address
from accounts.models import Role
from tenants.search.folding import fold
from ui.lines import refuse_control_characters
from workspace.members.types import Invitee

MAX_PEOPLE: Final = 200
MAX_BYTES: Final = 100_000
MAX_NAME: Final = 120
MAX_ADDRESS: Final = 254
# Folded titles of columns (tenants/search/folding.py): a hyphen is a space.
_EMAIL: Final = {"email", "e mail", "mail", "courriel", "adresse", "adresse e mail", "adresse email", "email address"}
_NAME: Final = {"nom", "name", "nom complet", "full name", "nom et prenom", "prenom nom"}
_FIRST_NAME: Final = {"prenom", "first name", "firstname"}
_ROLE: Final = {"role"}


class UnreadableList(ValidationError):
    """Raised for a list that is too long or is no text. The message is shown to the user."""


def decode(data: bytes) -> str:
    """The text of a file. Raises `UnreadableList`."""
    if len(data) > MAX_BYTES:
        raise UnreadableList(_("Ce fichier est trop lourd : 100 Ko au plus."))
    if b"\x00" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableList(_("Ce fichier n’est pas du texte : enregistrez votre tableau au format CSV."))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def parse(text: str, *, default_role: str, roles: dict[str, str]) -> list[Invitee]:
    """The people of a list, in its order, each with what is wrong in its line. `roles`: those the inviter may give.

    Raises `UnreadableList` for more than `MAX_PEOPLE`.
    """
    seen: dict[str, int] = {}
    people: list[Invitee] = []
    for line, email, name, role_text in _rows(text[:MAX_BYTES].replace("\x00", "")):
        if len(people) >= MAX_PEOPLE:
            message = _("Cette liste est trop longue : %(most)s personnes au plus à la fois.")
            raise UnreadableList(message % {"most": MAX_PEOPLE})
        address = plain_address(email)
        role = _role_of(role_text, default_role)
        problem = _problem(address, name, role, role_text, roles, seen.get(address))
        seen.setdefault(address, line)
        people.append(Invitee(line, (address or email)[:MAX_ADDRESS], name[:MAX_NAME], role or default_role, problem))
    return people


def _problem(
    address: str, name: str, role: str | None, role_text: str, roles: dict[str, str], former: int | None
) -> str:
    if not address:
        return _("Il manque l’adresse e-mail.")
    if len(address) > MAX_ADDRESS or not _is_address(address):
        return _("Ce n’est pas une adresse e-mail.")
    if former is not None:
        return _("Déjà à la ligne %(line)s.") % {"line": former}
    if len(name) > MAX_NAME:
        return _("Ce nom est trop long : 120 caractères au plus.")
    try:
        refuse_control_characters(name)
    except ValidationError as error:
        return str(error.messages[0])
    if role is None:
        return _("Rôle inconnu : « %(role)s ».") % {"role": role_text[:40]}
    if role not in roles:
        return _("Vous ne pouvez pas donner ce rôle : « %(role)s ».") % {"role": Role(role).label}
    return ""


def _is_address(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True


def _role_of(text: str, default: str) -> str | None:
    """The role of a cell: its code or its label, in either language. None if there is no such role."""
    wanted = fold(text.strip())
    if not wanted:
        return default
    for role in Role:
        if wanted in (role.value, fold(str(role.label)), fold(_FRENCH[role])):
            return role.value
    return None


_FRENCH: Final[dict[Role, str]] = {
    Role.OPERATOR: "opérateur",
    Role.OWNER: "propriétaire",
    Role.ADMIN: "administrateur",
    Role.INSTRUCTOR: "formateur",
    Role.MEMBER: "membre",
    Role.LEARNER: "apprenant",
    Role.PROMOTER: "promoteur",
}


def _rows(text: str) -> Iterator[tuple[int, str, str, str]]:
    """(number of its line, address, name, role) of each person."""
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return
    delimiter = max(";\t,", key=lines[first].count)
    titles = [fold(cell.strip()) for cell in next(csv.reader([lines[first]], delimiter=delimiter), [])]
    if any(title in _EMAIL for title in titles):
        yield from _table(lines, first, delimiter, titles)
    else:
        for number, line in enumerate(lines, start=1):
            for name, address in _addresses(line):
                yield number, address, name, ""


def _table(lines: list[str], first: int, delimiter: str, titles: list[str]) -> Iterator[tuple[int, str, str, str]]:
    columns = {
        key: next((index for index, title in enumerate(titles) if title in known), None)
        for key, known in (("email", _EMAIL), ("name", _NAME), ("first", _FIRST_NAME), ("role", _ROLE))
    }
    reader = csv.reader(io.StringIO("\n".join(lines[first + 1 :])), delimiter=delimiter)
    while True:
        number = first + 2 + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # A cell beyond the reader's limit: no person has such a one.
            yield number, "", "", ""
            continue
        if not any(cell.strip() for cell in cells):
            continue
        row = {
            key: cells[index].strip() if index is not None and index < len(cells) else ""
            for key, index in columns.items()
        }
        name = " ".join(filter(None, (row["first"], row["name"])))
        yield number, row["email"], name, row["role"]


def _addresses(line: str) -> list[tuple[str, str]]:
    """(name, address) of a line: addresses with commas, semicolons or spaces between, or as mail programs copy them."""
    if not line.strip():
        return []
    if "<" in line or '"' in line:
        pairs = getaddresses([line.replace(";", ",")])
        return [(name.strip(), address) for name, address in pairs if address or name]
    return [("", part) for part in re.split(r"[\s,;]+", line) if part]
