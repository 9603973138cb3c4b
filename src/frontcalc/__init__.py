"""frontcalc: how much territory changed hands, when and where, from dated maps of control.

>>> import frontcalc
>>> table = frontcalc.diff(["2023", "2024"], archive="maps")  # doctest: +SKIP
>>> table.to_frame()  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from frontcalc.archives import open_archive
    from frontcalc.errors import CheckFailed, DataError, FrontcalcError, NoDataError, UsageError
    from frontcalc.page import report
    from frontcalc.pipeline import (
        change_map,
        change_map_between,
        changes,
        changes_between,
        check_archive,
        check_regions,
        check_summaries,
        compare,
        convert,
        diff,
        diff_files,
        disagreements,
        fetch_regions,
        flows,
        held,
        list_archive,
        list_regions,
        places,
        sensitivity,
        series,
        show_region,
        summary,
        verify,
        write_summaries,
    )
    from frontcalc.viz.drawing import picture, plot
    from frontcalc.viz.notebook import notebook_html

_HOME = {
    "change_map": "pipeline",
    "change_map_between": "pipeline",
    "changes": "pipeline",
    "changes_between": "pipeline",
    "check_archive": "pipeline",
    "check_regions": "pipeline",
    "check_summaries": "pipeline",
    "compare": "pipeline",
    "convert": "pipeline",
    "diff": "pipeline",
    "diff_files": "pipeline",
    "disagreements": "pipeline",
    "fetch_regions": "pipeline",
    "flows": "pipeline",
    "held": "pipeline",
    "list_archive": "pipeline",
    "list_regions": "pipeline",
    "places": "pipeline",
    "report": "page",
    "sensitivity": "pipeline",
    "series": "pipeline",
    "show_region": "pipeline",
    "summary": "pipeline",
    "verify": "pipeline",
    "write_summaries": "pipeline",
    "notebook_html": "viz.notebook",
    "picture": "viz.drawing",
    "plot": "viz.drawing",
    "open_archive": "archives",
    "CheckFailed": "errors",
    "DataError": "errors",
    "FrontcalcError": "errors",
    "NoDataError": "errors",
    "UsageError": "errors",
}

__all__ = [
    "CheckFailed",
    "DataError",
    "FrontcalcError",
    "NoDataError",
    "UsageError",
    "__version__",
    "change_map",
    "change_map_between",
    "changes",
    "changes_between",
    "check_archive",
    "check_regions",
    "check_summaries",
    "compare",
    "convert",
    "diff",
    "diff_files",
    "disagreements",
    "fetch_regions",
    "flows",
    "held",
    "list_archive",
    "list_regions",
    "notebook_html",
    "open_archive",
    "picture",
    "places",
    "plot",
    "report",
    "sensitivity",
    "series",
    "show_region",
    "summary",
    "verify",
    "write_summaries",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `frontcalc --help` need not load numpy."""
    if name not in _HOME:
        raise AttributeError(f"module 'frontcalc' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"frontcalc.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
