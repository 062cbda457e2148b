"""Lists of people as they are pasted and as spreadsheets export them."""

import pytest
from django.utils import translation

from accounts.models import Role
from workspace.members.invitees import MAX_BYTES, MAX_PEOPLE, UnreadableList, decode, parse

ROLES = {role.value: role.label for role in Role if role not in (Role.OPERATOR, Role.OWNER)}


def read(text, roles=ROLES):
    return [
        (line.line, line.email, line.name, line.role, line.problem)
        for line in parse(text, default_role="member", roles=roles)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a@x.test\nb@x.test",
        "a@x.test, b@x.test",
        "a@x.test;b@x.test;",
        "  A@X.test\t b@x.test \r\n\r\n",
        'Ana <a@x.test>, "B, Bé" <b@x.test>',
        "\u200ba@x.test\nb@x.test\u200b",
    ],
)
def test_addresses_in_every_way(text):
    assert [row[1] for row in read(text)] == ["a@x.test", "b@x.test"]


def test_names_of_a_mail_program_are_read():
    assert [row[2] for row in read('Ana Roy <a@x.test>; "Bé, B" <b@x.test>')] == ["Ana Roy", "Bé, B"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_with_its_titles(delimiter):
    rows = ["Nom;Prénom;E-mail;Rôle", "Roy;Ana;ana@x.test;Formateur", "Bo;;bo@x.test;", "Cy;;cy@x.test;learner"]
    assert read("\n".join(rows).replace(";", delimiter)) == [
        (2, "ana@x.test", "Ana Roy", "instructor", ""),
        (3, "bo@x.test", "Bo", "member", ""),
        (4, "cy@x.test", "Cy", "learner", ""),
    ]


def test_roles_are_read_in_both_languages():
    table = "email,role\na@x.test,Administrator\nb@x.test,administrateur"
    with translation.override("en"):
        assert [row[3] for row in read(table)] == ["admin", "admin"]


def test_each_line_says_what_is_wrong():
    table = (
        "email;nom;rôle\npas-une-adresse;;\n;Sans adresse;\na@x.test;;\nA@x.test;;\nb@x.test;;pape\nc@x.test;;owner\n"
    )
    assert [(row[0], row[4]) for row in read(table)] == [
        (2, "Ce n’est pas une adresse e-mail."),
        (3, "Il manque l’adresse e-mail."),
        (4, ""),
        (5, "Déjà à la ligne 4."),
        (6, "Rôle inconnu : « pape »."),
        (7, "Vous ne pouvez pas donner ce rôle : « Propriétaire »."),
    ]


@pytest.mark.parametrize("role", ["operator", "Opérateur"])
def test_nobody_is_invited_as_operator(role):
    assert "ne pouvez pas" in read(f"email;role\na@x.test;{role}")[0][4]


STRANGE = [
    "",
    "  \n\n",
    '"',
    "email",
    'email;nom\n"a@x.test;x',
    "\x00",
    "a" * 90_000,
    "email;nom\na@x.test;" + "n" * 5000,
]


@pytest.mark.parametrize("text", STRANGE)
def test_strange_lists_never_fail(text):
    assert all(row[4] for row in read(text) if row[1] != "a@x.test" or len(row[2]) >= 120)


def test_too_many_people_are_refused_whole():
    text = "\n".join(f"p{number}@x.test" for number in range(MAX_PEOPLE + 1))
    with pytest.raises(UnreadableList):
        read(text)
    assert len(read(text.rsplit("\n", 1)[0])) == MAX_PEOPLE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_files_of_spreadsheets_are_read(encoding):
    assert decode("email;nom\na@x.test;Élodie".encode(encoding)).endswith("Élodie")


@pytest.mark.parametrize("data", [b"PK\x03\x04\x00\x00\x00", b"a" * (MAX_BYTES + 1)])
def test_other_files_are_refused(data):
    with pytest.raises(UnreadableList):
        decode(data)
