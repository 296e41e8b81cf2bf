"""`python -m benchmarks.package`: what goes to Azure, how large it is, and what its first import costs from there.

- `files`, `source_kb`, `zip_kb`: of the checkout, what `.funcignore` leaves: as it lies there, and as it is sent.
- `packages`, `installed_mb`: what the remote build installs from `requirements.txt`, here by a fresh `uv pip install`
  for this machine; without compiled files, as pip would add them. `largest` names the five largest, in MB.
- `cold_import_s`: `import function_app` in a fresh process that finds nothing but the package and what was installed,
  compiled before; the median of eleven. `first_import_s` is the very first, which compiles; `bare_s` only starts
  Python.
- `modules`: how many modules that import loads.
- `alone`: whether all rooms of the app can be imported so, which proves that nothing outside is needed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from infra.pipelines.package import packaged_files, write_package
from shared.settings import APP_ROOT

ROUNDS = 11
UV = APP_ROOT / ".tools" / "uv" / "bin" / "uv"
ROOMS = """
import importlib, pkgutil, functions, shared
for package in (functions, shared):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
"""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def measure() -> dict[str, object]:
    """The result, as above."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app, packages = folder / "app", folder / "packages"
        write_package(APP_ROOT, folder / "package.zip")
        with zipfile.ZipFile(folder / "package.zip") as package:
            package.extractall(app)
        install(packages)
        sizes = _sizes(packages)
        first = _seconds("import function_app", app, packages)
        times = [_seconds("import function_app", app, packages) for _ in range(ROUNDS)]
        bare = [_seconds("pass", app, packages) for _ in range(ROUNDS)]
        largest = sorted(sizes, key=lambda one: -sizes[one])[:5]
        return {
            "files": len(packaged_files(APP_ROOT)),
            "source_kb": round(sum((APP_ROOT / one).stat().st_size for one in packaged_files(APP_ROOT)) / 1000),
            "zip_kb": round((folder / "package.zip").stat().st_size / 1000),
            "packages": len(list(packages.glob("*.dist-info"))),
            "installed_mb": round(sum(sizes.values()) / 1e6, 1),
            "largest": {one: round(sizes[one] / 1e6, 1) for one in largest},
            "cold_import_s": round(statistics.median(times), 3),
            "first_import_s": round(first, 3),
            "bare_s": round(statistics.median(bare), 3),
            "modules": int(_run("import sys, function_app; print(len(sys.modules))", app, packages)),
            "alone": _run(ROOMS + "print('all')", app, packages) == "all",
        }


def install(target: Path) -> None:
    """What the remote build installs, into a folder of its own."""
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", sys.executable, "--target", target, "--link-mode", "copy",
         "--no-deps", "--requirements", APP_ROOT / "requirements.txt"],
        check=True,
    )  # fmt: skip


def _sizes(packages: Path) -> dict[str, int]:
    """Bytes by what lies at the top."""
    return {
        one.name: sum(file.stat().st_size for file in (one.rglob("*") if one.is_dir() else (one,)) if file.is_file())
        for one in packages.iterdir()
    }


def _seconds(statement: str, app: Path, packages: Path) -> float:
    started = time.perf_counter()
    _run(statement, app, packages)
    return time.perf_counter() - started


def _run(statement: str, app: Path, packages: Path) -> str:
    """Run it where nothing can be imported but the standard library, the package and what was installed."""
    code = f"import sys; sys.path[:0] = [{str(app)!r}, {str(packages)!r}]\n{statement}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=app,
        env=ENVIRONMENT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    print(json.dumps(measure()))
