"""YAML whose every value knows its line, so that a mistake can be shown where a person has to mend it.

Stricter than YAML where YAML surprises: keys are text and appear once, and there are no aliases, merge keys or tags.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    import yaml

#: Where a value lies: the keys and list positions that lead to it from the top.
type Place = tuple[str | int, ...]

#: No file that a person writes comes near to this.
_DEEPEST: Final = 100
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
_TIMESTAMP_TAG: Final = "tag:yaml.org,2002:timestamp"
#: Words that YAML 1.1 takes for true and false, and YAML 1.2 for what they are; as a key nobody means the former.
_WORDS: Final = ("on", "off", "yes", "no")
#: Found missing only further down: what has to be mended is where the text began.
_SEEN_LATE: Final = ("could not find expected ':'", "unexpected end of stream")
_SYNTAX_REMEDIES: Final = (
    (r"found character '\t'", "indent with blanks, not with tabs"),
    ("mapping values are not allowed", "put a text with a colon in quotes, and indent keys of one level alike"),
    ("expected <block end>", "indent keys of one level alike, and put a text that starts with { or [ in quotes"),
    ("expected ',' or '}'", 'close the { … } and each quote, and put a text with { or } in quotes: "{label}"'),
    ("expected ',' or ']'", "close the [ … ] and each quote, and put a text with [ or ] in quotes"),
    ("could not find expected ':'", "write `key: value`, with a blank after the colon"),
    ("unexpected end of stream", "close the quote"),
    ("found unknown escape character", "put a text with \\ in single quotes"),
    ("another document", "keep one document per file: remove the line `---`"),
)


@dataclass(frozen=True, order=True)
class Problem:
    """Something in a file that a person has to mend: its line (from 1), what is wrong and what would be right."""

    line: int
    text: str


def listed(path: Path, problems: Iterable[Problem]) -> tuple[str, ...]:
    """The problems of a file for a person, by line, each once: `file:line: what is wrong; what would be right`."""
    return tuple(f"{path}:{problem.line}: {problem.text}" for problem in sorted(set(problems)))


class DocumentError(ConfigurationError):
    """A file that cannot be used, with everything that is wrong with it.

    Args:
        path: The file.
        problems: At least one; shown by line, each one once.

    Attributes:
        problems: `file:line: what is wrong; what would be right`.
    """

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.problems = listed(path, problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Document:
    """A YAML file as plain values.

    Attributes:
        path: The file.
        content: Its bytes.
        value: What it says; `None` when it is not YAML.
        lines: The line of each value, that of its key where it has one.
        problems: What is wrong with it as YAML.
    """

    path: Path
    content: bytes
    value: Any
    lines: Mapping[Place, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def at(self, place: Place) -> Any:
        """The value at a place; `None` where there is none."""
        value = self.value
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def mapping(self, place: Place) -> dict[str, Any]:
        """The mapping at a place; empty where something else is."""
        value = self.at(place)
        return value if isinstance(value, dict) else {}

    def problem(self, place: Place, text: str) -> Problem:
        """A problem at the line of a place, or of the nearest place around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return Problem(self.lines.get(place, 1), text)


def read_document(path: Path) -> Document:
    """Read a YAML file. What is wrong with it is in its `problems`; a file that cannot be read has line 1."""
    import yaml  # noqa: PLC0415 - only at first use, so that importing the app stays cheap

    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Document(path, b"", None, problems=(Problem(1, "the file does not exist; check the path"),))
    except OSError as error:
        return Document(path, b"", None, problems=(Problem(1, f"cannot be read: {error.strerror or error}"),))
    try:
        text = content.decode("utf-8-sig")
        root = _compose(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Document(path, content, None, problems=(Problem(line, "not UTF-8; save the file as UTF-8"),))
    except yaml.YAMLError as error:
        return Document(path, content, None, problems=(_syntax_problem(error, content),))
    except RecursionError:
        return Document(path, content, None, problems=(Problem(1, "nested too deeply; close brackets earlier"),))
    reader = _NodeReader()
    value = reader.read(root, ()) if root is not None else None
    return Document(path, content, value, reader.lines, tuple(reader.problems))


def _compose(text: str) -> "yaml.Node | None":
    """The tree of nodes, by libyaml where it is there: ten times as fast.

    libyaml's own composer overflows the stack where brackets nest without end, so the depth is counted first. And its
    messages differ, so that a mistake is looked at again by the parser whose messages have remedies.

    Raises:
        yaml.YAMLError: Not YAML.
        RecursionError: Nested too deeply.
    """
    import yaml  # noqa: PLC0415 - see `read_document`

    loader = getattr(yaml, "CSafeLoader", None)
    try:
        if loader is not None and _depth(yaml.parse(text, Loader=loader)) > _DEEPEST:
            raise RecursionError("nested too deeply")
        root: yaml.Node | None = yaml.compose(text, Loader=loader or yaml.SafeLoader)
    except yaml.YAMLError:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    return root


def _depth(events: "Iterable[yaml.Event]") -> int:
    import yaml  # noqa: PLC0415 - see `read_document`

    depth = deepest = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            deepest = max(deepest, depth)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return deepest


def _syntax_problem(error: "yaml.YAMLError", content: bytes) -> Problem:
    marks = [getattr(error, name, None) for name in ("problem_mark", "context_mark")]
    what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    before = content.decode("utf-8-sig")[: getattr(error, "position", 0)]  # of a character that YAML does not allow
    lines = [mark.line + 1 for mark in marks if mark is not None] or [before.count("\n") + 1]
    remedy = next((remedy for part, remedy in _SYNTAX_REMEDIES if part in what), "check quotes, brackets and indents")
    if "expected ',' or" in what and lines[0] != lines[-1]:
        what += f" (the bracket of line {lines[-1]} is open)"
    line = lines[-1] if what.endswith(_SEEN_LATE) else lines[0]
    return Problem(line, f"not YAML: {what}; {remedy}")


class _NodeReader:
    """Turns a tree of YAML nodes into plain values, and notes lines and problems on the way."""

    def __init__(self) -> None:
        import yaml  # noqa: PLC0415 - see `read_document`

        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []
        self._constructor = yaml.SafeLoader("")
        self._seen: set[int] = set()
        self._error, self._mapping, self._sequence = yaml.YAMLError, yaml.MappingNode, yaml.SequenceNode

    def read(self, node: "yaml.Node", place: Place) -> Any:
        """The value of a node; its line is noted unless that of its key is."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in self._seen:
            self.problems.append(Problem(self.lines[place], "aliases (`*name`) are not supported; write the value out"))
            return None
        self._seen.add(id(node))
        if isinstance(node, self._mapping):
            return self._read_mapping(node, place)
        if isinstance(node, self._sequence):
            return [self.read(child, (*place, index)) for index, child in enumerate(node.value)]
        return self._read_scalar(node)

    def _read_mapping(self, node: "yaml.MappingNode", place: Place) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key_node, child in node.value:
            key = self._read_key(key_node)
            if key is None:
                continue
            inner = (*place, key)
            if key in value:
                self._complain(key_node, f"`{key}` appears twice (first in line {self.lines[inner]}); keep one of them")
                continue
            self.lines[inner] = key_node.start_mark.line + 1
            value[key] = self.read(child, inner)
        return value

    def _read_key(self, node: "yaml.Node") -> str | None:
        if node.tag == _MERGE_TAG:
            self._complain(node, "merge keys (`<<`) are not supported; write the keys out")
            return None
        if isinstance(node.value, list):
            self._complain(node, "a list or a mapping cannot be a key; put a text with { or [ in quotes")
            return None
        key = self._read_scalar(node)
        if isinstance(key, bool) and node.value.lower() in _WORDS:
            return str(node.value)
        if isinstance(key, str):
            return key
        what = f"the key `{node.value}` is {kind(key)} to YAML"
        self._complain(node, f"{what}; use another name, or put it in quotes if it is meant as text")
        return None

    def _read_scalar(self, node: "yaml.Node") -> Any:
        try:
            return self._constructor.construct_object(node)
        except (self._error, ValueError, LookupError, AttributeError, ArithmeticError):  # PyYAML trusts explicit tags
            what = f"`{node.value}` cannot be read as the tag {node.tag} says; put it in quotes"
            if node.tag == _TIMESTAMP_TAG:
                what = f"`{node.value}` is no day of the calendar; write a date as YYYY-MM-DD, or put a text in quotes"
            self._complain(node, what)
            return None

    def _complain(self, node: "yaml.Node", text: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, text))


def kind(value: Any) -> str:
    """What a YAML value is, for a person."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number"
    kinds = ((str, "text"), (list, "a list"), (dict, "a mapping"), (date, "a date"))
    return next((name for type_, name in kinds if isinstance(value, type_)), "nothing")
