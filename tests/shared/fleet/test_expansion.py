"""The matrix: any labels and values give each combination once."""

import tempfile
from math import prod
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.fleet.loader import load_fleet

VALUES = st.lists(st.text("abcXYZ019", min_size=1, max_size=4), min_size=1, max_size=4, unique_by=str.lower)
MATRIX = st.dictionaries(st.sampled_from(["region", "format", "movement"]), VALUES, min_size=1)


@settings(max_examples=40)
@given(MATRIX)
def test_every_combination_of_labels_is_one_model(matrix: dict[str, list[str]]) -> None:
    """As many models as combinations, each with its own labels, name and parameters, found by every cell of its own."""
    pattern = "m-" + "-".join(f"{{{label}}}" for label in matrix)
    labels = "".join(
        f"  {label}: [{', '.join(f'"{value}"' for value in values)}]\n" for label, values in matrix.items()
    )
    parameters = ", ".join(f'{label}: "{{{label}}}"' for label in matrix)
    text = f"""\
fleet: any
matrix:
{labels}
sources: {{raw: {{files: "raw/{{week}}.csv", recipe: any.yaml}}}}
datasets: {{weekly: {{from: [raw], per: [{", ".join([*matrix, "week"])}]}}}}
models:
  {pattern}:
    train: {{pipeline: any.yaml, data: weekly, with: {{{parameters}}}}}
    serve: {{batch: any.yaml}}
    golden: any.yaml
gates: {{accuracy: {{metric: rmse, max: 3}}}}
"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.yaml"
        path.write_text(text)
        (Path(folder) / "any.yaml").touch()
        fleet = load_fleet(path)
    assert len(fleet.models) == prod(map(len, matrix.values()))
    assert len({policy.model for policy in fleet.models}) == len(fleet.models)
    for policy in fleet.models:
        assert policy.train.parameters == policy.labels
        assert policy.model == "-".join(["m", *policy.labels.values()]).lower()
    claim = fleet.claim("raw/2013-W07.csv")
    assert claim is not None
    trained = [policy for cell in fleet.cells("weekly", claim) for policy in fleet.models_of("weekly", cell)]
    assert sorted(policy.model for policy in trained) == sorted(policy.model for policy in fleet.models)
