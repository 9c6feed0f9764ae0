"""Files of the registration system: every fault is told by its line, and nothing of a person is repeated."""

import json
from pathlib import Path

import pytest

from producers.badges.file import read_file
from producers.badges.rows import PersonRow
from schemas.badges.register import code_hash, person_ref
from schemas.codes import BadgeRole, DenyReason
from schemas.errors import FairpulseError
from tests.support.register import FAIR, KEY, code, reading_of

HEAD = "person,role,class,country,exhibitor,consent,denied,codes,test,revision\n"
A, B = code(1), code(2)


def only(folder: Path, content: str | bytes) -> PersonRow:
    reading = reading_of(folder, content)
    assert not reading.problems, reading.problems
    [row] = reading.rows
    return row


def test_a_whole_line_is_a_person(tmp_path: Path) -> None:
    row = only(tmp_path, f"{HEAD}17,visitor,professional,de,,no,unpaid,{A} ; {B.lower()},,3\n")
    assert row.person == person_ref(KEY, "17")
    assert row.twin == person_ref(KEY, "17", test=True)
    assert (row.role, row.country, row.exhibitor) == (BadgeRole.VISITOR_PROFESSIONAL, "DE", None)
    assert (row.consent, row.denied, row.revision) == (False, DenyReason.UNPAID, 3)
    assert row.codes == (code_hash(KEY, A), code_hash(KEY, B))


def test_two_columns_are_enough(tmp_path: Path) -> None:
    row = only(tmp_path, "role,person\nmedia,17\n")
    assert (row.role, row.country, row.consent, row.denied, row.codes, row.revision) == (
        BadgeRole.MEDIA, None, True, None, (), None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "kind", "expected"),
    [
        ("visitor", "public", BadgeRole.VISITOR_PUBLIC),
        ("Visitor", "Professional", BadgeRole.VISITOR_PROFESSIONAL),
        ("visitor_public", "", BadgeRole.VISITOR_PUBLIC),
        ("visitor_professional", "professional", BadgeRole.VISITOR_PROFESSIONAL),
        ("exhibitor_staff", "", BadgeRole.EXHIBITOR_STAFF),
    ],
)
def test_a_visitor_is_named_in_two_ways(tmp_path: Path, role: str, kind: str, expected: BadgeRole) -> None:
    assert only(tmp_path, f"person,role,class\n1,{role},{kind}\n").role is expected


def test_a_test_badge_has_a_reference_that_says_so(tmp_path: Path) -> None:
    row = only(tmp_path, "person,role,test\n1,media,yes\n")
    assert row.person == person_ref(KEY, "1", test=True)
    assert row.twin == person_ref(KEY, "1")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ("1,media,,UK,,,,,,", 'country "UK" is not on the list of ISO 3166-1; did you mean GB?'),
        ("1,media,,Germany,,,,,,", 'country "Germany" is not on the list of ISO 3166-1; did you mean DE?'),
        ("1,media,,XX,,,,,,", "country is not on the list of ISO 3166-1; leave it empty if it is unknown"),
        ("1,media,,D,,,,,,", "country is not on"),
        ("1,visitor,,,,,,,,", "role visitor needs a class: professional or public"),
        ("1,visitor_public,professional,,,,,,,", "class professional does not go with the role visitor_public"),
        ("1,media,public,,,,,,,", "class public does not go with the role media"),
        ("1,visitor,privat,,,,,,,", "class is neither professional nor public"),
        ("1,vistor,public,,,,,,,", 'role "vistor" is not a role; did you mean visitor?'),
        ("1,,,,,,,,,", "role is empty"),
        (",media,,,,,,,,", "person is empty"),
        ("1.23457E+11,media,,,,,,,,", "person was changed by a spreadsheet"),
        ("#REF!,media,,,,,,,,", "person was changed by a spreadsheet"),
        ("1,media,,,e1,,,,,", "exhibitor is for the role exhibitor_staff only"),
        ("1,exhibitor_staff,,,e9,,,,,", "exhibitor is not in the fair file"),
        ("1,media,,,,maybe,,,,", "consent is neither yes nor no"),
        ("1,media,,,,,unpayed,,,", 'denied "unpayed" is not a reason to deny entry; did you mean unpaid?'),
        ("1,media,,,,,,,perhaps,", "test is neither yes nor no"),
        ("1,media,,,,,,,,0", "revision is not a whole number from 1 to 1,000,000"),
        ("1,media,,,,,,,,1.5", "revision is not"),
        ("1,media,,,,,,,,٣", "is not a whole number"),
        (f"1,media,,,,,,{A}9,,", "code 1 is not a badge code of this fair: the code has 11 characters"),
        (f"1,media,,,,,,{A} XXX26-0001,,", "code 2 is not a badge code of this fair"),
        ("1,media,,,,,,CIF26-0011,,", "its check character does not fit"),
        ("1,media,,,,,,https://example.com/b/1,,", "code 1 is not a badge code of this fair: this is a web address"),
        (f"1,media,,,,,,{A} {A.lower()},,", "codes has a code twice"),
        (f"1,media,,,,,,{' '.join(code(n) for n in range(17))},,", "codes has 17 codes, more than 16"),
        ("1,media,,,,,,4.00638E+12,,", "code 1 was changed by a spreadsheet: it shortened a long number"),
        (f"1,media,,,,,,{A} 1E+11,,", "code 2 was changed by a spreadsheet"),
        ("1E+11,media,,,,,,,,", "person was changed by a spreadsheet: it shortened a long number"),
        ("1e+11,media,,,,,,,,", "person was changed by a spreadsheet: it shortened a long number"),
        ("1.E+11,media,,,,,,,,", "person was changed by a spreadsheet: it shortened a long number"),
        ("#NAME?,media,,,,,,,,", "person was changed by a spreadsheet: a formula of it failed"),
        ('="00417",media,,,,,,,,', "person begins with =, as a formula of a spreadsheet"),
        ('"=""00417""",media,,,,,,,,', "person begins with =, as a formula of a spreadsheet"),
        ("+49417,media,,,,,,,,", "person begins with +, as a formula of a spreadsheet"),
        ("@R1,media,,,,,,,,", "person begins with @, as a formula of a spreadsheet"),
        ("'00417,media,,,,,,,,", "person begins with a quotation mark"),
        ('"""00417""",media,,,,,,,,', "person begins with a quotation mark"),
        (f"1,media,,,,,,'{A},,", "code 1 begins with a quotation mark"),
        (f"1,media,,,,,,={A},,", "code 1 begins with =, as a formula of a spreadsheet"),
        ("1,media", "has 2 values, and the header has 10 columns"),
        ("1,media,,,,,,,,,x", "has 11 values, and the header has 10 columns"),
        (f"{'9' * 2_001},media,,,,,,,,", "person has more than 2,000 characters"),
        (f"{'9' * 200_000},media,,,,,,,,", "a value has more than 2,000 characters"),
        ('"1"2,media,,,,,,,,', "a quotation mark stands inside a value"),
    ],
)
def test_a_fault_is_told_with_its_line_and_the_other_lines_are_read(tmp_path: Path, values: str, told: str) -> None:
    reading = reading_of(tmp_path, f"{HEAD}7,media,,,,,,,,\n{values}\n8,media,,,,,,,,\n")
    assert [problem.line for problem in reading.problems] == [3]
    assert str(reading.problems[0]).startswith("line 3: ")
    assert told in reading.problems[0].text
    assert [row.line for row in reading.rows] == [2, 4]


def test_all_faults_of_a_line_are_told(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, f"{HEAD},vistor,,UK,,maybe,,x,,0\n")
    assert [problem.text.split()[0] for problem in reading.problems] == [
        "code", "consent", "country", "person", "revision", "role",
    ]  # fmt: skip
    assert reading.bad == {2}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("country", "ada.lovelace@example.com"),
        ("role", "Augusta Ada King, Countess of Lovelace"),
        ("codes", "CIF26-SECRET"),
        ("exhibitor", "+49 170 1234567 89 (private)"),
        ("denied", "ada@example.com"),
        ("role", "cif26-000417"),
        ("role", "Lovelace"),
        ("class", "cif26-000417"),
        ("country", "cif26-000417"),
        ("consent", "cif26-000417"),
        ("test", "Lovelace"),
        ("denied", "Lovelace"),
        ("exhibitor", "cif26-000417"),
        ("revision", "4000417"),
        ("cif26-000417", ""),
    ],
)
def test_what_may_be_about_a_person_is_not_repeated(tmp_path: Path, column: str, value: str) -> None:
    role = "" if column == "role" else '"role": "exhibitor_staff", '
    reading = reading_of(tmp_path, f'{{"person": "17", {role}"{column}": {json.dumps(value)}}}\n')
    told = " ".join(map(str, reading.problems))
    assert column in told or "code 1" in told or not value
    assert "cif26" not in told
    assert not value or value not in told
    assert "17" not in told


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (f"1,media,{A}", f"2,media,{A}", "a code of it is on line {other} too"),
        (f"1,media,{A}", f"2,media,{B} {A.lower()}", "a code of it is on line {other} too"),
        ("1,media,", "1,speaker,", "the person is on line {other} too"),
        ("1,media,", " 1 ,media,", "the person is on line {other} too"),
    ],
)
def test_two_lines_with_one_code_or_person_are_both_refused(tmp_path: Path, first: str, second: str, told: str) -> None:
    reading = reading_of(tmp_path, f"person,role,codes\n{first}\n3,media,\n{second}\n")
    assert [(one.line, one.text.split(";")[0]) for one in reading.problems] == [
        (2, told.format(other=4)),
        (4, told.format(other=2)),
    ]
    assert [row.line for row in reading.rows] == [3]


def test_a_test_badge_and_another_one_of_the_same_person_are_refused(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "person,role,test\n1,media,yes\n1,media,no\n")
    assert [problem.line for problem in reading.problems] == [2, 3]


@pytest.mark.parametrize(
    "content",
    [
        "person,role,codes\n1,media,{A} {B}\n",
        "\ufeffperson,role,codes\r\n1,media,{A} {B}\r\n",
        "person;role;codes\r\n1;media;{A} {B}\r\n",
        "person\trole\tcodes\n1\tmedia\t{A} {B}\n",
        'sep=;\r\nperson;role;codes\r\n1;media;"{A};{B}"\r\n',
        'person,role,codes\n1,media,"{A}\n{B}"\n',
        "Person , ROLE,codes,,\n 1 ,media, {A} {B} ,,\n,,,,\n\n",
        'person,role,codes\n"1","media","{A};{B}"',
        '{{"person": "1", "role": "media", "codes": ["{A}", "{B}"]}}\n',
        '\n{{"person": 1, "role": "media", "codes": "{A};{B}", "test": false, "denied": null}}\r\n',
    ],
)
def test_spreadsheets_and_programs_write_the_same_person_in_many_ways(tmp_path: Path, content: str) -> None:
    row = only(tmp_path, content.format(A=A, B=B))
    assert row.person == person_ref(KEY, "1")
    assert row.codes == (code_hash(KEY, A), code_hash(KEY, B))


def test_lines_are_counted_as_an_editor_counts_them_behind_quoted_line_breaks(tmp_path: Path) -> None:
    content = (
        f'person,role,codes\r\n1,media,"{A}\r\n{B}"\r\n\r\n2,medium,\r\n3,speaker,"{code(3)}\n\n{code(4)}"\n4,x,\n'
    )
    reading = reading_of(tmp_path, content)
    assert [row.line for row in reading.rows] == [2, 6]
    assert [problem.line for problem in reading.problems] == [5, 9]


def test_a_line_of_excels_own_before_the_header_is_counted(tmp_path: Path) -> None:
    assert [one.line for one in reading_of(tmp_path, "sep=;\nperson;role\n1;medium\n").problems] == [3]


def test_a_fault_beside_a_good_value_over_two_lines_is_one_of_its_line(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, f'person,role,country,codes\n1,medium,UK,"{A}\n{B}"\n2,media,DE,\n')
    assert [problem.line for problem in reading.problems] == [2, 2]
    assert [row.line for row in reading.rows] == [4]


@pytest.mark.parametrize(
    ("content", "lines", "why"),
    [
        ('person,role\n1,media\n2,"media\n3,media\n4,media\n', "3 to 5", "opens a value and is not closed"),
        ('person,role\n1,media\n"2,media\n3,media\n4,"media"\n', "3 to 5", "stands inside a value"),
        ('person,role\n1,media\n"2,media\n3,media\n4","media"\n', "3 to 5", "person has a character that cannot be"),
        ('person,role,codes\n1,media,"A-1\n2,media,A-2"\n3,media,\n', "2 to 3", "code 1 is not a badge code"),
        ('person,role\n1,media\n2,"media\n3,media","4"\n4,media\n', "3 to 4", "has 3 values, and the header has 2"),
        (f'person,role\n1,"{"media" * 500}\n2,"\n3,media\n', "2 to 3", "role has more than 2,000 characters"),
        (b'person,role\n1,"media\n' + 'J\u00fcrgen"\n'.encode("latin-1"), "2 to 3", "is not UTF-8 text"),
    ],
)
def test_a_file_is_refused_as_a_whole_where_a_quotation_mark_may_have_taken_in_other_persons(
    tmp_path: Path, content: str | bytes, lines: str, why: str
) -> None:
    with pytest.raises(FairpulseError) as refused:
        reading_of(tmp_path, content)
    assert f"lines {lines} are one row, because of quotation marks, and it has a fault: " in refused.value.message
    assert why in refused.value.message
    assert "is closed there" in (refused.value.hint or "")


def test_a_line_in_another_encoding_is_told(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "person,role\n1,media\nJürgen,media\n3,media\n".encode("latin-1"))
    assert [str(problem) for problem in reading.problems] == ["line 3: is not UTF-8 text; save it as CSV UTF-8"]
    assert [row.line for row in reading.rows] == [2, 4]


def test_one_spelling_of_a_number_with_an_accent_is_the_other(tmp_path: Path) -> None:
    composed, decomposed = (only(tmp_path, f"person,role\n{one}1,media\n") for one in ("\u00e9", "e\u0301"))
    assert composed.person == decomposed.person


@pytest.mark.parametrize(
    ("content", "told", "hint"),
    [
        ("", "the file is empty", "person, role"),
        ("\n\n", "the file is empty", ""),
        ("\ufeff", "the file is empty", ""),
        ("person,class\n", "line 1: the column role is missing", "the columns are person, role"),
        ("role\n", "line 1: the column person is missing", ""),
        ("person,role,land\n", "line 1: the name of column 3 is not known", "the columns are"),
        ("person,role,countri\n", 'line 1: the column "countri" is not known', "did you mean country?"),
        ("person,role,ada@example.com\n", "line 1: the name of column 3 is not known", ""),
        ("person,role,role\n", "line 1: the column role is there twice", ""),
        ("1,media,DE\n", "line 1 does not name the columns", "the columns are person"),
        ("person,role".encode("utf-16"), "the file is not UTF-8 text", "save it as CSV UTF-8"),
        ("person,role".encode("utf-16-le"), "the file is not UTF-8 text", ""),
        ('[{"person": 1}]', "the file is one JSON list", "one object on each line"),
        ('"person,role\n', "line 1: a quotation mark opens", ""),
    ],
)
def test_a_file_that_is_not_one_of_persons_is_refused_as_a_whole(
    tmp_path: Path, content: str | bytes, told: str, hint: str
) -> None:
    with pytest.raises(FairpulseError) as refused:
        reading_of(tmp_path, content)
    assert told in refused.value.message
    assert hint in refused.value.hint
    assert "example.com" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"person": "1"}', "role is missing"),
        ('{"person": "1", "role": "media", "rolle": "x"}', 'the name "rolle" is not known; did you mean role?'),
        ('{"person": "1", "role": "media", "role": "media"}', "has a name twice"),
        ('{"person": "1", "role": ["media"]}', "role is neither a text nor"),
        ('{"person": true, "role": "media"}', "person is neither a text nor"),
        ('{"person": "1", "role": "media", "consent": 1}', "consent is neither a text nor"),
        ('{"person": "1", "role": "media"', "is not one JSON object"),
        ("3", "is not one JSON object"),
        ("person,role", "is not one JSON object"),
    ],
)
def test_a_fault_in_json_lines_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    reading = reading_of(tmp_path, '{"person": "0", "role": "media"}\n' + text + "\n")
    assert [problem.line for problem in reading.problems] == [2]
    assert told in reading.problems[0].text


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FairpulseError, match="cannot be read: no such file"):
        read_file(tmp_path / "none.csv", FAIR, KEY)
