"""The table of sources: where maps are fetched from, and on what terms; `data/sources.toml`."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, fields
from pathlib import Path

from frontcalc.config import read_toml
from frontcalc.errors import DataError, UsageError

VARIABLE = "FRONTCALC_SOURCES"  # the environment variable that names another table
_TABLE = Path(__file__).parents[1] / "data" / "sources.toml"
_NOT_STATED = "licence not stated"
_KINDS = ("arcgis", "arcgis-live", "deepstate", "git")


@dataclass(frozen=True, slots=True)
class Service:
    """A layer of an ArcGIS service below the source's base, or of the user's by its whole address."""

    layer: str
    field: str = ""  # its date field, where that has to be said
    newer: str = ""  # what the publisher has begun to call it, asked for where `layer` is gone


@dataclass(frozen=True, slots=True)
class MapSource:
    """Where maps are from, and on what terms."""

    name: str
    kind: str  # how it is fetched
    title: str = ""  # what it has
    publisher: str = ""
    attribution: str = ""
    licence: str = ""
    unresolved: str = ""  # what is not known of the licence
    terms: str = ""  # where the publisher says what is allowed
    restricted: bool = False  # must be accepted before anything is fetched
    as_of_offset_days: int = 0  # to add to the stamp of a file for the day that it shows
    base: str = ""  # where its files or services lie
    listing: str = ""  # where its files are listed
    files: str = ""  # how their names are written
    services: tuple[Service, ...] = ()  # of which the first that has a day counts
    urls: tuple[str, ...] = ()  # of plain files, which the user names
    layer: str = ""  # the mark of its features
    prefix: str = ""  # with which names of files begin
    view: str = ""  # of its archives

    @property
    def licence_line(self) -> str:
        """Licence and what is unresolved of it, as outputs repeat it."""
        return "; ".join(filter(None, (self.licence, f"unresolved: {self.unresolved}" if self.unresolved else "")))


# Not in the table, since their addresses are the user's.
OF_USER = {
    "arcgis": MapSource("arcgis", "arcgis-url", "any layer of a FeatureServer with a date field", licence=_NOT_STATED),
    "url": MapSource("url", "url", "plain files by their addresses", licence=_NOT_STATED),
}


def sources() -> dict[str, MapSource]:
    """Return the sources of the table by name; raise DataError where it cannot be read or is none of sources."""
    chosen = os.environ.get(VARIABLE)
    path = Path(chosen) if chosen else _TABLE
    try:
        by_name = {}
        for name, entry in read_toml(path, where=path.name).items():
            services = tuple(Service(**service) for service in entry.get("services", ()))
            source = by_name[name] = MapSource(**entry | {"name": name, "services": services})
            for field in fields(MapSource):
                own = getattr(source, field.name)
                if type(own) is not type(field.default) and field.name not in ("name", "kind"):
                    raise ValueError(f"{field.name} of {name} is {own!r}")
            if source.kind not in _KINDS:
                raise ValueError(f"kind of {name} is {source.kind!r}, not one of {', '.join(_KINDS)}")
        return by_name
    except (ValueError, TypeError, AttributeError, DataError) as error:
        reason = error.problem if isinstance(error, DataError) else error
        raise DataError(f"is no table of sources: {reason}", where=path.name, cure=f"see {VARIABLE}") from error


def find_source(name: str) -> MapSource:
    """Return a source by its name, or raise UsageError with the nearest names."""
    known = sources() | OF_USER
    if name in known:
        return known[name]
    if "://" in name:
        from frontcalc.network.client import host_of

        # Not shown whole: it may hold a secret.
        cure = "put arcgis or url before it, as in: frontcalc fetch url https://…"
        raise UsageError("is an address and no source", where=host_of(name), cure=cure)
    near = difflib.get_close_matches(name.casefold(), known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"no source is named {name[:60]!r}", cure=f"{hint}sources are {', '.join(known)}")


def known_sources() -> dict[str, str]:
    """Return the names of all sources, and what each has."""
    return {name: source.title for name, source in (sources() | OF_USER).items()}
