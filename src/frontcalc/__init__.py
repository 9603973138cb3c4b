"""frontcalc: how much territory changed hands, when and where, from dated maps of control.

>>> import frontcalc
>>> table = frontcalc.diff(["2024"])  # the bundled sample; archive="maps" is a folder of one's own
>>> table
<Table of 34 DiffRow>
>>> round(table.rows[-1].net_km2)
2700
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from frontcalc.archives import open_archive
    from frontcalc.errors import CheckFailed, DataError, FrontcalcError, NoDataError, UsageError
    from frontcalc.measure.archives import check_archive, convert, list_archive
    from frontcalc.measure.compare import compare, disagreements
    from frontcalc.measure.diff import change_map, change_map_between, changes, changes_between, diff, diff_files
    from frontcalc.measure.explain import explain_archive, write_legend
    from frontcalc.measure.fetch import fetch, source_terms
    from frontcalc.measure.fetch_regions import fetch_regions
    from frontcalc.measure.held import flows, held
    from frontcalc.measure.places import places
    from frontcalc.measure.regions import check_regions, list_regions, show_region
    from frontcalc.measure.sensitivity import sensitivity
    from frontcalc.measure.series import series
    from frontcalc.measure.summary import summary
    from frontcalc.measure.trees import check_summaries, write_summaries
    from frontcalc.measure.verify import verify
    from frontcalc.page import report
    from frontcalc.viz.charts import notebook_html, picture, plot

_MODULES = {
    "archives": "open_archive",
    "errors": "CheckFailed DataError FrontcalcError NoDataError UsageError",
    "measure.archives": "check_archive convert list_archive",
    "measure.compare": "compare disagreements",
    "measure.diff": "change_map change_map_between changes changes_between diff diff_files",
    "measure.explain": "explain_archive write_legend",
    "measure.fetch": "fetch source_terms",
    "measure.fetch_regions": "fetch_regions",
    "measure.held": "flows held",
    "measure.places": "places",
    "measure.regions": "check_regions list_regions show_region",
    "measure.sensitivity": "sensitivity",
    "measure.series": "series",
    "measure.summary": "summary",
    "measure.trees": "check_summaries write_summaries",
    "measure.verify": "verify",
    "page": "report",
    "viz.charts": "notebook_html picture plot",
}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

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
    "explain_archive",
    "fetch",
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
    "source_terms",
    "summary",
    "verify",
    "write_legend",
    "write_summaries",
]


if not TYPE_CHECKING:  # a type checker knows the names, and is to find those that are not there
    # `frontcalc --help` need not load numpy.
    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"frontcalc.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
