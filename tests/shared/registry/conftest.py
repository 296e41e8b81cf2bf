"""What every test of a registry registers."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The smallest thing that is an MLflow model."""
    model = tmp_path / "model"
    (model / "code").mkdir(parents=True)
    (model / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: none\nmodel_uuid: m-1\n")
    (model / "code" / "weights.bin").write_bytes(bytes(range(256)))
    return model
