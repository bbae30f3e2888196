"""What follows from kernels, networks and sequences together: readings, known motifs, sites. No widget, no torch.

The public names are listed in `__all__` and are loaded when first used.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False

_HOME = {
    "Samples": "analysis.kernel_readings",
    "example_kernels": "data.examples",
    "samples_of": "analysis.kernel_readings",
    "samples_of_set": "analysis.kernel_readings",
    "example_samples": "analysis.kernel_readings",
    "read_network": "analysis.network_readings",
    "NetworkReading": "analysis.network_readings",
    "read_kernel": "analysis.kernel_readings",
    "KernelReading": "analysis.kernel_readings",
    "exact_ppms": "analysis.kernel_readings",
    "heuristic": "analysis.kernel_readings",
    "all_thresholds": "analysis.kernel_readings",
    "Thresholds": "analysis.kernel_readings",
    "posterior": "analysis.kernel_readings",
    "posterior_motif": "analysis.kernel_readings",
    "residual": "analysis.kernel_readings",
    "likeliest_m": "analysis.kernel_readings",
    "worth": "analysis.kernel_readings",
    "Worth": "analysis.kernel_readings",
    "decision_shares": "analysis.kernel_readings",
    "pooled": "analysis.kernel_readings",
    "match_motifs": "analysis.known_motifs",
    "Match": "analysis.known_motifs",
    "example_matches": "analysis.known_motifs",
    "likeness": "analysis.known_motifs",
    "Likeness": "analysis.known_motifs",
    "site_precisions": "analysis.attribution_truth",
    "site_letters": "analysis.attribution_truth",
    "site_sequences": "analysis.attribution_truth",
    "network_of": "analysis.attribution_truth",
    "uploaded_network": "analysis.attribution_truth",
    "example_network": "analysis.attribution_truth",
    "sites_table": "analysis.site_tables",
    "sites_bed": "analysis.site_tables",
    "race_standing": "analysis.races",
    "Standing": "analysis.races",
    "walk_em": "core.em_path",
    "fixed_point_bits": "core.em_path",
    "Trail": "core.em_path",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"epool_viz.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if TYPE_CHECKING:
    from typing import Any

    from epool_viz.analysis.attribution_truth import example_network as example_network
    from epool_viz.analysis.attribution_truth import network_of as network_of
    from epool_viz.analysis.attribution_truth import site_letters as site_letters
    from epool_viz.analysis.attribution_truth import site_precisions as site_precisions
    from epool_viz.analysis.attribution_truth import site_sequences as site_sequences
    from epool_viz.analysis.attribution_truth import uploaded_network as uploaded_network
    from epool_viz.analysis.kernel_readings import KernelReading as KernelReading
    from epool_viz.analysis.kernel_readings import Samples as Samples
    from epool_viz.analysis.kernel_readings import Thresholds as Thresholds
    from epool_viz.analysis.kernel_readings import Worth as Worth
    from epool_viz.analysis.kernel_readings import all_thresholds as all_thresholds
    from epool_viz.analysis.kernel_readings import decision_shares as decision_shares
    from epool_viz.analysis.kernel_readings import exact_ppms as exact_ppms
    from epool_viz.analysis.kernel_readings import example_samples as example_samples
    from epool_viz.analysis.kernel_readings import heuristic as heuristic
    from epool_viz.analysis.kernel_readings import likeliest_m as likeliest_m
    from epool_viz.analysis.kernel_readings import pooled as pooled
    from epool_viz.analysis.kernel_readings import posterior as posterior
    from epool_viz.analysis.kernel_readings import posterior_motif as posterior_motif
    from epool_viz.analysis.kernel_readings import read_kernel as read_kernel
    from epool_viz.analysis.kernel_readings import residual as residual
    from epool_viz.analysis.kernel_readings import samples_of as samples_of
    from epool_viz.analysis.kernel_readings import samples_of_set as samples_of_set
    from epool_viz.analysis.kernel_readings import worth as worth
    from epool_viz.analysis.known_motifs import Likeness as Likeness
    from epool_viz.analysis.known_motifs import Match as Match
    from epool_viz.analysis.known_motifs import example_matches as example_matches
    from epool_viz.analysis.known_motifs import likeness as likeness
    from epool_viz.analysis.known_motifs import match_motifs as match_motifs
    from epool_viz.analysis.network_readings import NetworkReading as NetworkReading
    from epool_viz.analysis.network_readings import read_network as read_network
    from epool_viz.analysis.races import Standing as Standing
    from epool_viz.analysis.races import race_standing as race_standing
    from epool_viz.analysis.site_tables import sites_bed as sites_bed
    from epool_viz.analysis.site_tables import sites_table as sites_table
    from epool_viz.core.em_path import Trail as Trail
    from epool_viz.core.em_path import fixed_point_bits as fixed_point_bits
    from epool_viz.core.em_path import walk_em as walk_em
    from epool_viz.data.examples import example_kernels as example_kernels
