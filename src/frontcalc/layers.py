"""What publishers call their layers, and what those layers mean: actor and role.

The tables at the top are what to edit when a publisher renames a layer; a new publisher is a table in `_PUBLISHERS`.
A `Legend` is what an archive, or whoever measures it, says of its layers beside them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache

from frontcalc.names import look, printable


class Role(StrEnum):
    """What a layer says about the ground inside it."""

    CONTROL = "control"
    ADVANCE = "advance"
    CLAIMED = "claimed"
    INFILTRATION = "infiltration"
    CONTESTED = "contested"
    COUNTEROFFENSIVE = "counteroffensive"
    PRE2022 = "pre2022"
    LOST = "lost"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Layer:
    """Whose layer it is and what it means."""

    actor: str  # whose territory the layer shows; `UNNAMED` where the map does not say
    role: Role  # what being inside the layer means
    # True where the publisher draws all that the actor holds in this one role: control and assessed are the same.
    whole: bool = False
    legend: str = ""  # whose table names it: a publisher's, `OWN` for the archive's own; empty where nothing names it
    # The last day on which its publisher draws it, and whether nothing is held in it from then on.
    until: date | None = field(default=None, compare=False)
    empty: bool = field(default=False, compare=False)


OWN = "own"  # the legend that an archive states itself: maps explained by it can be compared with any publisher's
UNNAMED = "unnamed"  # the actor of a map without layer names: one polygon set, held by whoever the user knows it is
# How a table's title names an actor's territory; the order is that of the main actor's choice.
ADJECTIVES = {"Russia": "Russian-held", "Ukraine": "Ukrainian-held", UNNAMED: "Held"}
COUNTRIES = {"Russia": "RU", "Ukraine": "UA"}  # of each actor (ISO 3166-1): its own regions cannot be taken by it
ALPHA_3 = {"RUS": "RU", "UKR": "UA"}  # the three-letter codes of those countries, as some region files have them
INNER = "layer in the file"  # the property in which readers put the name of the layer or folder in its file
LAYER_FIELDS = ("layer", "type")  # hold a layer's name, in any case; `name` does where it is of DeepState's form
# Names of properties, letters and digits alone, that tell whose ground it is where they have two or more values.
TELLING = frozenset(
    (
        *("layer", "type", "class", "category", "kind", "status", "state", "control", "controlledby", "controller"),
        *("faction", "side", "party", "belligerent", "owner", "holder", "heldby", "occupier", "actor", "group", "army"),
        *("force", "allegiance", "legend", "role", "fill", "fillcolor", "color", "colour", "stroke", "style"),
        *("styleurl", "symbol", "folder"),
    )
)

_CONTROL = Layer("Russia", Role.CONTROL)
_ADVANCE = Layer("Russia", Role.ADVANCE)
_CLAIMED = Layer("Russia", Role.CLAIMED)
_INFILTRATION = Layer("Russia", Role.INFILTRATION)
_PRE2022 = Layer("Russia", Role.PRE2022)
_ALL_HELD = Layer("Russia", Role.CONTROL, whole=True)
_GREY = Layer("Russia", Role.CONTESTED)
_NOT_HELD = Layer("Russia", Role.LOST)
_COUNTEROFFENSIVE = Layer("Ukraine", Role.COUNTEROFFENSIVE)
_KURSK = Layer("Ukraine", Role.CONTROL, whole=True)
_OF_RUSSIA = Layer("Russia", Role.OTHER)
_OF_UKRAINE = Layer("Ukraine", Role.OTHER)

# One spelling serves all that differ in case, spaces, underscores and hyphens, and those that
# differ by what the hosting service adds: VIEW_, MDS_, _view, _V3.
_ISW: dict[str, Layer] = {
    # ISW as prepared by newsrooms: one GeoJSON a date
    "control_map": _CONTROL,
    "russian_advances": _ADVANCE,
    "kursk_ukrainian_advance": _KURSK,
    # ISW's services, with the titles that they carry
    "VIEW_RussiaCoTinUkraine_V3": _CONTROL,
    "Assessed Russian-controlled Ukrainian Territory": _CONTROL,
    "MDS_AssessedRussianAdvanceInUkraine_view": _ADVANCE,
    "VIEW_ClaimedRussianTerritoryinUkraine_V2": _CLAIMED,
    "Claimed Russian Control over Ukrainian Territory": _CLAIMED,
    "VIEW_ClaimedUkrainianCounteroffensives_V2": _COUNTEROFFENSIVE,
    "View_AssessedRussianInfiltrationAreasinUkraine_V4": _INFILTRATION,
    "VIEW_Russian_controlled_Ukrainian_Territory_before_February_24_2022": _PRE2022,
    "DonbasBeforeFeb24_2022": _PRE2022,
    "Claimed_Limit_of_Ukrainian_Advance_VIEW": _KURSK,
    # What is new of one day lies inside the layers above.
    "Assessed_Russian_Gains_in_the_Past_24_Hours_view": _OF_RUSSIA,
    "ClaimedUkrainianCounteroffensivesinthePast24HoursV2": _OF_UKRAINE,
    # ISW's shapefiles, without the day in their names
    "UkraineControlMap": _CONTROL,
    "RussianAssessedCoTinUkraine": _CONTROL,
    "AssessedRussianControl": _CONTROL,
    "AssessedRussianAdvancesinUkraine": _ADVANCE,
    "ClaimedUkrainianControl": _COUNTEROFFENSIVE,
    "ReportedUkrainianPartisanWarfare": _OF_UKRAINE,
    # those of 2022
    "RussianAssessedAdvanceinUkraine": _ADVANCE,
    "RussianAssessedAdvancesinUkraine": _ADVANCE,
    "RussianClaimedCoTinUkraine": _CLAIMED,
    "UkrainianClaimedCounterOffensives": _COUNTEROFFENSIVE,
    "UkrainianReportedPartisanWarfare": _OF_UKRAINE,
    "Kursk Incursion Claimed Limit of Ukrainian Advance": _KURSK,
    "Kursk Incursion Ukrainian Advances in Russia": _KURSK,
    "Ukrainian Advances in Russia": _KURSK,
    # Russia retakes its own ground there: added to what it holds of Ukraine it would swell the total.
    "Kursk Incursion Russian Advances in Russia": _OF_RUSSIA,
    "Kursk Incursion Russian Claims in Russia": _OF_RUSSIA,
    "Russian Advances in Russia": _OF_RUSSIA,
    "Claimed Russian Advances in Russia": _OF_RUSSIA,
}

CLAIMED_LIMITS = (
    *("kurskukrainianadvance", "claimedlimitofukrainianadvance"),
    "kurskincursionclaimedlimitofukrainianadvance",
)
"""Layers of control, by their spelling, that to 1 December 2024 show what ISW calls a claimed limit."""

_NZZ: dict[str, Layer] = {
    # what is held, split by what is new; `losses` are drawn but not held
    "nochange": _ALL_HELD,
    "gains": _ALL_HELD,
    "losses": _NOT_HELD,
}

# As published: as meant.
_MISSPELT = {
    "UkraineControlMao": "UkraineControlMap",
    "UkraineControlMa": "UkraineControlMap",
    "UkaineControlMap": "UkraineControlMap",
    "UkaineControlMa": "UkraineControlMap",
    "UkrainianControlMap": "UkraineControlMap",
    "UkrainianControlMa": "UkraineControlMap",
    "ClaimedRusianTerritoryinUkraine": "ClaimedRussianTerritoryinUkraine",
    "ClaimedUkrianianCounteroffensives": "ClaimedUkrainianCounteroffensives",
    "ReportedUkrianianPartisanWarfare": "ReportedUkrainianPartisanWarfare",
}

# What DeepState draws of other countries' ground, some of it «occupied» in jest.
_ELSEWHERE = (
    *("abkhazia", "estonia", "ichkeria", "karelia", "kuril", "latvia", "pechorsky-district"),
    *("petsamo", "prussia", "salla", "transnistria", "tskhinvali-district"),
)
# DeepState's own features, whose `name` is «Ukrainian /// English /// code».
# Crimea and the ground held since 2014 count as control: DeepState publishes what is occupied as one
# total with them, and ground drawn over from one of these classes to another has not changed hands.
_CODES: dict[str, Layer] = {
    # the mirror has no property, the file's name tells
    "deepstatemap_data": _ALL_HELD,
    "geoJSON.status.occupied": _ALL_HELD,
    "geoJSON.territories.crimea": _ALL_HELD,
    "geoJSON.territories.ordlo": _ALL_HELD,
    "geoJSON.territories.tuzla": _ALL_HELD,
    "geoJSON.status.unknown": _GREY,  # the grey zone
    "geoJSON.status.dismissed": _NOT_HELD,  # liberated
    "geoJSON.status.dismissed_at": _NOT_HELD,
    "geoJSON.status.liberated": _NOT_HELD,
    "geoJSON.zmiinyi_island": _NOT_HELD,
    **{f"geoJSON.territories.{place}": _OF_RUSSIA for place in _ELSEWHERE},
}

# The English of maps drawn before there were codes: the code it has now.
_ENGLISH = {
    "Occupied": "geoJSON.status.occupied",
    "Occupied Crimea": "geoJSON.territories.crimea",
    "CADR and CALR": "geoJSON.territories.ordlo",
    "Unknown status": "geoJSON.status.unknown",
    "Liberated": "geoJSON.status.dismissed",
    "Transnistria": "geoJSON.territories.transnistria",
}

_PUBLISHERS = {"ISW": _ISW, "NZZ": _NZZ, "DeepState": _CODES}
# In lower case, the property in which a publisher alone has its names: that of other maps may hold anything.
PUBLISHERS_FIELDS = {"DeepState": "name"}

_HELD_STEM = r"(?:окупован|захоплен|зайнят)"
# The Ukrainian of spring 2022, told by stem, whatever date or place stands beside it: the first that fits, since a name
# may say what was occupied and is no longer. What is «not occupied» says nothing more.
_STEMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"\bпридністров", "geoJSON.territories.transnistria"),
        (rf"(?=.*{_HELD_STEM}).*\bабхаз", "geoJSON.territories.abkhazia"),
        (rf"(?=.*{_HELD_STEM}).*\bцхінвал", "geoJSON.territories.tskhinvali-district"),
        (rf"(?=.*{_HELD_STEM}).*\bічкері", "geoJSON.territories.ichkeria"),
        (rf"(?=.*{_HELD_STEM}).*\bкарелі", "geoJSON.territories.karelia"),
        (rf"(?=.*{_HELD_STEM}).*\bкурил", "geoJSON.territories.kuril"),
        (rf"(?=.*{_HELD_STEM}).*\bпрусс?і", "geoJSON.territories.prussia"),
        (r"звільнен|деокупован|під контролем зсу|орки відсутні", "geoJSON.status.dismissed"),
        (r"під питанням|невідом", "geoJSON.status.unknown"),
        (rf"\bне[\s-]?{_HELD_STEM}", ""),
        (r"\bкрим(?:у|ом)?\b", "geoJSON.territories.crimea"),
        (r"\bордло\b", "geoJSON.territories.ordlo"),
        (r"\bтузл", "geoJSON.territories.tuzla"),
        (_HELD_STEM, "geoJSON.status.occupied"),
    )
)

_PUNCTUATION = re.compile(r"[\W_]+")
# Signs tell values apart: «A+» is not «A-», nor «Ukraine» what is written «Ukraine?».
_SEPARATORS = re.compile(r"(?!^-|-$|[+?!])[\W_]")
_HOSTING = re.compile(r"^(?:view|mds)+|(?:view|v\d+)+$")


def _fold(name: str) -> str:
    """Return a name without what spellings differ by, case and punctuation; what has no letters, as -1, stays."""
    text = " ".join(unicodedata.normalize("NFC", name).casefold().split())
    folded = _SEPARATORS.sub("", text)
    return folded if any(map(str.isalpha, folded)) else text


_FOLDED = {
    _HOSTING.sub("", _fold(name)): replace(layer, legend=legend)
    for legend, table in _PUBLISHERS.items()
    for name, layer in table.items()
}
_MEANT = {_fold(name): _fold(meant) for name, meant in _MISSPELT.items()}
_CODE_NAMES = {_fold(code): code for code in _CODES}
_ENGLISH_CODES = {_fold(english): code for english, code in _ENGLISH.items()}

UNDIFFERENTIATED = Layer(UNNAMED, Role.CONTROL, whole=True)


@dataclass(frozen=True, slots=True)
class Legend:
    """What tells the layers of an archive's maps, and what they mean, beside the tables of publishers."""

    layers: tuple[tuple[str, Layer], ...] = ()  # what names mean; they come before the tables
    field: str = ""  # the property whose values are those names; empty where the usual ones are
    ignore: tuple[str, ...] = ()  # properties whose values tell nothing, as the region that a polygon lies in

    def is_ignored(self, field: str) -> bool:
        """Say whether a property is one whose values tell nothing."""
        return plain(field) in map(plain, self.ignore)


def find_layer(name: str) -> Layer | None:
    """Return what a publisher's layer name means, in any case and punctuation; None where it is unknown."""
    return _FOLDED.get(spelling(name))


@lru_cache(maxsize=1024)
def plain(field: str) -> str:
    """Return a property's name as it is compared: letters and digits alone, in any case."""
    return _PUNCTUATION.sub("", unicodedata.normalize("NFC", field).casefold())


def value_of(value: object) -> str:
    """Return a property's value as a name: a text on one line, a whole number, a truth or several values."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict) and value:
        value = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return printable(" ".join(str(value).split())) if isinstance(value, str | int) else ""


def layer_names(properties: Mapping[str, object], field: str = "") -> Iterator[str]:
    """Yield the names that may tell which layer a feature is of, those that are looked at first before others.

    A publisher's own property counts only by that publisher's names, since other maps name places by it. DeepState's
    come as codes, so that all that is occupied is one layer. Before all others comes `field`, of the archive's legend.
    """
    own: dict[str, object] = {}
    for key, value in properties.items():
        own.setdefault(key.casefold(), value)
    named = (value for key, value in properties.items() if plain(key) == plain(field)) if field else ()
    for value in (*named, *(own.get(wanted) for wanted in LAYER_FIELDS)):
        if stated := value_of(value):
            yield stated
    for publisher, key in PUBLISHERS_FIELDS.items():
        if isinstance(name := own.get(key), str) and (known := _published_name(publisher, name)):
            yield known
    if inner := value_of(properties.get(INNER)):
        yield inner


def _published_name(publisher: str, name: str) -> str:
    """Return a name where it is its publisher's, else nothing; DeepState's as its code, or as it is in that form."""
    if publisher != "DeepState":
        return value_of(name) if (layer := find_layer(name)) and layer.legend == publisher else ""
    if "///" in name:
        return _CODE_NAMES.get(spelling(name), printable(" ".join(name.split())))
    folded = unicodedata.normalize("NFC", name.casefold())
    return next((code for stem, code in _STEMS if stem.search(folded)), "")


def actor_named(text: str) -> str:
    """Return an actor's name as it is shown; one that only looks like a known actor's has its letters as escapes."""
    actor = printable(text.strip())
    known = next((known for known in ADJECTIVES if look(known) == look(actor)), actor)
    return actor if known == actor else ascii(actor)[1:-1]


def layer_name(properties: Mapping[str, object]) -> str:
    """Return the layer that a feature says it is of, a known one before others; empty where it says nothing."""
    names = list(layer_names(properties))
    return next(filter(find_layer, names), next(iter(names), ""))


def stated_layer(properties: Mapping[str, object]) -> Layer | None:
    """Return the actor and role that a feature states itself, as those of a converted archive do."""
    actor, role = properties.get("actor"), properties.get("role")
    if not isinstance(actor, str) or not actor or role not in tuple(Role):
        return None
    return Layer(actor_named(actor), Role(str(role)), whole=actor == UNNAMED, legend=OWN)


def known_names() -> tuple[str, ...]:
    """Return every layer name worth asking for: well spelt, and of a layer that means something."""
    return tuple(name for table in _PUBLISHERS.values() for name, layer in table.items() if layer.role != Role.OTHER)


@lru_cache(1 << 12)  # the maps of an archive have the same layers
def spelling(name: str) -> str:
    """Return the one form in which the spellings of a name are compared."""
    parts = name.split("///")
    if len(parts) == 1:
        folded = _fold(name)
        published = _HOSTING.sub("", folded)  # without what a hosting service adds
        published = _MEANT.get(published, published)
        # «V1» and «V2» are two versions of a publisher's layer, and two values of anybody else's.
        return published if published in _FOLDED else folded
    # A code may carry a remark, as in «geoJSON.status.dismissed_at {{at:25.03}}», and stand in second place.
    code = next((folded for part in parts if (folded := _fold(part.partition("{{")[0])) in _CODE_NAMES), "")
    # «Liberated 27-31.03»
    english = _fold(parts[1]).rstrip("0123456789")
    return code or _fold(_ENGLISH_CODES.get(english, name))
