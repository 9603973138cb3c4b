"""How results leave a command: their form, the file or stdout that they are written to, and notices on stderr."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from frontcalc import outputs
from frontcalc.cli import options, terminal
from frontcalc.errors import DataError, extra_package, reason_of
from frontcalc.notices import CODES, notice_code, require_none

if TYPE_CHECKING:
    from frontcalc.drift import Drift
    from frontcalc.tables import Table

Facade = Callable[..., "Table[Any, Any]"]

FORMATS, CHECK_FORMATS, MAP_FORMATS = tuple(outputs.WRITERS), tuple(outputs.CHECK_WRITERS), tuple(outputs.MAP_WRITERS)
TEXTS = tuple(form for form, (_, _, holds) in outputs.WRITERS.items() if holds == "text")
# Named here and not imported from the library, which would load numpy to show a help text; a test holds them equal.
PICTURES = ("png", "svg", "pdf")
THEMES = ("light", "dark", "print")
UNITS = ("km2", "mi2")
NOTES = ("few", "all")
SUFFIXES = outputs.SUFFIXES | {f".{form}": [form] for form in PICTURES}


def codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the code of a notice."""
    return [CompletionItem(code, help=says) for code, says in CODES.items() if code.startswith(incomplete.upper())]


units = options.option("--units", "Square kilometres or square miles [default: km2].", type=click.Choice(UNITS))
_notes = options.option(
    "--notes",
    "What stands beside figures: the notes that matter most, or all [default: few].",
    type=click.Choice(NOTES),
)
_receipt = options.option("--receipt", "Write FILE.receipt.json beside -o FILE, which «frontcalc again» reads.")
_table = options.together(
    options.option("-o --output FILE", "Write to a file, whose suffix chooses the form; - is stdout."),
    units,
    options.option("--bom", "Begin CSV with a byte order mark, for Excel."),
    _notes,
    options.option(
        "--fail-on CODE",
        "Exit with 1, after writing, if there is such a notice, as LAYER-MISSING; may be repeated.",
        type=notice_code,
        shell_complete=codes,
        multiple=True,
    ),
    _receipt,
    options.loudness,
    options.help_all,
)

_looks = options.together(
    options.option("--size WxH", "Pixels; or wide, square, portrait [default: 1600x1000]."),
    options.option("--theme", "Colours; print is for black ink [default: light].", type=click.Choice(THEMES)),
)

# Of most tables, of change polygons, and of findings, which code hosts show beside files.
_form = partial(options.option, "--format", "Form of the output [default: by -o, else table].", name="format_")
output = options.together(_form(type=click.Choice(FORMATS)), _table)
output_or_map = options.together(_form(type=click.Choice((*FORMATS, *MAP_FORMATS))), _table)
output_or_strip = options.together(_form(type=click.Choice((*FORMATS, *PICTURES))), _looks, _table)
output_of_map = options.together(_form(type=click.Choice(MAP_FORMATS)), _table)
output_of_check = options.together(_form(type=click.Choice(CHECK_FORMATS)), _table)
output_map_or_picture = options.together(_form(type=click.Choice((*FORMATS, *MAP_FORMATS, *PICTURES))), _looks, _table)
picture = options.together(
    options.option("-o --output FILE", "Write to a file: .png, .svg or .pdf; - is stdout.", required=True),
    # Not `format_`: the working folder's default format is one of tables.
    options.option(
        "--format", "Form of the picture [default: by -o, else png].", name="image", type=click.Choice(PICTURES)
    ),
    _looks,
    units,
    _notes,
    _receipt,
    options.loudness,
    options.help_all,
)


def picture_form() -> tuple[str, dict[str, Any]]:
    """Return the form of the picture and how it looks; one that could not be drawn is refused before measuring."""
    from frontcalc.pictures.style import style_of

    params, chosen = click.get_current_context().params, form()
    looks = {name: params[name] for name in ("size", "theme", "units") if params[name] is not None}
    extra_package("matplotlib", where="a picture")
    style_of(looks)  # type: ignore[arg-type]
    return chosen, looks


def form() -> str:
    """Return the form by --format, else by the file's suffix, else the first; refuse an output that is an input too."""
    options.refuse_output()
    context = click.get_current_context()
    option = next(one for one in context.command.params if one.name in ("format_", "image"))
    wanted, output = context.params[str(option.name)], context.params.get("output")
    formats: Sequence[str] = option.type.choices  # type: ignore[attr-defined]
    kind = "picture" if option.name == "image" else "form"
    place = Path(output) if output and output != "-" else None
    suffix = place.suffix.lower() if place and (kind == "picture" or not place.is_dir()) else ""
    fitting = SUFFIXES.get(suffix, ())
    known = ", ".join(known for known, forms in SUFFIXES.items() if {*forms} & {*formats})
    if suffix in (".html", ".htm"):
        raise click.UsageError(f"-o {output}: no {kind} is a web page; use {known}, or frontcalc report for a page")
    # A default of the working folder is weaker than the suffix of a file that was named.
    if wanted and (context.get_parameter_source(str(option.name)) != ParameterSource.DEFAULT_MAP or not suffix):
        chosen: str = wanted
        # A suffix that says nothing may hold any form.
        if fitting and chosen not in fitting:
            raise click.UsageError(
                f"-o {output}: --format {chosen} is another form than {suffix}: leave one of them out"
            )
    elif fits := [one for one in fitting if one in formats]:
        chosen = fits[0]
    elif suffix.removeprefix(".") in PICTURES:
        raise click.UsageError(f"-o {output}: no {kind} is a picture; use {known}, or frontcalc map or plot for one")
    elif suffix or (place and kind == "picture"):
        raise click.UsageError(
            f"-o {output}: no {kind} has the suffix {suffix or '.'}; use {known}, or choose with --format"
        )
    else:
        chosen = formats[0]
    drawn = chosen in PICTURES
    if "size" in context.params and not drawn:
        refuse(("size", "theme"), "only a picture has one: -o FILE.png")
    binary = drawn or (outputs.CHECK_WRITERS | outputs.MAP_WRITERS)[chosen][2] == "bytes"
    if not place and binary and sys.stdout and sys.stdout.isatty():
        what = "a picture" if drawn else chosen
        raise click.UsageError(f"{what} is no text for a terminal; write it to a file with -o")
    if context.params.get("receipt") and not place:
        raise click.UsageError("--receipt is written beside a file: give -o FILE")
    if context.params.get("bom") and chosen != "csv":
        raise click.UsageError("--bom is for CSV alone")
    return chosen


def show(facade: Facade, *values: Any, **how: Any) -> Table[Any, Any]:
    """Call a facade with the options that were given, and progress shown; write its table and return it."""
    chosen = form()
    with terminal.progress():
        result = facade(*values, **options.given(how))
    emit(result, chosen)
    return result


def show_drift(facade: Callable[..., Drift], *values: Any, **how: Any) -> Drift:
    """Call a facade that holds an output against the maps, progress shown; write what moved and return it."""
    from frontcalc.outputs.text import drift_text

    with terminal.progress():
        drift = facade(*values, **how)
    write(drift_text(drift).encode())
    return drift


def draw(facade: Callable[..., Any], *values: Any, zoom: str = "auto", **how: Any) -> None:
    """Call a facade that returns a map to be drawn with the options that were given, and progress shown; write it."""
    chosen, looks = picture_form()
    with terminal.progress():
        scene = facade(*values, **options.given(how))
        content = scene.image(chosen, zoom=zoom, **looks)
    emit(scene.table, chosen, content)


def emit(result: Table[Any, Any], chosen: str, drawn: bytes | None = None) -> None:
    """Write a result, or its picture, and to stderr the notices that it does not show; fail on those of --fail-on."""
    from frontcalc.archives import NOT_STATED
    from frontcalc.outputs.caveats import beside
    from frontcalc.outputs.receipts import receipt_beside

    context = click.get_current_context()
    params, output = context.params, context.params.get("output")
    if hasattr(result.meta, "defaults"):
        defaults = (*context.meta.get(options.PRESET, {}).items(), *result.meta.defaults)
        result = replace(result, meta=replace(result.meta, defaults=defaults))
    to_file = output not in (None, "-")
    style: dict[str, Any] = {}
    if not to_file:
        # A pipe gets lines as long as they need, and colour with FORCE_COLOR alone.
        tty, environment = bool(sys.stdout and sys.stdout.isatty()), os.environ
        able = tty and environment.get("TERM") != "dumb" and (os.name != "nt" or "WT_SESSION" in environment)
        colour = not environment.get("NO_COLOR") and bool(environment.get("FORCE_COLOR") or able)
        style = {"width": shutil.get_terminal_size().columns if tty else None, "colour": colour}
    notes = "none" if context.meta.get(terminal.LOUDNESS) == "quiet" else params.get("notes") or "few"
    style |= {name: params.get(name, False) for name in ("bom", "wide")}
    content = drawn or outputs.render(result, chosen, units=params.get("units") or "km2", notes=notes, **style)
    if params.get("receipt"):
        place, beside_it = Path(str(output)), receipt_beside(result, params.get("units") or "km2", content)
        outputs.write_together({place: content, place.with_name(place.name + outputs.BESIDE): beside_it})
    else:
        write(content, output)
    if to_file or chosen not in outputs.WITH_REMARKS:
        for line in outputs.place_lines(result.meta) if getattr(result.meta, "places", None) is not None else ():
            terminal.say(line)
        for line in beside(result, notes):
            # Lines below a head are indented, as they are below a table.
            terminal.say(line, always=True, bare=line.startswith("  "))
    for line in result.meta.attribution if hasattr(result.meta, "publisher") else ():
        if line.startswith("maps: ") and line.endswith(NOT_STATED):
            name = line.removeprefix("maps: ").removesuffix(f", {NOT_STATED}")
            terminal.say(f'the source of {name} is not given: write publisher = "…" into frontcalc.toml among its maps')
    if params.get("fail_on"):
        require_none(result.meta.notices, params["fail_on"])


def write(content: bytes, output: str | None = None) -> None:
    """Write to a file, or to standard output, which is UTF-8 whatever the locale, or say why that cannot be."""
    if output is not None and output != "-":
        outputs.write_file(Path(output), content)
        return
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has what it wanted; the notices and --fail-on still follow.
        terminal.silence(sys.stdout)
    except OSError as error:
        terminal.silence(sys.stdout)
        problem = f"cannot be written: {reason_of(error)}"
        raise DataError(problem, where="standard output", cure="write to a file with -o") from error


def refuse(names: Iterable[str], problem: str) -> None:
    """Refuse options, by the names of their parameters, that were typed where they have no meaning."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.strip('_').replace('_', '-')}: {problem}")
