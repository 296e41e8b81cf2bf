"""Drafts a fleet for one's own file: everything is made in a folder aside, tried there, and put in place as a whole."""

import json
import math
import os
import platform
import re
import shutil
import subprocess  # the drafted steps are tried as they are
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from cli.init_choose import Choices, choose
from cli.init_data import Columns, Standard, amended, draft, find_columns, standard
from cli.init_files import write, write_all
from cli.init_labels import with_labels
from cli.init_seen import Every, see
from cli.printing import printable
from cli.recipe_values import yaml_text
from shared.conditioning.recipe.loader import load_recipe
from shared.errors import PermanentError
from shared.settings import APP_ROOT

_PACKAGES: Final = ("joblib", "mlflow", "numpy", "pandas", "pyarrow", "scikit-learn", "threadpoolctl")
_LONGEST_NAME: Final = 24
_LONGEST_SHOWN: Final = 80
_TRY_SECONDS: Final = 900
#: A drafted bound lies so far above the naive forecast of the model that is hardest to forecast.
_ABOVE_NAIVE: Final = 1.25


@dataclass(frozen=True)
class Wish:
    """What a person asked for.

    Attributes:
        data: The file.
        time: The column with the date.
        target: The column that is forecast.
        by: The columns that name a series.
        every: The period; the data's own unless given.
        horizon: Periods ahead.
        name: Of the fleet; the file's unless given.
        into: The folder to write.
        force: Whether files that are there may be replaced.
    """

    data: Path
    time: str
    target: str
    by: list[str]
    every: Every | None
    horizon: int | None
    name: str | None
    into: Path
    force: bool


@dataclass(frozen=True)
class Drafted:
    """What was drafted.

    Attributes:
        name: Of the fleet.
        columns: Of the file, by their standard names.
        choices: What was chosen, and why.
        figures: Per model, by the name of its golden set: rows, and MAPE and RMSE of model, baseline and naive.
        bound: Of the gate `accuracy`, as the fleet file says it.
        rejected: Rows of the file that go to quarantine, of `records`.
        records: Rows of the file.
        files: What was written, relative to the folder.
    """

    name: str
    columns: Columns
    choices: Choices
    figures: Mapping[str, Any]
    bound: str
    rejected: int
    records: int
    files: tuple[str, ...]


def fleet_name(data: Path, name: str | None) -> str:
    """The name that was given, or what becomes of the file's: a-z, 0-9 and -, at most 24."""
    plain = re.sub("[^a-z0-9]+", "-", (name or data.name.partition(".")[0]).lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"data-{plain}".rstrip("-")
    return plain[:_LONGEST_NAME].rstrip("-")


def require_room(folder: Path, *, force: bool) -> None:
    """Nothing that is there is replaced unless somebody says so.

    Raises:
        PermanentError: The folder holds something, or is none.
    """
    if folder.exists() and not folder.is_dir():
        raise PermanentError("NoFolder", f"{folder} is a file; name a folder with --into")
    if not force and folder.is_dir() and any(folder.iterdir()):
        what = f"{folder} is not empty"
        raise PermanentError(
            "NotEmpty", f"{what}; name another folder with --into, or replace what is there by --force"
        )


def draft_fleet(wish: Wish) -> Drafted:
    """Look at the file, choose, write the fleet, and try it.

    Raises:
        PermanentError: The file or one of the names cannot be used, or the folder is taken; nothing was written.
        ConfigurationError: The drafted recipe cannot be used; nothing was written.
    """
    require_room(wish.into, force=wish.force)
    name = fleet_name(wish.data, wish.name)
    text, found = draft(wish.data, _schema("recipe.schema.json", wish.into / "recipes"))
    columns = find_columns(found, wish.time, wish.target, wish.by)
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) / name
        recipe = folder / "recipes" / f"{name}.yaml"
        recipe.parent.mkdir(parents=True)
        recipe.write_text(amended(text, columns, "`signalbox init`"), encoding="utf-8")
        rows = standard(load_recipe(recipe, folder), columns, wish.data)
        seen = see(rows.frame, columns, wish.every)
        choices = choose(seen, columns.target, wish.horizon)
        choices = with_labels(replace(choices, findings=tuple(seen.findings(columns.target))), seen, columns.keys)
        values = _values(name, wish, columns, choices, rows)
        write_all(folder, values)
        figures = _tried(folder, name, rows.content)
        bound, why = _bound(choices, figures)
        values["gate"] |= {"max": bound, "why": why}
        values["figures"] = [_row(model, one, choices.metric) for model, one in figures.items()]
        write(folder, "fleet.yaml.jinja", values)
        write(folder, "README.md.jinja", values)
        shutil.rmtree(folder / "steps" / "__pycache__", ignore_errors=True)
        shutil.copytree(folder, wish.into, dirs_exist_ok=True)
        files = tuple(sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()))
    return Drafted(name, columns, choices, figures, bound, rows.rejected, rows.records, files)


def figure(value: float | None, metric: str) -> str:
    """A figure as people write it."""
    if value is None or not math.isfinite(value):
        return "unknown"
    return f"{value:.1%}" if metric == "mape" else f"{value:,.4g}"


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _values(name: str, wish: Wish, columns: Columns, choices: Choices, rows: Standard) -> dict[str, Any]:
    """What the templates are filled with; labels as YAML."""
    share = rows.rejected / rows.records
    return {
        "name": name,
        "component": name.replace("-", "_"),
        "data": {"file": re.sub(r"[^\w .()-]", "_", wish.data.name)[:_LONGEST_SHOWN], "target": columns.target},
        "time": columns.time,
        "target": columns.target,
        "target_label": columns.target.replace("_", "-").strip("-"),
        "keys": columns.keys,
        "labels": {label: [yaml_text(value) for value in values] for label, values in choices.labels.items()},
        "models": choices.models,
        "max_rejected": f"{math.ceil(share * 100) + 1}%" if share else "1%",
        "schema": _schema("fleet.schema.json", wish.into),
        "owner": "forecasting",
        "gate": {"metric": choices.metric, "max": "100%" if choices.metric == "mape" else "1e12", "why": "provisional"},
        "figures": [],
        "findings": [printable(finding) for finding in choices.findings],
        "python": ".".join(platform.python_version_tuple()[:2]),
        "packages": {package: version(package) for package in _PACKAGES},
        **{one: getattr(choices, one) for one in _CHOSEN},
    }


_CHOSEN: Final = (
    "every",
    "combine",
    "gaps",
    "horizon",
    "season",
    "harmonics",
    "scale",
    "test_periods",
    "whole_periods",
    "why",
)


def _tried(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    """Train every model once, by the drafted steps themselves: golden sets, and figures that are really theirs."""
    with tempfile.TemporaryDirectory() as dataset:
        (Path(dataset) / f"{name}.csv").write_bytes(content)
        command = [sys.executable, str(folder / "steps" / "golden.py"), "--dataset", dataset]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            ended = subprocess.run(  # noqa: S603 - our own script
                command, capture_output=True, text=True, check=False, env=environment, timeout=_TRY_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            what = f"training once took more than {_TRY_SECONDS // 60} minutes"
            raise PermanentError("TooSlow", f"{what}; give a part of the file, or fewer columns with --by") from error
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise PermanentError("NotTrained", f"training once failed: {last}; other columns or a coarser --every may do")
    figures: dict[str, Any] = json.loads(ended.stdout)
    return figures


def _bound(choices: Choices, figures: Mapping[str, Any]) -> tuple[str, str]:
    """The bound that every model is held to, as the fleet file says it, and where it comes from."""
    naive = {model: one["naive"][choices.metric] for model, one in figures.items()}
    hardest = max(naive, key=lambda model: naive[model] or 0.0)
    worst = naive[hardest] or 0.0
    why = f"Drafted a quarter above the naive forecast of {hardest}, {figure(worst, choices.metric)}"
    if choices.metric == "mape":
        return f"{max(5, 5 * math.ceil(worst * _ABOVE_NAIVE * 20))}%", why
    bound = worst * _ABOVE_NAIVE or 1.0
    digits = 1 - math.floor(math.log10(bound))
    return f"{math.ceil(bound * 10**digits) / 10**digits:.15g}", why


def _row(model: str, figures: Mapping[str, Any], metric: str) -> dict[str, str]:
    own, baseline, naive = (figure(figures[name][metric], metric) for name in ("model", "baseline", "naive"))
    return {"model": model, "rows": f"{figures['rows']:,}", "baseline": baseline, "naive": naive, "own": own}


def _schema(file: str, folder: Path) -> str:
    """The way from a folder to a schema of this checkout, for editors."""
    return Path(os.path.relpath(APP_ROOT / "schemas" / file, folder.absolute())).as_posix()
