"""The expression language of Azure ML commands."""

import pytest

from local.services.jobs.bindings import Reference, expand_optional, fill, python_arguments, references, sole_reference


def test_optional_part_needs_all_of_its_inputs() -> None:
    """A part in double brackets stays only if every input that it mentions is given."""
    command = "x.py $[[--a ${{inputs.a}}]] $[[--b ${{inputs.a}} ${{inputs.b}}]]"
    assert expand_optional(command, {"a"}) == "x.py --a ${{inputs.a}} "
    assert expand_optional(command, set()) == "x.py  "


def test_references_are_found_in_text() -> None:
    """Inputs of the pipeline and outputs of steps, with or without blanks inside of the braces."""
    text = "a-${{parent.inputs.region}}-${{ parent.jobs.prep.outputs.x }}"
    assert list(references(text)) == [Reference(None, "region"), Reference("prep", "x")]
    assert sole_reference("${{parent.inputs.region}}") == Reference(None, "region")
    assert sole_reference(text) is None


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("python x.py --a ${{ inputs.a }}", ["x.py", "--a", "${{inputs.a}}"]),
        ('python3 x.py "--a=${{inputs.a}} b"', ["x.py", "--a=${{inputs.a}} b"]),
        ("python x.py \\\n  --b 1\n", ["x.py", "--b", "1"]),
        ("python -m package.module --b", ["-m", "package.module", "--b"]),
        ("python -u x.py", None),
        ("python -m", None),
        ("A=1 python x.py", None),
        ("python x.py && python y.py", None),
        ("python x.py > ${{outputs.o}}", None),
        ("python x.py\npython y.py", None),
        ("python x.py $HOME", None),
        ("python x.py 'open", None),
        ("bash x.sh", None),
        ("", None),
    ],
)
def test_only_a_plain_python_command_needs_no_shell(command: str, arguments: list[str] | None) -> None:
    """Anything that means more to a shell than words and quotes is left to a shell."""
    assert python_arguments(command) == arguments


def test_value_stays_one_argument() -> None:
    """The template is split before values are filled in: blanks and quotes in a value do not split it."""
    words = python_arguments("python x.py --a ${{inputs.a}}")
    assert words is not None
    assert [fill(word, {"a": "it's; here"}, {}) for word in words] == ["x.py", "--a", "it's; here"]
