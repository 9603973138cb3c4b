"""frontcalc: how much territory changed hands, when and where, from dated maps of control.

>>> import frontcalc
>>> table = frontcalc.diff(["2024"])  # the bundled sample; archive="maps" is a folder of one's own
>>> table
<Table of 34 DiffRow>
>>> round(table.rows[-1].net_km2)
2700
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontcalc import late

__version__ = "0.1.0"

if TYPE_CHECKING:
    from frontcalc.archives import open_archive
    from frontcalc.errors import CheckFailed, DataError, FrontcalcError, NoDataError, UsageError
    from frontcalc.page import report
    from frontcalc.pipeline.archive_checks import check_archive, list_archive
    from frontcalc.pipeline.archive_fetch import fetch, source_terms
    from frontcalc.pipeline.areas import held
    from frontcalc.pipeline.conversion import convert
    from frontcalc.pipeline.diffs import diff, diff_files
    from frontcalc.pipeline.explanations import explain_archive, write_legend
    from frontcalc.pipeline.pictures import change_map, change_map_between
    from frontcalc.pipeline.place_changes import places
    from frontcalc.pipeline.polygons import changes, changes_between
    from frontcalc.pipeline.publishers import compare, disagreements
    from frontcalc.pipeline.region_fetch import fetch_regions
    from frontcalc.pipeline.region_sets import check_regions, list_regions, show_region
    from frontcalc.pipeline.role_flows import flows
    from frontcalc.pipeline.sensitivities import sensitivity
    from frontcalc.pipeline.summaries import summary
    from frontcalc.pipeline.timeline import series
    from frontcalc.pipeline.trees import check_summaries, write_summaries
    from frontcalc.pipeline.verifying import verify
    from frontcalc.viz.drawing import picture, plot
    from frontcalc.viz.notebook import notebook_html

_HOME = {
    "change_map": "pipeline.pictures",
    "change_map_between": "pipeline.pictures",
    "changes": "pipeline.polygons",
    "changes_between": "pipeline.polygons",
    "check_archive": "pipeline.archive_checks",
    "check_regions": "pipeline.region_sets",
    "check_summaries": "pipeline.trees",
    "compare": "pipeline.publishers",
    "convert": "pipeline.conversion",
    "diff": "pipeline.diffs",
    "diff_files": "pipeline.diffs",
    "disagreements": "pipeline.publishers",
    "explain_archive": "pipeline.explanations",
    "fetch": "pipeline.archive_fetch",
    "fetch_regions": "pipeline.region_fetch",
    "flows": "pipeline.role_flows",
    "held": "pipeline.areas",
    "list_archive": "pipeline.archive_checks",
    "list_regions": "pipeline.region_sets",
    "places": "pipeline.place_changes",
    "report": "page",
    "sensitivity": "pipeline.sensitivities",
    "series": "pipeline.timeline",
    "show_region": "pipeline.region_sets",
    "source_terms": "pipeline.archive_fetch",
    "summary": "pipeline.summaries",
    "verify": "pipeline.verifying",
    "write_legend": "pipeline.explanations",
    "write_summaries": "pipeline.trees",
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
    __getattr__ = late.attributes("frontcalc", _HOME)


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
