"""The reader of Bicep: what it reads, where things stand, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.checks.bicep import SyntaxFault, parse_bicep
from infra.checks.bicep.declarations import Module, Output, Parameter, Resource, Variable
from infra.checks.bicep.tree import Binary, Call, Choice, Items, Loop, Member, Name, Place, Record, Text


def value(text: str) -> object:
    """The expression of a variable."""
    return parse_bicep(f"var x = {text}\n").of(Variable)[0].value


def test_operators_bind_as_the_language_ranks_them() -> None:
    """`a == b && c || d ? e : f` is a choice over an or over an and."""
    choice = value("a == b && c || d ? e : f")
    assert isinstance(choice, Choice)
    assert isinstance(choice.condition, Binary)
    assert choice.condition.operator == "||"
    assert isinstance(choice.condition.left, Binary)
    assert choice.condition.left.operator == "&&"


def test_operators_of_a_rank_go_from_left_to_right() -> None:
    """`a - b - c` is `(a - b) - c`."""
    outer = value("a - b - c")
    assert isinstance(outer, Binary)
    assert isinstance(outer.left, Binary)
    assert outer.right == Name("c", Place(1, 17))


def test_interpolations_nest() -> None:
    """A string in an interpolation in a string is an expression of its own, with its place."""
    text = value("'a${take('b${c}', 2)}d'")
    assert isinstance(text, Text)
    assert [part for part in text.parts if isinstance(part, str)] == ["a", "d"]
    call = text.parts[1]
    assert isinstance(call, Call)
    assert call.at == Place(1, 13)
    assert isinstance(call.arguments[0], Text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_every_text_can_be_written_and_read(text: str) -> None:
    """Escaped as the language asks, a literal comes back as it was."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    read = value(f"'{escaped}'")
    assert isinstance(read, Text)
    assert read.literal == text


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    """Nothing else is raised, and the place lies within the text."""
    places: list[Place] = []
    try:
        parse_bicep(text)
    except SyntaxFault as fault:
        places.append(fault.at)
    assert all(1 <= at.line <= text.count("\n") + 1 and at.column >= 1 for at in places)


def test_nested_resources_have_their_whole_type() -> None:
    """A resource in a resource takes its parent's type in front, and its version unless it has one."""
    file = parse_bicep("resource a 'N/a@2020-01-01' = {\n  name: 'a'\n  resource b 'b' = {\n    name: 'b'\n  }\n}\n")
    inner = file.of(Resource)[1]
    assert (inner.type, inner.version, inner.parent) == ("N/a/b", "2020-01-01", "a")


def test_conditions_and_loops_are_told_apart_from_bodies() -> None:
    """`if (…) {…}`, `[for …: {…}]` and `[for …: if (…) {…}]`."""
    file = parse_bicep(
        "resource a 'N/a@1' = if (x) {\n}\nmodule m 'm.bicep' = [for (i, n) in list: if (i > n) {\n  name: i\n}]\n"
        "output o array = [for i in list: i.name]\n"
    )
    assert file.of(Resource)[0].condition == Name("x", Place(1, 26))
    module = file.of(Module)[0]
    assert module.loop is not None
    assert (module.loop.item, module.loop.index) == ("i", "n")
    assert isinstance(module.condition, Binary)
    loop = file.of(Output)[0].value
    assert isinstance(loop, Loop)
    assert isinstance(loop.body, Member)


def test_entries_part_at_commas_or_line_ends() -> None:
    """Arrays and objects, on one line or on several, and spread."""
    assert isinstance(items := value("[1, 2\n3\n  ...rest\n]"), Items)
    assert len(items.items) == 4
    assert isinstance(record := value("{ a: 1, 'b-c': 2\n  ...rest\n  '${d}': 3\n}"), Record)
    assert [entry.key for entry in record.properties[:2]] == ["a", "b-c"]
    assert len(record.spreads) == 1


def test_a_parameter_without_a_default_is_required() -> None:
    """Unless its type is nullable."""
    file = parse_bicep("param a string\nparam b string?\n@secure()\nparam c string = ''\n")
    assert [parameter.required for parameter in file.of(Parameter)] == [True, False, False]
    assert file.of(Parameter)[2].decorated("secure") is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parm a string", "1:1: 'parm' starts no declaration; known are param, var, resource"),
        ("var a = {\n  b: 1 c: 2\n}", "2:8: expected a new line, ',' or '}' in the object, found 'c'"),
        ("var a = {\n  b: 1\n", "3:1: expected the name of a property, found the end of the text"),
        ("var a = 'b", "1:9: the string that starts here is not closed on its line"),
        ("var a = 'b${c'", "1:14: the string that starts here is not closed on its line"),
        ("var a = '''b", "1:9: the string that starts here with ''' is not closed"),
        ("var a = '\\q'", r"1:10: \q is no escape"),
        ("var a = 1 + ;", "1:13: expected a value, found ';'"),
        ("var a = €", "1:9: '€' is no character of Bicep"),
        ("resource a 'N/${b}@1' = {}", "1:12: expected the resource's type"),
        ("var a = " + "(" * 5000, "1:1: expressions are nested too deeply to be read"),
        ("var a = b c", "1:11: expected a new line after a declaration, found 'c'"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, message: str) -> None:
    """Line, column, what was expected and what was found."""
    with pytest.raises(SyntaxFault) as caught:
        parse_bicep(text)
    assert message in str(caught.value)
