"""``signalbox init``: what it finds in one's own data, what it chooses, and what it refuses."""

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result
from vega_datasets import local_data

from cli.init_choose import choose
from cli.init_data import Columns
from cli.init_draft import fleet_name
from cli.init_labels import with_labels
from cli.init_seen import see
from cli.main import app
from shared.errors import PermanentError
from shared.fleet.checks import NAME
from shared.fleet.loader import check_fleet, load_fleet

HEAD = "store,day,sold\n"
STOCKS = Path(local_data.stocks.filepath)
WEATHER = Path(local_data.seattle_weather.filepath)


def run(*arguments: str) -> Result:
    """The command, as somebody calls it."""
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def stocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet drafted from prices of five stocks, month by month."""
    folder = tmp_path_factory.mktemp("drafted") / "stocks"
    result = run("init", "--data", str(STOCKS), "--target", "price", "--time", "date", "--by", "symbol",
                 "--into", str(folder))  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder


def test_a_model_per_series_with_honest_figures(stocks: Path) -> None:
    """The naive forecast stands beside them, and the fleet file is right at once."""
    assert check_fleet(stocks / "fleet.yaml") == ()
    fleet = load_fleet(stocks / "fleet.yaml")
    assert [one.model for one in fleet.models] == [
        f"stocks-price-{one}" for one in ("aapl", "amzn", "goog", "ibm", "msft")
    ]
    readme = (stocks / "README.md").read_text()
    assert "| price-ibm | 24 | 21.1% | 5.8% | 5.8% |" in readme
    assert all((stocks / one.golden).is_file() for one in fleet.models)


def test_everything_drafted_passes_its_checks(stocks: Path) -> None:
    """Recipe, pipelines and scripts; none of them has a note."""
    told = run("recipe", "check", str(stocks / "recipes" / "stocks.yaml"), "--sample", str(STOCKS)).output
    assert "560 rows read = 560 written" in told
    for name in ("train", "score"):
        result = run("check", str(stocks / "pipelines" / f"{name}.yml"))
        assert (result.exit_code, "note:" in result.output) == (0, False), result.output
    ruff = [str(Path(sys.executable).with_name("ruff")), "check", "--no-cache", str(stocks)]
    ended = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_no_step_sees_what_comes_later(stocks: Path, tmp_path: Path) -> None:
    """Features of the test period stay the same when the values that they are to forecast are others."""
    told = pl.read_csv(STOCKS).with_columns(pl.col("date").str.to_date("%b %e %Y"))
    last = date(2010, 3, 1)
    script = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); from pathlib import Path;"
        "from series import read_series, build_rows, TAKEN;"
        "rows = build_rows(read_series(Path(sys.argv[2]), {}));"
        "print(json.dumps(rows[rows['period'] <= '2010-03-01'][TAKEN].to_numpy().tolist()))"
    )
    made = []
    for name, factor in (("before", 1.0), ("after", 9.0)):
        (tmp_path / name).mkdir()
        changed = pl.when(pl.col("date") == last).then(pl.col("price") * factor).otherwise(pl.col("price"))
        told.with_columns(changed.alias("price")).write_csv(tmp_path / name / "stocks.csv")
        command = [sys.executable, "-c", script, str(stocks / "steps"), str(tmp_path / name)]
        made.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    assert made[0] == made[1]


def test_one_series_with_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    """Days, negative values: errors count as they are, and the recipe reads the dialect."""
    data = tmp_path / "Wetter 2012.csv"
    text = WEATHER.read_text().splitlines()[:400]
    data.write_text("\n".join(";".join(cell.replace(".", ",") for cell in line.split(",")) for line in text) + "\n")
    result = run("init", "--data", str(data), "--target", "temp_max", "--time", "date", "--into", str(tmp_path / "f"),
                 "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert (told["fleet"], told["chosen"]["every"], told["chosen"]["metric"]) == ("wetter-2012", "day", "rmse")
    assert 'decimal: ","' in (tmp_path / "f" / "recipes" / "wetter-2012.yaml").read_text()
    assert list(told["figures"]) == ["temp-max"]


@pytest.mark.parametrize(
    ("content", "arguments", "told"),
    [
        (None, (), "there is no file"),
        ("", (), "is empty"),
        (HEAD, (), "no"),
        ("\x00\x01\x02\x03" * 500, (), "data"),
        (HEAD + "A,2026-01-01,1\n", ("--target", "solt"), "did you mean `sold`?"),
        (HEAD + "A,2026-01-01,1\n", ("--by", "shop"), "--by shop: there is no such column"),
        (HEAD + "A,2026-01-01,1\n", ("--time", "store", "--by", "day"), "columns with dates: day"),
        (HEAD + "A,2026-01-01,1\n", ("--target", "store", "--by", "sold"), "columns with numbers: sold"),
        (HEAD + "A,2026-01-01,1\n", ("--by", "sold"), "is --target already"),
        (HEAD + "A,2026-01-01,1\n", ("--by", "store,store"), "names store twice"),
        (HEAD + "A,2026-01-01,1\n", (), "more than one date"),
        (HEAD + "".join(f"A,2026-01-{day:02},1\n" for day in range(1, 20)), (), "it takes 24"),
        (HEAD + "".join(f"A,2026-01-{day:02},1\n" for day in range(1, 31)), ("--every", "month"), "--every day"),
        (HEAD + "".join(f"A,20{year:02}-01-01,1\n" for year in range(30)), ("--every", "day"), "coarser one"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_kindly(
    tmp_path: Path, content: str | None, arguments: tuple[str, ...], told: str
) -> None:
    """With what would be right; nothing is written."""
    data, folder = tmp_path / "data.csv", tmp_path / "out"
    if content is not None:
        data.write_text(content)
    given = {"--target": "sold", "--time": "day", "--by": "store"} | dict(
        zip(arguments[::2], arguments[1::2], strict=True)
    )
    result = run("init", "--data", str(data), "--into", str(folder), *(part for pair in given.items() for part in pair))
    assert (result.exit_code, told in result.output) == (1, True), result.output
    assert not folder.exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """Unless somebody says so."""
    (tmp_path / "mine.txt").write_text("mine")
    result = run("init", "--data", str(STOCKS), "--target", "price", "--time", "date", "--into", str(tmp_path))
    assert (result.exit_code, "--force" in result.output) == (1, True)
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


def _frame(series: int, days: int, step: int = 1, rows: int = 1, value: float = 5.0) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"day": date(2020, 1, 1) + timedelta(days=step * day), "sold": value, "store": f"S{one}"}
            for one in range(series)
            for day in range(days)
            for _ in range(rows)
        ]
    )


COLUMNS = Columns("day", "sold", ("store",), {})


@pytest.mark.parametrize(("step", "every"), [(1, "day"), (7, "week"), (30, "month"), (91, "quarter"), (365, "year")])
def test_the_period_is_the_data_s_own(step: int, every: str) -> None:
    """By how far rows of a series are apart."""
    assert see(_frame(1, 40, step), COLUMNS, None).every == every


def test_several_rows_of_a_day_add_up_and_none_is_zero() -> None:
    """An amount; a price would be the mean, and stay as it was."""
    seen = see(_frame(2, 60, rows=3), COLUMNS, None)
    assert (choose(seen, "sold", None).combine, choose(seen, "sold", None).gaps) == ("sum", "zero")
    assert (choose(seen, "unit_price", None).combine, choose(seen, "unit_price", None).gaps) == ("mean", "last")


def test_too_many_series_are_refused() -> None:
    """With what to do."""
    with pytest.raises(PermanentError, match="coarser columns"):
        see(_frame(5_001, 1), COLUMNS, None)


def test_many_stores_share_a_model() -> None:
    """And few have one each; one that is too short is left out, and told."""
    seen = see(_frame(40, 60), COLUMNS, None)
    shared = with_labels(choose(seen, "sold", None), seen, ("store",))
    assert (shared.labels, shared.models) == ({}, 1)
    assert "there would be 40 models" in shared.findings[-1]
    few = pl.concat([_frame(3, 60), _frame(1, 5).with_columns(store=pl.lit("new"))])
    seen = see(few, COLUMNS, None)
    own = with_labels(choose(seen, "sold", None), seen, ("store",))
    assert own.labels == {"store": ("S0", "S1", "S2")}
    assert "new" in own.findings[-1]


@given(st.text(max_size=60))
def test_any_file_gives_a_name_for_a_fleet(text: str) -> None:
    """Whatever it is called."""
    assert NAME.fullmatch(fleet_name(Path("x.csv"), text or "x"))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 120), st.sampled_from([1, 7, 30, 91]), st.integers(1, 40))
def test_what_is_chosen_leaves_rows_to_train_on(days: int, step: int, horizon: int) -> None:
    """Or it is refused: never a draft that cannot be trained."""
    try:
        seen = see(_frame(1, days, step), COLUMNS, None)
        chosen = with_labels(choose(seen, "sold", horizon), seen, ("store",))
    except PermanentError:
        return
    assert seen.periods - chosen.test_periods >= chosen.needed + 8
    assert chosen.models == 1
