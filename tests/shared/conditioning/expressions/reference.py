"""Well-typed expressions, each with a plain Python function that says what it is for a row."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from shared.conditioning.expressions import ValueType

type Row = Mapping[str, Any]
#: An expression's text, and its value for a row.
type Pair = tuple[str, Callable[[Row], Any]]

COLUMNS: Final[dict[str, ValueType]] = {
    "t": "text",
    "u": "text",
    "i": "integer",
    "j": "integer",
    "x": "number",
    "y": "number",
    "d": "date",
    "e": "date",
    "s": "timestamp",
    "k": "boolean",
    "l": "boolean",
}
_TEXTS: Final = st.text("aAbBé1 -+.'\"$\t", max_size=6)
_INTEGERS: Final = st.integers(-5, 5) | st.integers(-(2**63), 2**63 - 1)
_NUMBERS: Final = st.sampled_from([0.5, 1.5, -2.5, 0.0, 1e308]) | st.floats(allow_nan=False, allow_infinity=False)
_DATES: Final = st.dates(date(1960, 1, 1), date(2030, 12, 31)) | st.dates()
_TIMESTAMPS: Final = st.datetimes(timezones=st.just(UTC))
VALUES: Final[dict[ValueType, st.SearchStrategy[Any]]] = {
    "text": _TEXTS,
    "integer": _INTEGERS,
    "number": _NUMBERS.map(lambda number: number + 0.0),
    "date": _DATES,
    "timestamp": _TIMESTAMPS,
    "boolean": st.booleans(),
}
ROWS: Final = st.fixed_dictionaries({name: st.none() | VALUES[type_] for name, type_ in COLUMNS.items()})
_PATTERNS: Final = ("a+", "[0-9]*", "a|b1", "(?i)AB?.*", "")


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """Null where an argument is."""
    return lambda *values: None if any(value is None for value in values) else function(*values)


def _integer(value: int) -> int | None:
    return value if -(2**63) <= value < 2**63 else None


def _number(value: float) -> float | None:
    return value + 0.0 if math.isfinite(value) else None


def _halves_away(value: float) -> float:
    whole = float(int(abs(value))) if math.isfinite(value) else math.inf
    return math.copysign(whole + (abs(value) - whole >= 0.5), value) if math.isfinite(whole) else value


def _divide(left: float, right: float) -> float | None:
    return _number(left / right) if right else None


def _and(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: bool | None, right: bool | None) -> bool | None:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def _least(*values: Any) -> Any:
    return min((value for value in values if value is not None), default=None)


def _greatest(*values: Any) -> Any:
    return max((value for value in values if value is not None), default=None)


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _add_days(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days)
    except OverflowError:
        return None


def _spelled_integer(text: str) -> int | None:
    return _integer(int(text)) if re.fullmatch("[+-]?[0-9]+", text) else None


def _spelled_number(text: str) -> float | None:
    return _number(float(text)) if re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", text) else None


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        fraction = "milliseconds" if value.microsecond and value.microsecond % 1000 == 0 else "auto"
        return value.isoformat(timespec=fraction).replace("+00:00", "Z")
    return str(value)


def _rounded(value: float, digits: int) -> float | None:
    return _number(_halves_away(value * 10.0**digits) / 10.0**digits)


#: Per result: how it is written, the types of what stands at each `{}`, and what it is.
_FORMS: Final[dict[ValueType, list[tuple[str, tuple[ValueType, ...], Callable[..., Any]]]]] = {
    "integer": [
        ("({} + {})", ("integer", "integer"), _strict(lambda a, b: _integer(a + b))),
        ("({} - {})", ("integer", "integer"), _strict(lambda a, b: _integer(a - b))),
        ("({} * {})", ("integer", "integer"), _strict(lambda a, b: _integer(a * b))),
        ("({} % {})", ("integer", "integer"), _strict(lambda a, b: a % b if b else None)),
        ("(-{})", ("integer",), _strict(lambda a: _integer(-a))),
        ("abs({})", ("integer",), _strict(lambda a: _integer(abs(a)))),
        ("floor({})", ("number",), _strict(lambda a: _integer(math.floor(a)))),
        ("ceil({})", ("number",), _strict(lambda a: _integer(math.ceil(a)))),
        ("integer({})", ("number",), _strict(lambda a: _integer(int(_halves_away(a))))),
        ("integer({})", ("text",), _strict(_spelled_integer)),
        ("integer(text({}))", ("integer",), lambda a: a),
        ("length({})", ("text",), _strict(len)),
        ("year({})", ("date",), _strict(lambda d: d.year)),
        ("month({})", ("timestamp",), _strict(lambda d: d.month)),
        ("day({})", ("date",), _strict(lambda d: d.day)),
        ("weekday({})", ("date",), _strict(lambda d: d.isoweekday())),
        ("days_between({}, {})", ("date", "date"), _strict(lambda a, b: (b - a).days)),
        ("hour({})", ("timestamp",), _strict(lambda s: s.hour)),
    ],
    "number": [
        ("({} + {})", ("number", "number"), _strict(lambda a, b: _number(a + b))),
        ("({} - {})", ("number", "integer"), _strict(lambda a, b: _number(a - float(b)))),
        ("({} * {})", ("integer", "number"), _strict(lambda a, b: _number(float(a) * b))),
        ("({} / {})", ("number", "number"), _strict(_divide)),
        ("({} / {})", ("integer", "integer"), _strict(lambda a, b: _divide(float(a), float(b)))),
        ("(-{})", ("number",), _strict(lambda a: _number(-a))),
        ("abs({})", ("number",), _strict(abs)),
        ("round({})", ("number",), _strict(lambda a: _rounded(a, 0))),
        ("number({})", ("text",), _strict(_spelled_number)),
        ("coalesce({}, {})", ("integer", "number"), lambda a, b: _coalesce(None if a is None else float(a), b)),
    ],
    "text": [
        ("({} + {})", ("text", "text"), _strict(operator.add)),
        ("concat({}, 'a''', {})", ("text", "text"), _strict(lambda a, b: f"{a}a'{b}")),
        ("lower({})", ("text",), _strict(str.lower)),
        ("upper({})", ("text",), _strict(str.upper)),
        ("trim({})", ("text",), _strict(str.strip)),
        ("replace({}, 'a', '$1')", ("text",), _strict(lambda a: a.replace("a", "$1"))),
        ("slice({}, 1, 2)", ("text",), _strict(lambda a: a[1:3])),
        ("left({}, 2)", ("text",), _strict(lambda a: a[:2])),
        ("right({}, 2)", ("text",), _strict(lambda a: a[-2:])),
        *(("text({})", (type_,), _strict(_as_text)) for type_ in ("integer", "date", "timestamp", "boolean", "text")),
    ],
    "date": [
        ("week({})", ("date",), _strict(lambda d: d - timedelta(d.weekday()))),
        ("month_start({})", ("date",), _strict(lambda d: d.replace(day=1))),
        ("add_days({}, {})", ("date", "integer"), _strict(_add_days)),
        ("date_of({})", ("timestamp",), _strict(datetime.date)),
    ],
    "timestamp": [],
    "boolean": [
        ("({} and {})", ("boolean", "boolean"), _and),
        ("({} or {})", ("boolean", "boolean"), _or),
        ("(not {})", ("boolean",), _strict(operator.not_)),
        ("({} = {})", ("boolean", "boolean"), _strict(operator.eq)),
        ("({} < {})", ("integer", "number"), _strict(lambda a, b: float(a) < b)),
        ("({} in ['a', 'b1'])", ("text",), _strict(lambda a: a in ("a", "b1"))),
        ("({} not in [1, -2.5])", ("number",), _strict(lambda a: a not in (1.0, -2.5))),
        ("({} in [0, 2.0])", ("integer",), _strict(lambda a: float(a) in (0.0, 2.0))),
        ("({} in [date'2000-01-01'])", ("date",), _strict(lambda a: a == date(2000, 1, 1))),
        ("starts_with({}, {})", ("text", "text"), _strict(str.startswith)),
        ("ends_with({}, {})", ("text", "text"), _strict(str.endswith)),
        ("contains({}, {})", ("text", "text"), _strict(operator.contains)),
    ]
    + [
        (f"({{}} {sign} {{}})", (type_, type_), _strict(compare))
        for type_ in ("text", "integer", "number", "date", "timestamp")
        for sign, compare in (("==", operator.eq), ("!=", operator.ne), ("<=", operator.le), (">", operator.gt))
    ]
    + [("({} is null)", (type_,), lambda a: a is None) for type_ in COLUMNS.values()]
    + [("({} is not null)", (type_,), lambda a: a is not None) for type_ in COLUMNS.values()],
}
for _type in dict.fromkeys(COLUMNS.values()):
    _FORMS[_type] += [
        ("if({}, {}, {})", ("boolean", _type, _type), lambda c, a, b: a if c else b),
        ("if({}, {}, null)", ("boolean", _type), lambda c, a: a if c else None),
        ("({} ?? {})", (_type, _type), _coalesce),
    ]
    if _type != "boolean":
        _FORMS[_type] += [
            ("least({}, {})", (_type, _type), _least),
            ("greatest({}, {}, {})", (_type, _type, _type), _greatest),
        ]


def _written(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            quote = '"' if "'" in value else "'"
            return quote + value.replace(quote, quote * 2) + quote
        case datetime():
            return f"timestamp'{_as_text(value)}'"
        case date():
            return f"date'{value}'"
        case _:
            return repr(value)


def _of_column(name: str) -> Pair:
    return name, lambda row: row[name]


def _of_value(value: Any) -> Pair:
    return _written(value), lambda _: value


def _applied(form: str, function: Callable[..., Any], arguments: tuple[Pair, ...]) -> Pair:
    texts, functions = zip(*arguments, strict=True)
    return form.format(*texts), lambda row: function(*(argument(row) for argument in functions))


def _matching(pattern: str, argument: Pair) -> Pair:
    return f"matches({argument[0]}, '{pattern}')", lambda row: _strict(
        lambda text: re.fullmatch(pattern, text) is not None
    )(argument[1](row))


@st.composite
def expressions(draw: st.DrawFn, type_: ValueType, depth: int = 3) -> Pair:
    """An expression of a type, at most so many levels deep, and what it is."""
    names = [name for name, columns_type in COLUMNS.items() if columns_type == type_]
    leaf = st.sampled_from(names).map(_of_column) | VALUES[type_].map(_of_value)
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(leaf)
    if type_ == "boolean" and draw(st.integers(0, 9)) == 0:
        return _matching(draw(st.sampled_from(_PATTERNS)), draw(expressions("text", depth - 1)))
    form, types, function = draw(st.sampled_from(_FORMS[type_]))
    return _applied(form, function, tuple(draw(expressions(argument, depth - 1)) for argument in types))
