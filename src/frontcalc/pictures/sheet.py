"""The sheet that a picture stands on: title, subtitle, key and source around a space for axes; and its bytes."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from frontcalc.errors import UsageError, extra_package
from frontcalc.outputs.numbers import Unit, km2
from frontcalc.outputs.receipts import with_receipt
from frontcalc.pictures.style import Theme
from frontcalc.pictures.titles import END, ISOLATE, Words, isolated

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
FONT = "DejaVu Sans"
SYNTHETIC = "SYNTHETIC SAMPLE: made-up maps, no real war"
_TITLE_PT, _SUBTITLE_PT, _SOURCE_PT = 15.0, 9.0, 6.2
_KEY_PT = 8.0
KEY_LINE_PT = _KEY_PT * 1.7
_MARGIN_PT = 13.0
_LEADING = 1.32
TICK_PT, _AXIS_PT = 7.2, 7.6
MOST_CHARTS = 6


class Box(NamedTuple):
    """A box on a sheet, pixels from its lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.top - self.bottom

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def grown(self, by: float, up: float | None = None) -> Box:
        """Return the box with some pixels more on each side, `up` above and below; fewer where that is negative."""
        up = by if up is None else up
        return Box(self.left - by, self.bottom - up, self.right + by, self.top + up)


class Sheet:
    """A figure of matplotlib, its texts set; pixels are those of its size whatever it is saved as."""

    def __init__(self, size: tuple[int, int], theme: Theme, unit: Unit) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        (self.width, self.height), self.theme, self.unit = size, theme, unit
        # Letters keep their share of a large sheet, and stay legible on a small one.
        dpi = max(80.0, (self.width * self.height) ** 0.5 / 7.9)
        self.figure: Figure = Figure(figsize=(self.width / dpi, self.height / dpi), dpi=dpi, facecolor=self.theme.paper)
        self._renderer = FigureCanvasAgg(self.figure).get_renderer()  # type: ignore[no-untyped-call]
        self._measured: dict[tuple[Any, ...], tuple[float, float]] = {}
        self.margin = self.px(_MARGIN_PT)

    def px(self, points: float) -> float:
        """Return a length in pixels."""
        return points * self.figure.dpi / 72

    def measure(self, text: str, size_pt: float, **font: Any) -> tuple[float, float]:
        """Return the width and height of a line of text in pixels."""
        key = text, size_pt, *sorted(font.items())
        if key not in self._measured:
            from matplotlib.font_manager import FontProperties

            prop = FontProperties(family=FONT, size=size_pt, **font)
            width, height, _ = self._renderer.get_text_width_height_descent(text, prop, ismath=False)
            self._measured[key] = width, max(height, self.px(size_pt * 0.75))
        return self._measured[key]

    def share(self, box: Box) -> tuple[float, float, float, float]:
        """Return a box's left, bottom, width and height as shares of the sheet, as matplotlib places things."""
        return box.left / self.width, box.bottom / self.height, box.width / self.width, box.height / self.height

    def text(self, x: float, y: float, text: str, size_pt: float, **style: Any) -> Any:
        """Write text at a pixel of the sheet; formulas and control characters in it mean nothing."""
        from matplotlib.patheffects import Normal

        plain: dict[str, Any] = {"color": self.theme.ink, "fontsize": size_pt, "family": FONT, "parse_math": False}
        if ISOLATE in text:
            # As outlines: matplotlib writes text into a PDF as if what shows nothing had the width of a blank.
            plain["path_effects"] = [Normal()]
        return self.figure.text(x / self.width, y / self.height, text, **(plain | style))

    def axes(self, box: Box) -> Axes:
        """Return axes in a box."""
        return self.figure.add_axes(self.share(box))

    def rectangle(self, box: Box, **style: Any) -> None:
        """Draw a box on the sheet itself."""
        from matplotlib.patches import Rectangle

        left, bottom, width, height = self.share(box)
        self.figure.add_artist(Rectangle((left, bottom), width, height, transform=self.figure.transFigure, **style))

    def wrap(self, text: str, size_pt: float, width: float, **font: Any) -> list[str]:
        """Return printable text in lines no wider than some pixels; a word that is wider is cut."""
        # The width of a line is near enough that of its words, and each is measured once.
        space = self.measure("n n", size_pt, **font)[0] - self.measure("nn", size_pt, **font)[0]
        lines, reached = list[str](), width
        for word in text.split():
            long = self.measure(word, size_pt, **font)[0]
            if lines and reached + space + long <= width * 0.995:
                lines[-1] += f" {word}"
                reached += space + long
            else:
                # What is set apart from the text around it is so in both of two lines.
                within = bool(lines) and lines[-1].count(ISOLATE) > lines[-1].count(END)
                if within:
                    lines[-1] += END
                lines.append(ISOLATE * within + self.fit(word, size_pt, width, **font))
                reached = long
        return lines

    def fit(self, text: str, size_pt: float, width: float, **font: Any) -> str:
        """Return a line of text, cut with an ellipsis where it is wider than some pixels."""
        least, most = 0, min(len(text), int(width))  # few letters are narrower than a pixel
        if most == len(text) and self.measure(text, size_pt, **font)[0] <= width:
            return text
        while least < most:
            middle = (least + most + 1) // 2
            fits = self.measure(text[:middle] + "…", size_pt, **font)[0] <= width
            least, most = (middle, most) if fits else (least, middle - 1)
        return text[:least] + "…"

    def room(self, words: Words) -> Box:
        """Return the box that the words around the picture leave; raise UsageError where they leave none."""
        above, below = self._lines(words)
        top = self.height - self.margin - sum(self.px(size * _LEADING) for _, _, size, _ in above)
        bottom = self.margin * 0.8 + len(below) * self.px(_SOURCE_PT * _LEADING)
        if top - bottom < self.height * 0.3:
            where = f"--size {self.width}x{self.height}"
            raise UsageError("leaves no room for the picture", where=where, cure="give a larger one")
        return Box(self.margin, bottom + self.px(5), self.width - self.margin, top - self.px(5))

    def charts(self, space: Box, actors: Sequence[str], axis: str) -> list[Box]:
        """Return boxes one below the other for a chart of each actor, titled with their names and what the axis is."""
        count = len(actors)
        if count > MOST_CHARTS:
            problem = f"{count} charts are more than the {MOST_CHARTS} that one picture holds"
            raise UsageError(problem, cure="ask for fewer")
        tops = [space.top - place * (space.height / count) for place in range(count + 1)]
        boxes = [space._replace(bottom=below, top=above) for above, below in pairwise(tops)]
        for actor, box in zip(actors, boxes, strict=True):
            self.title_above(box, f"{isolated(actor, [actor])}, {axis}" if count > 1 else axis)
        return boxes

    def write(self, words: Words) -> Box:
        """Write the words around the picture, and return the box that they leave."""
        above, below = self._lines(words)
        top = self.height - self.margin
        for gid, line, size, style in above:
            self.text(self.margin, top, line, size, va="top", gid=gid, **style)
            top -= self.px(size * _LEADING)
        step = self.px(_SOURCE_PT * _LEADING)
        for place, line in enumerate(below):
            height = self.margin * 0.8 + (len(below) - place) * step
            self.text(self.margin, height, line, _SOURCE_PT, va="top", gid="source", color=self.theme.quiet)
        return self.room(words)

    def _lines(self, words: Words) -> tuple[list[tuple[str, str, float, dict[str, Any]]], list[str]]:
        """Return the lines above a picture (what they are, text, size and style), and those below it."""
        width = self.width - 2 * self.margin
        bold, quiet = {"weight": "bold"}, {"color": self.theme.quiet}
        mark = {"weight": "bold", "color": self.theme.gained}
        return [
            *([("synthetic", SYNTHETIC, _SUBTITLE_PT, mark)] if words.synthetic else []),
            *(("title", line, _TITLE_PT, bold) for line in self.wrap(words.title, _TITLE_PT, width, weight="bold")),
            *(("subtitle", line, _SUBTITLE_PT, quiet) for line in self.wrap(words.subtitle, _SUBTITLE_PT, width)),
        ], [line for text in words.source for line in self.wrap(text, _SOURCE_PT, width)]

    def key(self, box: Box, entries: Sequence[tuple[str, str]], gap_pt: float) -> Box:
        """Write what colours mean, and remarks (without a colour), along the top of a box; return what is below."""
        side, step = self.px(_KEY_PT), self.px(KEY_LINE_PT)
        x, middle = box.left, box.top - step / 2
        for label, patch in entries:
            indent = side * 1.5 if patch else 0.0
            width = indent + self.measure(label, _KEY_PT)[0]
            if x > box.left and x + width > box.right:
                x, middle = box.left, middle - step
            if patch:
                self.rectangle(Box(x, middle - side / 2, x + side, middle + side / 2), linewidth=0.0, facecolor=patch)
            shown = self.fit(label, _KEY_PT, box.right - x - indent)
            colour = self.theme.ink if patch else self.theme.quiet
            self.text(x + indent, middle, shown, _KEY_PT, va="center_baseline", color=colour, gid="key")
            x += width + side * 1.4
        return box._replace(top=middle - step / 2 - self.px(gap_pt))

    def within(self, box: Box, *, left: float, right: float = 0.0, lines: int = 1) -> Box:
        """Return the box left for a chart's axes: room for tick labels on either side (pixels) and below (lines)."""
        under = self.px(TICK_PT * (0.8 + 1.2 * lines))
        return Box(box.left + left, box.bottom + under, box.right - right, box.top - self.px(_AXIS_PT * 1.9))

    def title_above(self, box: Box, text: str) -> None:
        """Write above an axes what it measures, in which unit."""
        shown = self.fit(text, _AXIS_PT, box.width)
        top = box.top - self.px(_AXIS_PT * 0.2)
        self.text(box.left, top, shown, _AXIS_PT, va="top", gid="axis", color=self.theme.quiet)

    def width_of(self, labels: Sequence[str]) -> float:
        """Return the width of the widest of some tick labels and the space beside it, pixels."""
        return max((self.measure(label, TICK_PT)[0] for label in labels), default=0.0) + self.px(5)

    def style(self, axes: Axes, *, grid: str) -> None:
        """Leave of a chart's axes its ticks' labels, and a grid across one direction."""
        axes.set_facecolor(self.theme.paper)
        for spine in axes.spines.values():
            spine.set_visible(False)
        pad = self.px(1.2) * 72 / self.figure.dpi
        axes.tick_params(length=0, labelsize=TICK_PT, labelcolor=self.theme.ink, pad=pad)
        axes.grid(visible=True, axis=grid, color=self.theme.rule, linewidth=0.6)  # type: ignore[arg-type]
        axes.set_axisbelow(True)
        for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            text.set_fontfamily(FONT)


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of matplotlib, and the words on it."""

    figure: Figure
    words: Words

    def __post_init__(self) -> None:
        """Let a notebook show the figure as it stands then: of itself it would only once pyplot is loaded."""
        self.figure._repr_png_ = self._repr_png_  # type: ignore[attr-defined]

    def image(self, format_: str) -> bytes:
        """Return the picture as PNG, SVG or PDF, the same bytes every time."""
        if format_ not in FORMATS:
            raise UsageError(f"no picture has the form {format_!r}", cure=f"forms are {', '.join(FORMATS)}")
        description, own_receipt = " ".join([self.words.subtitle, *self.words.source]), json.dumps(self.words.receipt)
        # No date, and no version of matplotlib: the same picture is the same bytes.
        metadata: dict[str, dict[str, Any]] = {
            "png": {"Description": description, "Software": None},
            "svg": {"Description": description, "Date": None, "Creator": None},
            "pdf": {"Subject": description, "CreationDate": None, "Producer": None, "Keywords": own_receipt},
        }
        out, colour, own = io.BytesIO(), self.figure.get_facecolor(), {"Title": self.words.title, **metadata[format_]}
        with plain_settings():
            self.figure.savefig(out, format=format_, dpi=self.figure.dpi, facecolor=colour, metadata=own)
        # A PDF says where each of its parts begins: none can be put in.
        return out.getvalue() if format_ == "pdf" else with_receipt(out.getvalue(), self.words.receipt)

    def _repr_png_(self) -> bytes:
        """Return the picture for a notebook."""
        return self.image("png")


def installed() -> bool:
    """Say whether pictures can be drawn."""
    return find_spec("matplotlib") is not None


@contextmanager
def plain_settings() -> Iterator[None]:
    """Draw by matplotlib's own defaults, whatever the user's settings are, and with the same bytes every time."""
    matplotlib = extra_package("matplotlib", where="a picture")
    # To ask for the backend would load pyplot and perhaps a window system: nothing here needs either.
    defaults = {key: matplotlib.rcParamsDefault[key] for key in matplotlib.rcParamsDefault if "backend" not in key}
    own = {"svg.hashsalt": "frontcalc", "text.parse_math": False, "pdf.fonttype": 42}
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A letter that the font lacks shows as a box; that is no fault of the figures.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        matplotlib.rcParams.update({**defaults, **own})
        yield


def ticks_between(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """Return round figures between two, and how they are written."""
    from matplotlib.ticker import MaxNLocator

    candidates = [float(tick) for tick in MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    step = abs(candidates[1] - candidates[0]) if len(candidates) > 1 else 1.0
    places = next((number for number in range(6) if abs(round(step, number) - step) < 1e-9), 6)
    ticks = [tick for tick in candidates if low <= tick <= high]
    return ticks, [km2(tick, places=places) for tick in ticks]
