"""See inside a DNA convolutional network: every kernel a motif, every pooled score an E-step.

The public names are listed in `__all__`, in the order of the documentation, and are loaded when first used: importing
the package costs milliseconds and loads neither NumPy nor torch.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as type checkers read it; `typing` would be half of what importing this package costs
__version__ = "0.1.0"

_HOME = {
    "kernel_to_pwm": "core.kernels",
    "pwm_to_kernel": "core.kernels",
    "estimate_base": "core.kernels",
    "KernelPWM": "core.kernels",
    "scan": "core.scan",
    "scan_both_strands": "core.scan",
    "whole_windows": "core.scan",
    "other_strand_kernel": "core.strands",
    "site_posterior": "core.posterior",
    "log_evidence": "core.posterior",
    "free_energy": "core.posterior",
    "expectation_pool": "core.pooling",
    "max_pool": "core.pooling",
    "average_pool": "core.pooling",
    "logsumexp_pool": "core.pooling",
    "pool_weights": "core.pooling",
    "pool_gradient": "core.pooling",
    "letter_coverage": "core.per_letter",
    "letter_log_odds": "core.per_letter",
    "attribute_letters": "core.attribution",
    "MotifNetwork": "core.attribution",
    "fit_em": "core.em",
    "EMResult": "core.em",
    "posterior_ppm": "core.em",
    "heuristic_pfm": "core.heuristics",
    "e_step_trace": "core.trace",
    "EStepTrace": "core.trace",
    "pfm_to_ppm": "core.motifs",
    "ppm_to_pwm": "core.motifs",
    "pwm_to_ppm": "core.motifs",
    "information_content": "core.motifs",
    "kl_divergence": "core.motifs",
    "Alphabet": "core.alphabet",
    "DNA": "core.alphabet",
    "RNA": "core.alphabet",
    "PROTEIN": "core.alphabet",
    "one_hot": "core.alphabet",
    "reverse_complement": "core.alphabet",
    "SequenceSet": "data.sequences.set",
    "read_sequences": "data.sequences.reading",
    "parse_sequences": "data.sequences.reading",
    "write_sequences": "data.sequences.writing",
    "write_sites": "data.sequences.writing",
    "Motif": "data.motifs.motif",
    "read_motifs": "data.motifs.reading",
    "parse_motifs": "data.motifs.reading",
    "parse_matrix": "data.motifs.matrix",
    "write_meme": "data.motifs.writing",
    "write_jaspar": "data.motifs.writing",
    "load_jaspar": "data.motifs.jaspar",
    "search_jaspar": "data.motifs.jaspar",
    "match_motifs": "analysis.known_motifs",
    "read_network": "analysis.network_readings",
    "NetworkReading": "analysis.network_readings",
    "walk_em": "core.em_path",
    "load_example": "data.examples",
    "load_example_race": "data.examples",
    "list_examples": "data.examples",
    "list_chipseq": "data.sequences.chipseq",
    "fetch_chipseq": "data.sequences.chipseq",
    "load_example_model": "data.examples",
    "list_models": "data.examples",
    "simulate": "data.sequences.simulate",
    "shuffle_dinucleotides": "data.sequences.simulate",
    "add_shuffled_negatives": "data.sequences.simulate",
    "split_sequences": "data.sequences.simulate",
    "ExpectationPooling": "models.pooling",
    "MaxPooling": "models.pooling",
    "AveragePooling": "models.pooling",
    "LogSumExpPooling": "models.pooling",
    "LocalPooling": "models.pooling",
    "MotifCNN": "models.cnn",
    "attribute": "models.attribution",
    "train": "models.training",
    "race": "models.training",
    "save_model": "models.checkpoint",
    "load_model": "models.checkpoint",
    "read_model": "data.networks.stored",
    "import_kernels": "importing",
    "ImportedKernels": "data.networks.kernels",
    "EpoolError": "errors",
    "dashboards": "dashboards",
    "lessons": "lessons",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{home}")
    value = module if home == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if TYPE_CHECKING:
    from typing import Any

    from epool_viz import dashboards as dashboards
    from epool_viz import lessons as lessons
    from epool_viz.analysis.known_motifs import match_motifs as match_motifs
    from epool_viz.analysis.network_readings import NetworkReading as NetworkReading
    from epool_viz.analysis.network_readings import read_network as read_network
    from epool_viz.core.alphabet import DNA as DNA
    from epool_viz.core.alphabet import PROTEIN as PROTEIN
    from epool_viz.core.alphabet import RNA as RNA
    from epool_viz.core.alphabet import Alphabet as Alphabet
    from epool_viz.core.alphabet import one_hot as one_hot
    from epool_viz.core.alphabet import reverse_complement as reverse_complement
    from epool_viz.core.attribution import MotifNetwork as MotifNetwork
    from epool_viz.core.attribution import attribute_letters as attribute_letters
    from epool_viz.core.em import EMResult as EMResult
    from epool_viz.core.em import fit_em as fit_em
    from epool_viz.core.em import posterior_ppm as posterior_ppm
    from epool_viz.core.em_path import walk_em as walk_em
    from epool_viz.core.heuristics import heuristic_pfm as heuristic_pfm
    from epool_viz.core.kernels import KernelPWM as KernelPWM
    from epool_viz.core.kernels import estimate_base as estimate_base
    from epool_viz.core.kernels import kernel_to_pwm as kernel_to_pwm
    from epool_viz.core.kernels import pwm_to_kernel as pwm_to_kernel
    from epool_viz.core.motifs import information_content as information_content
    from epool_viz.core.motifs import kl_divergence as kl_divergence
    from epool_viz.core.motifs import pfm_to_ppm as pfm_to_ppm
    from epool_viz.core.motifs import ppm_to_pwm as ppm_to_pwm
    from epool_viz.core.motifs import pwm_to_ppm as pwm_to_ppm
    from epool_viz.core.per_letter import letter_coverage as letter_coverage
    from epool_viz.core.per_letter import letter_log_odds as letter_log_odds
    from epool_viz.core.pooling import average_pool as average_pool
    from epool_viz.core.pooling import expectation_pool as expectation_pool
    from epool_viz.core.pooling import logsumexp_pool as logsumexp_pool
    from epool_viz.core.pooling import max_pool as max_pool
    from epool_viz.core.pooling import pool_gradient as pool_gradient
    from epool_viz.core.pooling import pool_weights as pool_weights
    from epool_viz.core.posterior import free_energy as free_energy
    from epool_viz.core.posterior import log_evidence as log_evidence
    from epool_viz.core.posterior import site_posterior as site_posterior
    from epool_viz.core.scan import scan as scan
    from epool_viz.core.scan import scan_both_strands as scan_both_strands
    from epool_viz.core.scan import whole_windows as whole_windows
    from epool_viz.core.strands import other_strand_kernel as other_strand_kernel
    from epool_viz.core.trace import EStepTrace as EStepTrace
    from epool_viz.core.trace import e_step_trace as e_step_trace
    from epool_viz.data.examples import list_examples as list_examples
    from epool_viz.data.examples import list_models as list_models
    from epool_viz.data.examples import load_example as load_example
    from epool_viz.data.examples import load_example_model as load_example_model
    from epool_viz.data.examples import load_example_race as load_example_race
    from epool_viz.data.motifs.jaspar import load_jaspar as load_jaspar
    from epool_viz.data.motifs.jaspar import search_jaspar as search_jaspar
    from epool_viz.data.motifs.matrix import parse_matrix as parse_matrix
    from epool_viz.data.motifs.motif import Motif as Motif
    from epool_viz.data.motifs.reading import parse_motifs as parse_motifs
    from epool_viz.data.motifs.reading import read_motifs as read_motifs
    from epool_viz.data.motifs.writing import write_jaspar as write_jaspar
    from epool_viz.data.motifs.writing import write_meme as write_meme
    from epool_viz.data.networks.kernels import ImportedKernels as ImportedKernels
    from epool_viz.data.networks.stored import read_model as read_model
    from epool_viz.data.sequences.chipseq import fetch_chipseq as fetch_chipseq
    from epool_viz.data.sequences.chipseq import list_chipseq as list_chipseq
    from epool_viz.data.sequences.reading import parse_sequences as parse_sequences
    from epool_viz.data.sequences.reading import read_sequences as read_sequences
    from epool_viz.data.sequences.set import SequenceSet as SequenceSet
    from epool_viz.data.sequences.simulate import add_shuffled_negatives as add_shuffled_negatives
    from epool_viz.data.sequences.simulate import shuffle_dinucleotides as shuffle_dinucleotides
    from epool_viz.data.sequences.simulate import simulate as simulate
    from epool_viz.data.sequences.simulate import split_sequences as split_sequences
    from epool_viz.data.sequences.writing import write_sequences as write_sequences
    from epool_viz.data.sequences.writing import write_sites as write_sites
    from epool_viz.errors import EpoolError as EpoolError
    from epool_viz.importing import import_kernels as import_kernels
    from epool_viz.models.attribution import attribute as attribute
    from epool_viz.models.checkpoint import load_model as load_model
    from epool_viz.models.checkpoint import save_model as save_model
    from epool_viz.models.cnn import MotifCNN as MotifCNN
    from epool_viz.models.pooling import AveragePooling as AveragePooling
    from epool_viz.models.pooling import ExpectationPooling as ExpectationPooling
    from epool_viz.models.pooling import LocalPooling as LocalPooling
    from epool_viz.models.pooling import LogSumExpPooling as LogSumExpPooling
    from epool_viz.models.pooling import MaxPooling as MaxPooling
    from epool_viz.models.training import race as race
    from epool_viz.models.training import train as train
