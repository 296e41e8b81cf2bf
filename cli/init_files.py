"""The files of a drafted fleet, made of those in `templates/forecast`."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_TEMPLATES: Final = Path(__file__).with_name("templates") / "forecast"
_RENDERED: Final = ".jinja"


def write_all(folder: Path, values: Mapping[str, Any]) -> None:
    """Every file of the template."""
    for template in sorted(_TEMPLATES.rglob("*")):
        if template.is_file() and template.suffix in {_RENDERED, ".py"}:
            write(folder, template.relative_to(_TEMPLATES).as_posix(), values)


def write(folder: Path, template: str, values: Mapping[str, Any]) -> None:
    """Scripts are copied; what ends in `.jinja` is filled. Azure ML's own braces are left alone."""
    import jinja2  # noqa: PLC0415 - only this command needs it

    target = folder / template.removesuffix(_RENDERED)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not template.endswith(_RENDERED):
        shutil.copyfile(_TEMPLATES / template, target)
        return
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML and Python, not HTML
    )
    target.write_text(environment.get_template(template).render(values), encoding="utf-8")
