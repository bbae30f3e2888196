"""What a visitor takes along from the attribution panel. Texts only."""

from __future__ import annotations

from epool_viz.analysis.attribution_truth import load_attribution_results
from epool_viz.data.tables import table_text
from epool_viz.panels.attribution.model import SHUFFLES, AttributionModel
from epool_viz.panels.shared.exports import exact


def tracks_csv(model: AttributionModel) -> str:
    """Every letter of the sequence, a row each: its place from 1, whether it is in a known site, and all tracks."""
    reading = model.reading
    tracks = [reading.scores(method, model.width) for method in reading.methods]
    rows = []
    for i, letter in enumerate(reading.sequence):
        site = next((name for first, stop, name in reading.sites if first <= i < stop), "")
        rows.append([i + 1, letter, site, *(exact(track[i]) for track in tracks)])
    return table_text(("position", "letter", "site", *reading.methods), rows)


def results_csv() -> str:
    """The comparison on simulated sequences, a row a pooling and method."""
    columns = ["pooling", "method"]
    for name in ("auprc", "smoothed"):
        columns += [name, f"{name}_low", f"{name}_high", f"{name}_lowest_network", f"{name}_highest_network"]
    rows = []
    for row in load_attribution_results()["rows"]:
        numbers = [x for name in ("auprc", "smoothed") for x in (*row[name], *row[f"{name}_networks"])]
        rows.append([row["pooling"], row["method"], *map(exact, numbers)])
    return table_text(columns, rows)


def python_lines(model: AttributionModel) -> str:
    """A few lines of Python that give the numbers on the screen; they stand alone."""
    baseline, own = repr(model.baseline), model.own
    place = "" if model.reading.is_whole else f", {model.kernel}"
    methods = "" if model.reading.is_whole else f", methods={model.reading.methods!r}"
    is_opened_here = own is not None and own is model.opened_model.kernels
    options = "".join(f", {k}={v!r}" for k, v in model.opened_model.options.items()) if is_opened_here else ""
    finder = "example_network" if own is None else "uploaded_network"
    lines = [
        "import epool_viz as ev",
        "from epool_viz.core.per_letter import smooth_letters",
        f"from epool_viz.analysis.attribution_truth import {finder}",
        "from epool_viz.data.sequences.simulate import shuffle_known_letters",
        "",
        *(
            [f"network = example_network({model.network!r})"]
            if own is None
            else [
                f"kernels = ev.import_kernels({own.source!r}{options})  # the path of your file",
                f"network = uploaded_network(kernels{place})",
            ]
        ),
        f"onehot = ev.one_hot([{model.reading.sequence!r}])",
    ]
    if model.baseline == "shuffles":
        baseline = f"shuffle_known_letters(onehot, {SHUFFLES}, seed=0)"
    else:
        lines.remove("from epool_viz.data.sequences.simulate import shuffle_known_letters")
    lines += [f"found = ev.attribute_letters(network, onehot, baseline={baseline}{methods})", "tracks = found.scores"]
    if model.smooth:
        lines.append("tracks = {name: smooth_letters(track, network.width) for name, track in tracks.items()}")
    else:
        lines.remove("from epool_viz.core.per_letter import smooth_letters")
    lines += [
        'print(f"log odds {found.output[0]:.6f}, of the baseline {found.reference[0]:.6f}")',
        "for name, track in tracks.items():",
        '    print(f"{name:22} highest at letter {track[0].argmax() + 1}, sum {track[0].sum():.6f}")',
    ]
    return "\n".join(lines) + "\n"
