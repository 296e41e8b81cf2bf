"""Custom steps: Python functions from LazyFrame to LazyFrame, for what a recipe cannot say.

from shared.conditioning.custom import step

@step(row_wise=True)
def clean_sku(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(pl.col("sku").str.replace_all(" ", ""))
"""

import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from shared.errors import ConfigurationError, PermanentError
from shared.near_names import nearest

if TYPE_CHECKING:
    import polars as pl

type StepFunction = Callable[["pl.LazyFrame"], "pl.LazyFrame"]

#: The number that each row gets before a row-wise step, so that it is noticed when rows go, come or move.
_ROW: Final = "signalbox.row"
#: Rows on which a row-wise step is run once more, to notice when a row's result depends on the rows around it.
_SAMPLE: Final = 64

#: Steps of the file that is being loaded.
_found: ContextVar[list["Step"] | None] = ContextVar("steps of the file that is being loaded", default=None)


@dataclass(frozen=True)
class Step:
    """A registered function.

    Attributes:
        name: Of the function, as recipes refer to it.
        row_wise: Whether each row's result comes from that row alone, so that it may be run on any part of a table.
        function: From LazyFrame to LazyFrame.
    """

    name: str
    row_wise: bool
    function: StepFunction

    @property
    def place(self) -> str:
        """File and line where it is defined."""
        code = self.function.__code__
        return f"{code.co_filename}:{code.co_firstlineno}"


def step(*, row_wise: bool) -> Callable[[StepFunction], StepFunction]:
    """Register a function as a custom step under its own name.

    Args:
        row_wise: Whether each row's result comes from that row alone. Such a step keeps the number and the order of the
            rows and all columns, and may be run on any part of the table; another one sees the whole table.

    Raises:
        ConfigurationError: It does not take exactly one argument, or is no plain function.
    """

    def register(function: StepFunction) -> StepFunction:
        if not inspect.isfunction(function) or inspect.iscoroutinefunction(function):
            raise ConfigurationError(f"@step is for plain functions, and {function!r} is none; write `def`")
        made = Step(function.__name__, row_wise, function)
        needed = [
            parameter.name
            for parameter in inspect.signature(function).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ]
        first = next(iter(inspect.signature(function).parameters.values()), None)
        if len(needed) > 1 or first is None or first.kind in (first.KEYWORD_ONLY, first.VAR_KEYWORD):
            what = f"{made.place}: the step `{made.name}` is called with one LazyFrame, but takes"
            raise ConfigurationError(f"{what} ({', '.join(needed)}); write `def {made.name}(rows)`")
        found = _found.get()
        if found is not None:
            found.append(made)
        return function

    return register


def load_steps(files: Mapping[str, Path]) -> Mapping[str, Step]:
    """The steps that recipes name, from the Python files that register them.

    A file is run as a module of its own, which nothing else can import by accident. It runs with all rights of
    Signalbox: it is code of the fleet's owner, reviewed as such.

    Args:
        files: The file of each step, by the step's name.

    Returns:
        The steps by name.

    Raises:
        ConfigurationError: A file is missing or cannot be run, with the line; it has no such step, or two of one name.
    """
    by_file = {path: _steps_of(path) for path in dict.fromkeys(files.values())}
    return {name: _named(name, by_file[path], path) for name, path in files.items()}


def apply(frame: "pl.DataFrame", step: Step) -> "pl.DataFrame":
    """A table through a step. Columns that the step adds come last.

    A row-wise step is run once more on a few rows: their results must be the same without the rows around them.

    Raises:
        PermanentError: The step raises (`CustomStepFailed`), or breaks what is promised of it (`CustomStepBroken`): it
            gives something else than a LazyFrame, loses a column, gives a column a type that standard CSV does not have
            or another type than of an empty table, or is declared row-wise and is not.
    """
    import polars as pl  # noqa: PLC0415 - loaded at first use

    if not step.row_wise:
        return _checked_types(_run(frame, step), step, frame)
    numbers = pl.Series(_ROW, range(frame.height), pl.UInt32)
    result = _run(frame.with_columns(numbers), step)
    lost = [name for name in (_ROW, *frame.columns) if name not in result.columns]
    if lost:
        what = "columns that it does not name" if lost == [_ROW] else f"the column `{lost[-1]}`"
        raise _broken(step, f"loses {what}; use with_columns, and `drop` in the recipe for what is not written")
    if result[_ROW].dtype != pl.UInt32:
        raise _broken(step, "changes columns that it does not name; name them, since pl.all() takes in a hidden one")
    if not result[_ROW].equals(numbers):
        what = f"makes {result.height} rows of {frame.height}" if result.height != frame.height else "moves rows"
        raise _broken(step, f"is declared row-wise but {what}; keep each row in its place, or say row_wise=False")
    _check_alone(frame.with_columns(numbers), result, step)
    return _checked_types(result.drop(_ROW), step, frame)


def schema_after(schema: "Mapping[str, pl.DataType]", step: Step) -> "dict[str, pl.DataType]":
    """The columns and types that a step makes of a table's, found by running it on an empty one.

    Raises:
        PermanentError: `CustomStepFailed`, `CustomStepBroken`.
    """
    import polars as pl  # noqa: PLC0415 - loaded at first use

    return dict(apply(pl.DataFrame(schema=dict(schema)), step).schema)


def _steps_of(path: Path) -> list[Step]:
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"the file of custom steps {path} cannot be read: {error.strerror}"
        raise ConfigurationError(f"{what}; `from` of a custom step is relative to the fleet file") from error
    name = f"signalbox_steps_{sha256(bytes(path.absolute()) + content).hexdigest()[:16]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    found: list[Step] = []
    token = _found.set(found)
    sys.modules[name] = module  # dataclasses and the like look their module up
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)  # noqa: S102 - the fleet owner's code, named by the fleet file
    except ConfigurationError:
        del sys.modules[name]
        raise
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ConfigurationError(f"{_line_of(error, path)}: {_said(error)}; mend the file of custom steps") from error
    finally:
        _found.reset(token)
    return found


def _named(name: str, found: list[Step], path: Path) -> Step:
    meant = [one for one in found if one.name == name]
    if len(meant) > 1:
        what = f"{meant[1].place}: the step `{name}` is there twice, first at {meant[0].place}"
        raise ConfigurationError(f"{what}; rename one of them")
    if not meant:
        known = nearest(name, [one.name for one in found])
        raise ConfigurationError(f"{path} registers no step `{name}` with @step; {known}")
    return meant[0]


def _run(frame: "pl.DataFrame", step: Step) -> "pl.DataFrame":
    import polars as pl  # noqa: PLC0415 - loaded at first use

    try:
        result = step.function(frame.lazy())
        if isinstance(result, pl.LazyFrame):
            return result.collect()
    except (Exception, SystemExit, pl.exceptions.PanicException) as error:  # an exit would take the app with it
        what = (
            f"the step `{step.name}` failed at {_line_of(error, Path(step.function.__code__.co_filename), step.place)}"
        )
        raise PermanentError("CustomStepFailed", f"{what}: {_said(error)}") from error
    raise _broken(step, f"gives a {type(result).__name__}, not a LazyFrame; return the frame itself, without collect()")


def _check_alone(frame: "pl.DataFrame", result: "pl.DataFrame", step: Step) -> None:
    """Run a step again on some rows from the middle, backwards: a shift, a running sum or a mean shows."""
    start = frame.height // 2
    if not start:
        return
    alone = _run(frame.slice(start, _SAMPLE).reverse(), step).reverse()
    if not alone.equals(result.slice(start, _SAMPLE)):
        what = "is declared row-wise but a row's result depends on the rows around it"
        raise _broken(step, f"{what}; take each from its own row, or say row_wise=False")


def _checked_types(result: "pl.DataFrame", step: Step, frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl  # noqa: PLC0415 - loaded at first use

    standard = (pl.String, pl.Int64, pl.Float64, pl.Date, pl.Boolean, pl.Datetime("us", "UTC"))
    for name, kind in result.schema.items():
        if kind not in standard:
            known = "String, Int64, Float64, Boolean, Date or Datetime('us', 'UTC')"
            raise _broken(
                step, f"makes the column `{name}` a {kind}, which standard CSV does not have; cast it to {known}"
            )
    if frame.height:
        empty = _run(_numbered_like(frame, step), step).drop(_ROW, strict=False).schema
        other = [name for name in {**empty, **result.schema} if empty.get(name) != result.schema.get(name)]
        if other:
            kinds = f"{result.schema.get(other[0])} here but {empty.get(other[0])} of a table without rows"
            raise _broken(step, f"makes the column `{other[0]}` {kinds}; cast it, so that its type is always the same")
    return result


def _numbered_like(frame: "pl.DataFrame", step: Step) -> "pl.DataFrame":
    """An empty table with a step's columns."""
    import polars as pl  # noqa: PLC0415 - loaded at first use

    empty = frame.clear()
    return empty.with_columns(pl.Series(_ROW, [], pl.UInt32)) if step.row_wise else empty


def _broken(step: Step, fault: str) -> PermanentError:
    return PermanentError("CustomStepBroken", f"{step.place}: the step `{step.name}` {fault}")


def _line_of(error: BaseException, path: Path, otherwise: str | None = None) -> str:
    """File and line in a file where an error came from."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else otherwise or str(path)


def _said(error: BaseException) -> str:
    """The first line of what an error says, with its name: polars adds whole query plans."""
    text = str(error.msg if isinstance(error, SyntaxError) else error).strip()
    first = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
