"""Views: which layers count as held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from frontcalc.errors import UsageError
from frontcalc.layers import Layer, Role, find_layer, known_names, spelling


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
        Publisher's layer names that count beside the roles, in any spelling.
    """

    name: str
    roles: tuple[Role, ...]
    layers: tuple[str, ...] = ()

    def counts(self, layer_name: str, layer: Layer) -> bool:
        """Say whether a layer counts as held in this view."""
        return layer.role in self.roles or spelling(layer_name) in map(spelling, self.layers)

    def missing(self, present: Iterable[tuple[str, Layer]]) -> tuple[str, ...]:
        """Return the roles and layer names of this view that are not among the present layers.

        A layer that is the whole of what its publisher draws stands for every role.
        """
        present = tuple(present)
        roles = {layer.role for _, layer in present}
        whole = any(layer.whole and layer.role in self.roles for _, layer in present)
        names = {spelling(name) for name, _ in present}
        absent = [] if whole else [role.value for role in self.roles if role not in roles]
        return (*absent, *(name for name in self.layers if spelling(name) not in names))


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


def choose_view(view: str | None, layers: Iterable[str] = (), *, own: Mapping[str, Layer] | None = None) -> View:
    """Return the view that the options name.

    Parameters
    ----------
    view : str or None
        One of `VIEWS`; None for `assessed`.
    layers : iterable of str
        Roles or publisher's layer names to count instead of a view.
    own : mapping of str to Layer, optional
        Layer names that the archive itself explains.

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
        problem = "a view and a list of layers cannot both say what counts"
        raise UsageError(problem, cure="give one of the two")
    roles = tuple(dict.fromkeys(Role(item) for item in wanted if item in tuple(Role)))
    names = tuple({spelling(item): item for item in wanted if item not in tuple(Role)}.values())
    explained = {spelling(name) for name in own or ()}
    for name in names:
        if find_layer(name) is None and spelling(name) not in explained:
            raise UsageError(
                f"no layer or role is named {name!r}",
                cure=f"roles are {', '.join(Role)}; known layers are {', '.join((*(own or ()), *known_names()))}; "
                "say what another means under [layers] in the archive's frontcalc.toml",
            )
    return View("+".join(dict.fromkeys(wanted)), roles, names)
