"""The results as a page of Markdown and two figures that are readable without colour."""

import os
import platform
import shlex
import statistics
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from benchmarks.speed.comparisons import verdict
from benchmarks.speed.parts import ONCE

PHASES = ("forward", "backward", "clip", "update")
RATES = ("rate", "large_rate")


def write(folder, parts, results, skipped, rounds, corpus, quick):
    """speed.md, speed_ratios.png and speed_growth.png in `folder`; -> the page.

    parts: {name: its comparisons}. results: {name: {job: [dict per round]}}. skipped: {job: why it was skipped}.
    """
    curves = [c for c in parts.get("growth", []) if set(c.jobs()) <= set(results["growth"])]
    found = [(c, results[name]) for name, part in parts.items() for each in part if (c := possible(each, skipped))]
    bounded = [(c, c.of(some)) for c, some in found if c.least is not None or c.most is not None]
    lines = ["## Measured", ""]
    if quick:
        lines += ["**A trial of the command at toy sizes: these numbers mean nothing.**", ""]
    once = "".join(f"; {name}: one round" for name in ONCE if name in parts and rounds > 1)
    lines += [
        f"`python -m benchmarks.speed {shlex.join(sys.argv[1:])}`".replace(" `", "`"),
        "",
        machine(),
        "",
        f"Medians of {rounds} round{'s' if rounds > 1 else ''}{once}; in each, the processes that are compared run in "
        f"turn. float32. Corpus: {corpus}.",
        "",
        "| what | must | stretch | measured | lowest to highest round | | PyTorch's form |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(row for name, part in parts.items() for row in ratio_rows(part, results[name], skipped)),
        "",
        *(["![the ratios that were to be reached](speed_ratios.png)", ""] if bounded else []),
    ]
    for name in parts:
        jobs = list(results[name])
        if name == "growth" and curves:
            table = [*growth_table(curves, results[name]), "", "![growth of a step](speed_growth.png)"]
        elif name == "products":
            table = [*products_table(jobs, results[name]), "", *rates_table(jobs, results[name])]
        else:
            table = time_table(jobs, results[name])
        lines += [f"### {name}", "", *table, ""] if jobs else []
    page = "\n".join(lines)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("speed.md").write_text(page, encoding="utf-8")
    if bounded:
        plot_ratios(bounded).savefig(folder / "speed_ratios.png", dpi=150)
    if curves:
        plot_growth(curves, results["growth"]).savefig(folder / "speed_growth.png", dpi=150)
    return page


def possible(comparison, skipped):
    """The comparison as far as it was measured, or None; None for a job that is compared with nothing."""
    return comparison.without(skipped) if hasattr(comparison, "of") else None


def machine():
    """One line: processor, system, versions."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), name)
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    versions = [f"Python {platform.python_version()}", f"NumPy {np.__version__} with {blas['name']} {blas['version']}"]
    for package, shown in (("torch", "PyTorch"), ("mpi4py", "mpi4py"), ("mpich", "MPICH")):
        try:
            versions.append(f"{shown} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{shown} not installed")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} core{'s' if cores > 1 else ''}; {platform.system()}; {', '.join(versions)}."


def ratio_rows(comparisons, results, skipped):
    lines = []
    for c in comparisons:
        if not hasattr(c, "of"):
            continue
        sign, must = (">=", c.least) if c.least is not None else ("<=", c.most)
        bounds = " | ".join("" if bound is None else f"{sign} {bound:g}" for bound in (must, c.stretch))
        measured = possible(c, skipped)
        if measured is None:
            why = next(skipped[job] for job in c.jobs() if job in skipped)
            lines.append(f"| {c.what} | {bounds} | | | {why} | |")
            continue
        values = measured.of(results)
        spread = f"{min(values):.2f} to {max(values):.2f}"
        words = f"{verdict(c, values)} | {measured.form(results)}"
        lines.append(f"| {c.what} | {bounds} | {statistics.median(values):.2f} | {spread} | {words} |")
    return lines


def time_table(jobs, results):
    """What each job took; columns that no job has are left out."""
    rows = []
    for job in jobs:
        rounds = results[job]
        seconds = median(rounds, "seconds" if "seconds" in rounds[0] else "wall")
        row = {"what": str(job), "time": f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"}
        if job.texts:
            row["texts / s"] = f"{job.texts / seconds:,.0f}"
        row |= {f"{name}, MB": f"{median(rounds, name) / 1e6:.0f}" for name in ("peak", "memory") if name in rounds[0]}
        row |= {f"{name}, ms": f"{1000 * median(rounds, name):,.1f}" for name in PHASES if name in rounds[0]}
        if "epochs" in rounds[0]:
            row |= {"epochs": f"{rounds[0]['epochs']}", "accuracy": f"{rounds[0]['accuracy']:.2%}"}
        rows.append(row)
    order = ("what", "time", "texts / s", "peak, MB", "memory, MB", *(f"{name}, ms" for name in PHASES))
    columns = [name for name in (*order, "epochs", "accuracy") if any(name in row for row in rows)]
    cells = [" | ".join(row.get(name, "") for name in columns) for row in rows]
    return [f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|", *(f"| {row} |" for row in cells)]


def growth_table(curves, results):
    sides = dict.fromkeys(f"{c.points[0].side}, ms" for c in curves)
    lines = [f"| | {' | '.join(sides)} |", "| --- " * (1 + len(sides)) + "|"]
    for letter in dict.fromkeys(c.letter for c in curves):
        for points in zip(*(c.points for c in curves if c.letter == letter)):
            times = " | ".join(f"{1000 * median(results[job], 'seconds'):.1f}" for job in points)
            lines.append(f"| {letter} = {getattr(points[0], letter):,} | {times} |")
    return lines


def products_table(jobs, results):
    lines = [
        "| threads | step, ms | its products, ms | share | GFLOP/s | the same products alone, ms | share | GFLOP/s |",
        "| --- " * 8 + "|",
    ]
    for job in (job for job in jobs if job.task == "products"):
        seconds, inside, alone = (median(results[job], key) for key in ("seconds", "inside", "alone"))
        billions = median(results[job], "operations") / 1e9
        cells = [f"{1000 * t:.1f} | {t / seconds:.0%} | {billions / t:.0f}" for t in (inside, alone)]
        lines.append(f"| {job.threads} | {1000 * seconds:.1f} | {' | '.join(cells)} |")
    return lines


def rates_table(jobs, results):
    """How fast a step is, beside the products that it needs, and beside a large one."""
    rates = {job.threads: results[job] for job in jobs if job.task == "products"}
    head = ["what", "step, ms", "GFLOP/s", "its products alone, GFLOP/s", "share", "a large product, GFLOP/s", "share"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for job in (job for job in jobs if job.task == "step"):
        seconds = median(results[job], "seconds")
        rate = job.operations / seconds
        cells = [f"{top / 1e9:.0f} | {rate / top:.0%}" for top in (median(rates[job.threads], k) for k in RATES)]
        lines.append(f"| {job} | {1000 * seconds:.1f} | {rate / 1e9:.0f} | {' | '.join(cells)} |")
    return lines


def median(rounds, key):
    return statistics.median(result[key] for result in rounds)


def plot_ratios(bounded):
    """Every ratio with its spread, and a bar where it was to be; -> Figure."""
    from common.plot import BLUE, ORANGE, new_axes

    ax = new_axes(9, 1 + 0.36 * len(bounded))
    for row, (c, values) in enumerate(reversed(bounded)):
        bound = c.least if c.least is not None else c.most
        ax.plot([min(values), max(values)], [row, row], color=BLUE)
        ax.plot(statistics.median(values), row, "o", color=BLUE, label="measured" if row == 0 else None)
        arrow = ">" if c.least is not None else "<"  # points to where the measured one ought to be
        ax.plot(bound, row, arrow, color=ORANGE, fillstyle="none", label="to be reached" if row == 0 else None)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yticks(range(len(bounded)), [c.what.replace("`", "") for c, _ in reversed(bounded)])
    ax.grid(axis="x", color="0.9")
    ax.legend()
    return ax.figure


def plot_growth(curves, results):
    """A panel for each letter: size against time, both logarithmic; -> Figure."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    from common.plot import BLUE, ORANGE

    letters = list(dict.fromkeys(c.letter for c in curves))
    figure = Figure(figsize=(3.2 * len(letters), 3.2), layout="constrained")
    for ax, letter in zip(np.ravel(figure.subplots(1, len(letters), sharey=True)), letters):
        for c, color, style in zip((c for c in curves if c.letter == letter), (BLUE, ORANGE), ("o-", "s--")):
            sizes = [getattr(job, letter) for job in c.points]
            times = [1000 * median(results[job], "seconds") for job in c.points]
            slope = statistics.median(c.of(results))
            ax.plot(sizes, times, style, color=color, label=f"{c.points[0].side}: slope {slope:.2f}", markersize=4)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.set_xticks(sizes, [f"{size:,}" if size < 1000 else f"{size // 1000}k" for size in sizes])
        ax.minorticks_off()
        ax.set(xlabel=letter, ylabel="ms per step" if ax.get_subplotspec().is_first_col() else "")
        ax.legend(fontsize="small", loc="upper left")
    return figure
