"""Views: which layers count as held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from frontcalc.errors import UsageError
from frontcalc.layers import Layer, Role, find_layer, known_names, spelling


@dataclass(frozen=True, slots=True)
class View:
    """Which layers count as held: those of some roles, and beside them some by the publisher's name for them."""

    name: str  # what the `view` column shows
    roles: tuple[Role, ...]
    layers: tuple[str, ...] = ()  # in any spelling

    def counts(self, layer_name: str, layer: Layer) -> bool:
        """Say whether a layer counts as held in this view."""
        return layer.role in self.roles or spelling(layer_name) in map(spelling, self.layers)

    def missing(self, present: Iterable[tuple[str, Layer]]) -> tuple[str, ...]:
        """Return the view's roles and layer names that are absent; a layer that is `whole` stands for every role."""
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
"""Cumulative views; docs/choices.md says why `assessed` is the default."""

_ROLE = "role:"

_DESCRIPTIONS = {"assessed": " (control + advances)", "claimed": " (control + advances + claims)"}


def describe_view(view: View) -> str:
    """Return the view as a table's title shows it, as in «assessed (control + advances)»."""
    return view.name + _DESCRIPTIONS.get(view.name, "")


def choose_view(wanted: str | Iterable[str] | None, *, own: Mapping[str, Layer] | None = None) -> View:
    """Return the view that the options name; UsageError where one of the names is unknown, or none is given.

    A name is one of `VIEWS`, the default `assessed`; a role, as in `role:claimed`; or a layer's, also one of `own` that
    the archive itself explains. Several count together: a text may name them separated by commas.
    """
    given = wanted.split(",") if isinstance(wanted, str) else wanted or ("assessed",)
    items = tuple(dict.fromkeys(filter(None, map(str.strip, given))))
    if len(items) == 1 and items[0] in VIEWS:
        return VIEWS[items[0]]
    roles, names = list[Role](), dict[str, str]()
    for item in items:
        if item in VIEWS:
            roles += VIEWS[item].roles
        elif item.startswith(_ROLE) and item.removeprefix(_ROLE) in tuple(Role):
            roles.append(Role(item.removeprefix(_ROLE)))
        else:
            names[spelling(item)] = item
    explained = {*map(spelling, own or ())}
    unknown = [name for key, name in names.items() if not find_layer(name) and key not in explained]
    if unknown or not items:
        raise UsageError(
            f"no view, role or layer is named {unknown[0] if unknown else wanted!r}",
            cure=f"views are {', '.join(VIEWS)}; roles are {', '.join(_ROLE + role for role in Role)}; "
            f"known layers are {', '.join((*(own or ()), *known_names()))}; "
            "say what another means under [layers] in the archive's frontcalc.toml",
        )
    label = "+".join(item.removeprefix(_ROLE) for item in items)
    counted = tuple(dict.fromkeys(roles))
    # The role `claimed` alone is not what the view of that name counts.
    if label in VIEWS and counted != VIEWS[label].roles:
        label = "+".join(items)
    return View(label, counted, tuple(names.values()))
