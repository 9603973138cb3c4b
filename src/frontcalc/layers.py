"""What publishers call their layers, and what those layers mean: actor and role.

This is the one table to edit when a publisher renames a layer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from frontcalc.errors import UsageError


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
    """Whose layer it is and what it means.

    Parameters
    ----------
    actor : str
        Whose territory the layer shows; `UNNAMED` where the map does not say.
    role : Role
        What being inside the layer means.
    whole : bool
        True where the publisher draws everything the actor holds in this one role, so that
        control and assessed are the same.
    """

    actor: str
    role: Role
    whole: bool = False


UNNAMED = "unnamed"
"""The actor of a map without layer names: one polygon set, held by whoever the user knows it is."""

COUNTRIES = {"Russia": "RU", "Ukraine": "UA"}
"""The country of each actor (ISO 3166-1): its own regions cannot be taken by it."""

ADJECTIVES = {"Russia": "Russian-held", "Ukraine": "Ukrainian-held", UNNAMED: "Held"}
"""How a table's title names an actor's territory; the order is that of the main actor's choice."""

LAYER_FIELDS = ("layer", "type")
"""Feature properties that hold a layer's name, the first present wins."""

_TABLE: dict[str, Layer] = {
    # ISW as prepared by newsrooms: one GeoJSON a date
    "control_map": Layer("Russia", Role.CONTROL),
    "russian_advances": Layer("Russia", Role.ADVANCE),
    "kursk_ukrainian_advance": Layer("Ukraine", Role.CONTROL, whole=True),
    # ISW's own service names
    "VIEW_RussiaCoTinUkraine_V3": Layer("Russia", Role.CONTROL),
    "MDS_AssessedRussianAdvanceInUkraine_view": Layer("Russia", Role.ADVANCE),
    "VIEW_ClaimedRussianTerritoryinUkraine_V2": Layer("Russia", Role.CLAIMED),
    "VIEW_ClaimedUkrainianCounteroffensives_V2": Layer("Ukraine", Role.COUNTEROFFENSIVE),
    # NZZ: what is held, split by what is new; `losses` are drawn but not held
    "nochange": Layer("Russia", Role.CONTROL, whole=True),
    "gains": Layer("Russia", Role.CONTROL, whole=True),
    "losses": Layer("Russia", Role.LOST),
    # DeepState's mirror: no property, the file's name tells
    "deepstatemap_data": Layer("Russia", Role.CONTROL, whole=True),
}
_FOLDED = {name.casefold(): layer for name, layer in _TABLE.items()}

UNDIFFERENTIATED = Layer(UNNAMED, Role.CONTROL, whole=True)


def find_layer(name: str) -> Layer | None:
    """Return what a publisher's layer name means, or None where it is unknown; case is ignored."""
    return _FOLDED.get(name.casefold())


def known_names() -> tuple[str, ...]:
    """Return every layer name in the table, in its order."""
    return tuple(_TABLE)


@dataclass(frozen=True, slots=True)
class View:
    """Which layers count as held.

    Parameters
    ----------
    name : str
        What the `view` column shows.
    roles : tuple of Role
        Roles that count.
    layers : tuple of str
        Publisher's layer names that count beside the roles (folded to lower case).
    """

    name: str
    roles: tuple[Role, ...]
    layers: tuple[str, ...] = ()

    def counts(self, layer_name: str, layer: Layer) -> bool:
        """Say whether a layer counts as held in this view."""
        return layer.role in self.roles or layer_name.casefold() in self.layers

    def missing(self, present: Iterable[tuple[str, Layer]]) -> tuple[str, ...]:
        """Return the roles and layer names of this view that are not among the present layers.

        A layer that is the whole of what its publisher draws stands for every role.
        """
        present = tuple(present)
        roles = {layer.role for _, layer in present}
        whole = any(layer.whole and layer.role in self.roles for _, layer in present)
        names = {name.casefold() for name, _ in present}
        absent = [] if whole else [role.value for role in self.roles if role not in roles]
        return (*absent, *(name for name in self.layers if name not in names))


VIEWS: dict[str, View] = {
    "control": View("control", (Role.CONTROL,)),
    "assessed": View("assessed", (Role.CONTROL, Role.ADVANCE)),
    "claimed": View("claimed", (Role.CONTROL, Role.ADVANCE, Role.CLAIMED)),
}
"""Cumulative views; DESIGN's definitions say why `assessed` is the default."""

_DESCRIPTIONS = {
    "control": "control",
    "assessed": "control + advances",
    "claimed": "control + advances + claims",
}


def describe_view(view: View) -> str:
    """Return the view as a table's title shows it, as in «assessed (control + advances)»."""
    description = _DESCRIPTIONS.get(view.name, view.name)
    return view.name if description == view.name else f"{view.name} ({description})"


def choose_view(view: str | None, layers: Iterable[str] = ()) -> View:
    """Return the view that the options name.

    Parameters
    ----------
    view : str or None
        One of `VIEWS`; None for `assessed`.
    layers : iterable of str
        Roles or publisher's layer names to count instead of a view.

    Raises
    ------
    UsageError
        An unknown view or layer, or both options at once.
    """
    wanted = [item for item in layers if item]
    if not wanted:
        if view is not None and view not in VIEWS:
            raise UsageError(f"no view is named {view!r}", cure=f"choose one of {', '.join(VIEWS)}")
        return VIEWS[view or "assessed"]
    if view is not None:
        raise UsageError("a view and a list of layers cannot both say what counts", cure="give one of the two")
    roles = tuple(dict.fromkeys(Role(item) for item in wanted if item in tuple(Role)))
    names = tuple(dict.fromkeys(item.casefold() for item in wanted if item not in tuple(Role)))
    for name in names:
        if find_layer(name) is None:
            raise UsageError(
                f"no layer or role is named {name!r}",
                cure=f"roles are {', '.join(Role)}; known layers are {', '.join(known_names())}",
            )
    return View("+".join(dict.fromkeys(wanted)), roles, names)
