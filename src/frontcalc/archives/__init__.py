"""Archives: which dated maps a folder, a zip or a file holds. An index has no geometry."""

from frontcalc.archives.archive import (
    NOT_STATED,
    SAMPLE_NAME,
    Archive,
    SnapshotRef,
    archive_path,
    explain_command,
    open_archive,
    pair_archive,
    split_name,
)
from frontcalc.archives.companions import refuse_changes, refuse_place
from frontcalc.archives.file_dates import Dating, Part, day_stated, in_force, intervals, refuse_other_times

__all__ = ["Archive", "Dating", "SnapshotRef", "open_archive"]  # what is public; the package itself has the others too
