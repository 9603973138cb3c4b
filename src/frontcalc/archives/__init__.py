"""Archives: which dated maps a folder, a zip or a file holds. An index has no geometry."""

from frontcalc.archives.dating import Dating
from frontcalc.archives.index import Archive, Part, Selection, SnapshotRef, explain_command
from frontcalc.archives.opening import SAMPLE_NAME, archive_path, open_archive, open_sample, pair_archive
from frontcalc.archives.written import refuse_changes, refuse_place

__all__ = [
    "SAMPLE_NAME",
    "Archive",
    "Dating",
    "Part",
    "Selection",
    "SnapshotRef",
    "archive_path",
    "explain_command",
    "open_archive",
    "open_sample",
    "pair_archive",
    "refuse_changes",
    "refuse_place",
]
