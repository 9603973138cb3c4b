"""The sheet that a picture stands on: title, subtitle, key and source around a space for axes; and its bytes."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from frontcalc.errors import UsageError
from frontcalc.names import printable
from frontcalc.sources.packages import extra_package
from frontcalc.viz.themes import Theme, theme_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
SIZES = {"wide": (1600, 900), "square": (1200, 1200), "portrait": (1080, 1350)}
"""Sizes by name, pixels."""

DEFAULT_SIZE = (1600, 1000)
SYNTHETIC = "SYNTHETIC SAMPLE: made-up maps, no real war"
_SMALLEST, _LARGEST = 400, 8000
_TITLE_PT, _SUBTITLE_PT, _SOURCE_PT = 15.0, 9.0, 6.2
KEY_PT, KEY_LEADING = 8.0, 1.7
_MARGIN_PT = 13.0
_LEADING = 1.32


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


@dataclass(frozen=True, slots=True)
class Style:
    """How a picture looks: its size in pixels, and its theme."""

    size: tuple[int, int] = DEFAULT_SIZE
    theme: str = "light"


@dataclass(frozen=True, slots=True)
class Words:
    """What stands around a picture; every text may hold names that others chose."""

    title: str
    subtitle: str
    source: tuple[str, ...]
    synthetic: bool


def parse_size(text: str) -> tuple[int, int]:
    """Return a size in pixels, as in «1600x1000» or one of `SIZES`.

    Raises
    ------
    UsageError
        It is no size, or too small or large for a picture.
    """
    if text in SIZES:
        return SIZES[text]
    match = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", text)
    if match is None:
        raise UsageError("is no size", where=f"--size {text}", cure=f"give WxH in pixels, or {', '.join(SIZES)}")
    size = int(match[1]), int(match[2])
    if not all(_SMALLEST <= side <= _LARGEST for side in size):
        limits = f"between {_SMALLEST} and {_LARGEST} pixels"
        raise UsageError("is no size for a picture", where=f"--size {text}", cure=f"give sides {limits}")
    return size


class Sheet:
    """A figure of matplotlib, its texts set; pixels are those of its size whatever it is saved as."""

    def __init__(self, style: Style) -> None:
        extra_package("matplotlib", where="a picture", extra="viz")
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = style.size
        self.theme: Theme = theme_of(style.theme)
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
            self._measured[key] = self._size(text, size_pt, **font)
        return self._measured[key]

    def _size(self, text: str, size_pt: float, **font: Any) -> tuple[float, float]:
        """Return the width and height of a line of text in pixels, measured now."""
        from matplotlib.font_manager import FontProperties

        prop = FontProperties(family="DejaVu Sans", size=size_pt, **font)
        width, height, _ = self._renderer.get_text_width_height_descent(text, prop, ismath=False)
        return width, max(height, self.px(size_pt * 0.75))

    def text(self, x: float, y: float, text: str, size_pt: float, **style: Any) -> Any:
        """Write text at a pixel of the sheet; formulas and control characters in it mean nothing."""
        style.setdefault("color", self.theme.ink)
        return self.figure.text(
            x / self.width,
            y / self.height,
            text,
            fontsize=size_pt,
            family="DejaVu Sans",
            parse_math=False,
            **style,
        )

    def axes(self, box: Box) -> Axes:
        """Return axes in a box."""
        place = (box.left / self.width, box.bottom / self.height, box.width / self.width, box.height / self.height)
        return self.figure.add_axes(place)

    def rectangle(self, box: Box, **style: Any) -> None:
        """Draw a box on the sheet itself."""
        from matplotlib.patches import Rectangle

        corner = box.left / self.width, box.bottom / self.height
        size = box.width / self.width, box.height / self.height
        self.figure.add_artist(Rectangle(corner, *size, transform=self.figure.transFigure, **style))

    def wrap(self, text: str, size_pt: float, width: float, **font: Any) -> list[str]:
        """Return text in lines no wider than some pixels; a word that is wider is cut."""
        # The width of a line is near enough that of its words, and each is measured once.
        space = self.measure("n n", size_pt, **font)[0] - self.measure("nn", size_pt, **font)[0]
        lines: list[str] = []
        reached = width
        for word in printable(text).split():
            long = self.measure(word, size_pt, **font)[0]
            if lines and reached + space + long <= width * 0.995:
                lines[-1] += f" {word}"
                reached += space + long
            else:
                lines.append(self.fit(word, size_pt, width, **font))
                reached = long
        return lines

    def fit(self, text: str, size_pt: float, width: float, **font: Any) -> str:
        """Return a line of text, cut with an ellipsis where it is wider than some pixels."""
        if self.measure(text, size_pt, **font)[0] <= width:
            return text
        kept = text
        while kept and self.measure(kept + "…", size_pt, **font)[0] > width:
            kept = kept[:-1]
        return kept + "…"

    def room(self, words: Words) -> Box:
        """Return the box that the words around the picture leave.

        Raises
        ------
        UsageError
            They leave none.
        """
        above, below = self._above(words), self._below(words)
        top = self.height - self.margin - sum(self.px(size * _LEADING) for _, _, size, _ in above)
        bottom = self.margin * 0.8 + len(below) * self.px(_SOURCE_PT * _LEADING)
        if top - bottom < self.height * 0.3:
            raise UsageError(
                "leaves no room for the picture", where=f"--size {self.width}x{self.height}", cure="give a larger one"
            )
        return Box(self.margin, bottom + self.px(5), self.width - self.margin, top - self.px(5))

    def write(self, words: Words) -> None:
        """Write the words around the picture."""
        top = self.height - self.margin
        for gid, line, size, style in self._above(words):
            self.text(self.margin, top, line, size, va="top", gid=gid, **style)
            top -= self.px(size * _LEADING)
        below = self._below(words)
        step = self.px(_SOURCE_PT * _LEADING)
        for place, line in enumerate(below):
            height = self.margin * 0.8 + (len(below) - place) * step
            self.text(self.margin, height, line, _SOURCE_PT, va="top", gid="source", color=self.theme.quiet)

    def _above(self, words: Words) -> list[tuple[str, str, float, dict[str, Any]]]:
        """Return the lines above a picture: what they are, their text, size and style."""
        width = self.width - 2 * self.margin
        bold, quiet = {"weight": "bold"}, {"color": self.theme.quiet}
        mark = {"weight": "bold", "color": self.theme.gained}
        return [
            *([("synthetic", SYNTHETIC, _SUBTITLE_PT, mark)] if words.synthetic else []),
            *(("title", line, _TITLE_PT, bold) for line in self.wrap(words.title, _TITLE_PT, width, weight="bold")),
            *(("subtitle", line, _SUBTITLE_PT, quiet) for line in self.wrap(words.subtitle, _SUBTITLE_PT, width)),
        ]

    def _below(self, words: Words) -> list[str]:
        """Return the lines below a picture."""
        width = self.width - 2 * self.margin
        return [line for text in words.source for line in self.wrap(text, _SOURCE_PT, width)]

    def key(self, box: Box, entries: Sequence[tuple[str, dict[str, Any]]], *, reserve: float = 0.0) -> float:
        """Write a key of coloured patches along the top of a box and return the height below it.

        Parameters
        ----------
        box : Box
            Where it may stand.
        entries : sequence of (str, dict)
            What each colour means, and how its patch is drawn; a remark without any stands by itself.
        reserve : float
            Pixels at the right end of the first line that are for something else.
        """
        side, step = self.px(KEY_PT), self.px(KEY_PT * KEY_LEADING)
        x, middle, limit = box.left, box.top - step / 2, box.right - reserve
        for label, style in entries:
            indent = side * 1.5 if style else 0.0
            width = indent + self.measure(label, KEY_PT)[0]
            if x > box.left and x + width > limit:
                x, middle, limit = box.left, middle - step, box.right
            if style:
                self.rectangle(Box(x, middle - side / 2, x + side, middle + side / 2), linewidth=0.0, **style)
            shown = self.fit(label, KEY_PT, limit - x - indent)
            colour = self.theme.ink if style else self.theme.quiet
            self.text(x + indent, middle, shown, KEY_PT, va="center_baseline", color=colour, gid="key")
            x += width + side * 1.4
        return middle - step / 2


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of matplotlib, and the words on it."""

    figure: Figure
    words: Words

    def image(self, format_: str) -> bytes:
        """Return the picture as PNG, SVG or PDF, the same bytes every time."""
        return image_bytes(self.figure, format_, self.words)

    def _repr_png_(self) -> bytes:
        """Return the picture for a notebook."""
        return self.image("png")


@contextmanager
def plain_settings() -> Iterator[None]:
    """Draw by matplotlib's own defaults, whatever the user's settings are, and with the same bytes every time."""
    matplotlib = extra_package("matplotlib", where="a picture", extra="viz")
    # To ask for the backend would load pyplot and perhaps a window system: nothing here needs either.
    defaults = {key: matplotlib.rcParamsDefault[key] for key in matplotlib.rcParamsDefault if "backend" not in key}
    own = {"svg.hashsalt": "frontcalc", "text.parse_math": False, "pdf.fonttype": 42}
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A letter that the font lacks shows as a box; that is no fault of the figures.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        matplotlib.rcParams.update({**defaults, **own})
        yield


def image_bytes(figure: Figure, format_: str, words: Words) -> bytes:
    """Return a figure as PNG, SVG or PDF, with its title and source as metadata and no date.

    Raises
    ------
    UsageError
        There is no such format.
    """
    if format_ not in FORMATS:
        raise UsageError(f"no picture has the form {format_!r}", cure=f"forms are {', '.join(FORMATS)}")
    about = {"Title": printable(words.title), "Description": printable(" ".join([words.subtitle, *words.source]))}
    metadata: dict[str, dict[str, Any]] = {
        "png": {**about, "Software": None},
        "svg": {**about, "Date": None, "Creator": None},
        "pdf": {"Title": about["Title"], "Subject": about["Description"], "CreationDate": None, "Producer": None},
    }
    out = io.BytesIO()
    with plain_settings():
        figure.savefig(
            out, format=format_, dpi=figure.dpi, facecolor=figure.get_facecolor(), metadata=metadata[format_]
        )
    return out.getvalue()
