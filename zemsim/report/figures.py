"""The figures, drawn by matplotlib as inline SVG: same bytes each time, no date, no mathtext, numbered policies.

A figure is narrow (about 11 pt at 440 px) so that it can be read on a phone; policies carry their number, for colour
alone must not tell them apart.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from zemsim.core import numbers
from zemsim.report.results import BASELINE, MODE_KEYS, Policy, Results, interval_over_seeds
from zemsim.report.svg import tame
from zemsim.report.text import tidy
from zemsim.report.words import Words, indicator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK: Final = "#1d2733"
MUTED: Final = "#5a6875"
GRID: Final = "#dde3e8"
ACCENT: Final = "#00507d"
#: Colours of lines that differ in lightness too (a subset of Okabe and Ito's, without yellow).
LINES: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#a06800", "#5e3c99", "#8a1f5c", "#3c6e00")
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
#: Modes from quiet to loud: active, public, car.
MODE_COLOURS: Final = {
    "mode_share_walk": "#c7e0b4",
    "mode_share_bike": "#7fb77e",
    "mode_share_ebike": "#2f7d4f",
    "mode_share_bus": "#f2b134",
    "mode_share_train": "#b5651d",
    "mode_share_car": "#8b98a5",
    "mode_share_ev": "#2c6fa6",
    "mode_share_passenger": "#d5dbe1",
}
#: Places to charge, from those that are always there.
LOAD_COLOURS: Final = {"home": "#cfe3f2", "work": "#9cc3df", "public_slow": "#f2d49b", "public_fast": "#e0a15e"}
WIDTH_IN: Final = 4.6
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.constrained_layout.use": True,
}


@contextmanager
def _style(salt: str) -> Iterator[None]:
    import matplotlib

    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": salt}):
        yield


def _figure(height_in: float) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as MplFigure

    figure = MplFigure(figsize=(WIDTH_IN, height_in))
    FigureCanvasSVG(figure)
    return figure, figure.add_subplot()


def _svg(figure: Figure, prefix: str, title: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return tame(buffer.getvalue(), prefix, title)


def _number_axis(axis: Any, decimals: int | None, language: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(5))

    def write(value: float, _position: int | None) -> str:
        step = axis.get_major_locator().tick_values(*axis.get_view_interval())
        gap = float(step[1] - step[0]) if len(step) > 1 else 1.0
        places = max(0, -math.floor(math.log10(gap) + 1e-9)) if decimals is None else decimals
        return numbers.number(value, places, language)

    axis.set_major_formatter(FuncFormatter(write))


def line_style(policy: Policy) -> dict[str, Any]:
    """Return colour, marker and dash of a policy: black and thick for the baseline."""
    if policy.id == BASELINE:
        return {"color": INK, "linewidth": 2.0, "marker": "o", "markersize": 3.0, "zorder": 5}
    turn = policy.number - 1
    return {
        "color": LINES[turn % len(LINES)],
        "linewidth": 1.2,
        "marker": MARKERS[turn % len(MARKERS)],
        "markersize": 3.5,
        "linestyle": ("-", "--", ":")[turn // len(LINES) % 3],
        "zorder": 4,
    }


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Move labels apart so that neighbours are at least ``gap`` apart, keeping their order and their mean.

    Parameters
    ----------
    positions : sequence of float
        Wanted positions, any order.
    gap : float
        Least distance, same unit.
    """
    order = sorted(range(len(positions)), key=lambda i: (positions[i], i))
    groups: list[tuple[list[int], float]] = []
    for i in order:
        groups.append(([i], positions[i]))
        while len(groups) > 1 and _overlap(groups[-2], groups[-1], gap):
            (right, b), (left, a) = groups.pop(), groups.pop()
            members = left + right
            groups.append((members, (a * len(left) + b * len(right)) / len(members)))
    out = [0.0] * len(positions)
    for members, centre in groups:
        for rank, i in enumerate(members):
            out[i] = centre + (rank - (len(members) - 1) / 2) * gap
    return out


def _overlap(left: tuple[list[int], float], right: tuple[list[int], float], gap: float) -> bool:
    return right[1] - left[1] < gap * (len(left[0]) + len(right[0])) / 2 - 1e-12


def mode_shares(results: Results, words: Words, prefix: str) -> str | None:
    """Stacked bars: the share of each mode, one bar per policy; None if the run has no mode shares."""
    keys = results.keys(MODE_KEYS)
    if not keys:
        return None
    language = words.language
    with _style(prefix):
        figure, axes = _figure(0.85 + 0.44 * len(results.policies))
        for row, policy in enumerate(results.policies):
            _stack(axes, row, policy, results, keys, language)
        axes.set_ylim(len(results.policies) - 0.42, -0.72)
        axes.set_xlim(0, 100)
        axes.set_yticks([])
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.set_xticks([])
        handles = [_patch(MODE_COLOURS[key], indicator(key).title[language]) for key in keys]
        figure.legend(
            handles=handles,
            loc="outside lower left",
            ncols=4,
            frameon=False,
            fontsize=8.0,
            handlelength=1.0,
            columnspacing=1.0,
            handletextpad=0.4,
            borderaxespad=0.2,
        )
        return _svg(figure, prefix, words("figure_modes_alt", year=results.year))


def _stack(axes: Axes, row: int, policy: Policy, results: Results, keys: Sequence[str], language: str) -> None:
    start = 0.0
    name = tidy(policy.name(language), 62)
    axes.text(0, row - 0.36, f"{policy.number}  {name}", fontsize=8.5, va="center", ha="left")
    for key in keys:
        width = results.effect(policy.id, key).value * 100
        if not math.isfinite(width):
            continue
        axes.barh(row, width, left=start, height=0.42, color=MODE_COLOURS[key], edgecolor="white", linewidth=0.6)
        if width >= 4.5:
            dark = key in ("mode_share_ebike", "mode_share_ev", "mode_share_train")
            axes.text(
                start + width / 2,
                row,
                numbers.number(width, 0, language),
                ha="center",
                va="center",
                fontsize=8.0,
                color="white" if dark else INK,
            )
        start += width


def _patch(colour: str, label: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=colour, edgecolor="white", label=label)


def series(results: Results, words: Words, prefix: str, key: str, alt: str, *, band: bool = False) -> str | None:
    """Lines by year, one per policy, each ending in its number; None if there are fewer than two years.

    Parameters
    ----------
    results : Results
    words : Words
    prefix : str
    key : str
        The indicator.
    alt : str
        Key of the words that describe the figure.
    band : bool
        Draw the 95 % interval over seeds around the line of the baseline.
    """
    table = results.series(key)
    shown = [policy for policy in results.policies if policy.id in table.columns.get_level_values(0)]
    if len(table) < 2 or not shown:
        return None
    how = indicator(key)
    years = table.index.to_numpy()
    with _style(prefix):
        figure, axes = _figure(3.3)
        ends = []
        for policy in shown:
            values = table[policy.id].to_numpy() * how.factor
            mean = values.mean(axis=1)
            style = line_style(policy)
            axes.plot(years, mean, label=str(policy.number), **style)
            ends.append(float(mean[-1]))
            if band and policy.id == BASELINE and values.shape[1] > 1:
                limits = np.array([interval_over_seeds(list(row), of_one=bool(results.drawn)) for row in values])
                axes.fill_between(years, limits[:, 0], limits[:, 1], color=style["color"], alpha=0.15, linewidth=0)
        _year_axis(axes, years)
        _number_axis(axes.yaxis, None, words.language)
        axes.set_title(
            _unit_line(how.unit[words.language], band and len(results.seeds) > 1, words),
            loc="left",
            fontsize=9,
            color=MUTED,
        )
        axes.grid(axis="y")
        _label_ends(axes, years, ends, shown)
        return _svg(figure, prefix, words(alt, year=results.year))


def _unit_line(unit: str, band: bool, words: Words) -> str:
    return f"{unit} ({words('figure_band')})" if band else unit


def _year_axis(axes: Axes, years: Any) -> None:
    ticks = [int(year) for year in years]
    if len(ticks) > 7:
        step = 2 if len(ticks) <= 14 else 5
        ticks = [year for year in ticks if (ticks[-1] - year) % step == 0]
    axes.set_xticks(ticks, [str(year) for year in ticks])
    axes.set_xlim(float(years[0]), float(years[-1]) + 0.09 * max(1.0, float(years[-1] - years[0])))


def _label_ends(axes: Axes, years: Any, ends: list[float], shown: list[Policy]) -> None:
    low, high = axes.get_ylim()
    places = spread(ends, (high - low) * 0.05)
    margin = (high - low) * 0.03
    axes.set_ylim(min(low, *(place - margin for place in places)), max(high, *(place + margin for place in places)))
    span = float(years[-1] - years[0])
    for policy, end, place in zip(shown, ends, places, strict=True):
        colour = line_style(policy)["color"]
        axes.plot([years[-1], years[-1] + 0.04 * span], [end, place], color=colour, linewidth=0.6, zorder=3)
        axes.text(
            years[-1] + 0.05 * span, place, str(policy.number), color=colour, va="center", fontsize=9, fontweight="bold"
        )


def effects(results: Results, words: Words, prefix: str, key: str = "co2_wtw_kg_year") -> str | None:
    """Dots with 95 % intervals of the difference to the baseline, one per policy; hollow where it is unclear."""
    shown = [p for p in results.measures_of_interest if math.isfinite(results.effect(p.id, key).diff)]
    if not shown:
        return None
    how = indicator(key)
    with _style(prefix):
        figure, axes = _figure(0.75 + 0.38 * len(shown))
        for row, policy in enumerate(shown):
            effect = results.effect(policy.id, key)
            colour = ACCENT if effect.clear else MUTED
            if effect.has_interval:
                axes.plot([effect.low * how.factor, effect.high * how.factor], [row, row], color=colour, linewidth=1.6)
            axes.plot(
                effect.diff * how.factor,
                row,
                "o",
                markersize=5.5,
                color=colour,
                markerfacecolor=colour if effect.clear else "white",
            )
            name = f"{policy.number}  {tidy(policy.name(words.language), 62)}"
            axes.text(0, row - 0.42, name, transform=axes.get_yaxis_transform(), fontsize=8.5, va="center")
        axes.axvline(0, color=INK, linewidth=0.9)
        axes.set_ylim(len(shown) - 0.5, -0.8)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        _number_axis(axes.xaxis, None, words.language)
        axes.set_xlabel(how.diff_unit[words.language])
        axes.grid(axis="x")
        return _svg(figure, prefix, words("figure_effect_alt", year=results.year, indicator=how.title[words.language]))


def cost(results: Results, words: Words, prefix: str) -> str | None:
    """Public cost against tonnes of CO2 avoided, one numbered dot per policy with the interval of the tonnes."""
    money, gas = indicator("public_cost_eur"), indicator("co2_wtw_total_kg")
    shown = [
        policy
        for policy in results.measures_of_interest
        if math.isfinite(results.effect(policy.id, money.key).diff)
        and math.isfinite(results.effect(policy.id, gas.key).diff)
    ]
    if not shown:
        return None
    with _style(prefix):
        figure, axes = _figure(4.0)
        for policy in shown:
            avoided, paid = results.effect(policy.id, gas.key), results.effect(policy.id, money.key)
            y = paid.diff * money.factor
            style = line_style(policy)
            if avoided.has_interval:
                axes.plot(
                    [-avoided.low * gas.factor, -avoided.high * gas.factor],
                    [y, y],
                    color=style["color"],
                    linewidth=1.0,
                    alpha=0.7,
                )
            axes.plot(-avoided.diff * gas.factor, y, style["marker"], color=style["color"], markersize=5)
            axes.annotate(
                str(policy.number),
                (-avoided.diff * gas.factor, y),
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=9,
                fontweight="bold",
                color=style["color"],
            )
        axes.margins(0.08)
        axes.axvline(0, color=MUTED, linewidth=0.7)
        axes.axhline(0, color=MUTED, linewidth=0.7)
        _number_axis(axes.xaxis, None, words.language)
        _number_axis(axes.yaxis, None, words.language)
        axes.set_xlabel(words("figure_cost_x"))
        axes.set_title(words("figure_cost_y"), loc="left", fontsize=9, color=MUTED)
        axes.grid(True)
        return _svg(figure, prefix, words("figure_cost_alt"))


def load(results: Results, words: Words, prefix: str) -> str | None:
    """Power of charging by hour of a winter weekday: areas by place in the baseline, a line for each policy."""
    kw = results.load_by_hour("winter weekday")
    if kw.empty or BASELINE not in kw.columns.get_level_values(0):
        return None
    hours = kw.index.to_numpy().astype(int) + 0.5
    with _style(prefix):
        figure, axes = _figure(3.6)
        areas = [_patch(LOAD_COLOURS[place], words(f"figure_load_{place}")) for place in LOAD_COLOURS]
        axes.stackplot(hours, [kw[BASELINE, p] for p in LOAD_COLOURS], colors=LOAD_COLOURS.values(), linewidth=0)
        for policy in results.policies:
            if (policy.id, "all") in kw.columns:
                axes.plot(hours, kw[policy.id, "all"], label=str(policy.number), **line_style(policy))
        axes.set_xlim(0, 24)
        axes.set_xticks(range(0, 25, 4))
        axes.set_ylim(bottom=0)
        _number_axis(axes.yaxis, None, words.language)
        axes.set_xlabel(words("figure_load_x"))
        axes.set_title("kW", loc="left", fontsize=9, color=MUTED)
        handles = [*areas, *axes.get_legend_handles_labels()[0]]
        figure.legend(handles=handles, loc="outside lower left", ncols=4, frameon=False, fontsize=8.0)
        return _svg(figure, prefix, words("figure_load_alt", year=results.year))


#: (id, title key, drawing) in the order of the page.
Drawing = Callable[[Results, Words, str], "str | None"]
FIGURES: Final[tuple[tuple[str, str, Drawing], ...]] = (
    ("effect", "figure_effect_title", effects),
    ("effect-car", "figure_effect_car_title", lambda r, w, p: effects(r, w, p, "car_km_year")),
    ("co2", "figure_co2_title", lambda r, w, p: series(r, w, p, "co2_wtw_kg_year", "figure_co2_alt")),
    ("ev", "figure_ev_title", lambda r, w, p: series(r, w, p, "ev_share", "figure_ev_alt", band=True)),
    ("load", "figure_load_title", load),
    ("modes", "figure_modes_title", mode_shares),
    ("cost", "figure_cost_title", cost),
)
