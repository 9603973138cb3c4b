"""Where the regions of a result are from, and on what terms."""

from __future__ import annotations

from dataclasses import dataclass

from frontcalc import region_store
from frontcalc.embedded import load_embedded
from frontcalc.sources import SourceFile


@dataclass(frozen=True, slots=True)
class Terms:
    """Source and licence of a region set; empty where they are not known, as for a user's own file."""

    source: str = ""
    licence: str = ""

    @property
    def attribution(self) -> str:
        """Source and licence in one text."""
        return ", ".join(filter(None, (self.source, self.licence)))


def terms_of(file: SourceFile | None) -> Terms:
    """Return where a region file is from: told by its content, so that a fetched file is known by any name."""
    if file is None:
        return Terms()
    stored = load_embedded()
    if file.sha256 == stored.sha256:
        return Terms(stored.source, stored.licence)
    fetched = region_store.of_content(file.sha256)
    return Terms(fetched.source, fetched.licence) if fetched else Terms()
