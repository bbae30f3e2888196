"""What `core` answers, for the tests of its twin in the page: `python -m tests.components.golden` prints it as JSON."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np

from epool_viz.core import kernels, motifs, pooling, posterior, strands, trace
from epool_viz.core.alphabet import DNA, one_hot, reverse_complement
from epool_viz.core.scan import scan, whole_windows, window_starts

# given to the twin and not given back, or said by another name
UNSHARED = {
    "sequence", "alphabet", "kernel", "bias", "m", "mode", "local_window", "activation", "padding", "both_strands",
    "strand_reading", "occurrence", "site_rate", "background", "onehot", "pwm", "errors", "strands",
}  # fmt: skip

TEXT = "ACGTTGCANACGTTAGCATTAGACCATGN"
Q = [0.1, 0.2, 0.3, 0.4]
COMPLEMENT = list(DNA.complement_codes)
CODES = DNA.encode(TEXT).tolist()


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def plain(value: Any) -> Any:
    """What crosses to the page: lists and numbers."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no infinity
    is_plain = value is None or isinstance(value, str | bool | int | float)
    return value if is_plain else plain(np.asarray(value).tolist())


def examples() -> dict[str, list[tuple[list[Any], Any]]]:
    """For each function: arguments, and what `core` answers."""
    rng = np.random.default_rng(7)
    kernel, scores = rng.normal(size=(4, 5)) * 2, rng.normal(size=12) * 4
    mask = np.arange(12) % 3 != 1
    onehot = one_hot(TEXT)
    weights = pooling.pool_weights(scores, m=1.3)
    stages = ("gate", "shifted", "exponentials", "total", "weights")
    pool_options = [
        {"m": m, "mode": mode, "mask": k} for m, mode, k in itertools.product((0, 1.3, 20), (0, 1), (None, mask))
    ]

    def staged(options: dict[str, Any]) -> dict[str, Any]:
        result = pooling.expectation_stages(scores, **options)
        return {
            name: np.squeeze(getattr(result, name), -1) if name == "total" else getattr(result, name) for name in stages
        }

    return {
        "reverseComplement": [([kernel, COMPLEMENT], reverse_complement(kernel))],
        "strandLogOdds": [
            ([q, COMPLEMENT], strands.strand_log_odds(np.array(q), DNA.complement_codes))
            for q in (Q, [0.3, 0.2, 0.2, 0.3])
        ],
        "otherStrandKernel": [
            (
                [kernel, COMPLEMENT, {"strandReading": reading, "m": m, "background": q}],
                strands.other_strand_kernel(kernel, strand_reading=reading, m=m, background=q),
            )
            for reading, m, q in itertools.product(("motif", "network"), (1e-3, 1.3), (None, Q))
        ],
        "windowStarts": [
            ([29, w, p], list(window_starts(29 if p == "same" else 30 - w, w, p)))
            for w in (1, 4, 5)
            for p in ("valid", "same")
        ],
        "scan": [
            ([CODES, kernel, {"bias": 0.7, "padding": p}], scan(onehot, kernel, bias=0.7, padding=p))
            for p in ("valid", "same")
        ],
        "wholeWindows": [([CODES, 5, p], whole_windows(onehot, 5, padding=p)) for p in ("valid", "same")],
        "kernelToPwm": [
            (
                [kernel * scale, {"logBase": m, "bias": 0.7, "background": q}],
                kernels.kernel_to_pwm_at(kernel * scale, m, bias=0.7, background=q)._asdict(),
            )
            for m, q, scale in itertools.product((0.0, 1e-3, 1.3, 200.0), (None, Q), (1, 1e4))
        ],
        "kernelReadings": [
            (
                [kernel * scale, {"logBase": m, "bias": 0.7, "background": q}],
                kernels.kernel_readings_at(kernel * scale, m, bias=0.7, background=q)._asdict(),
            )
            for m, q, scale in itertools.product((0.0, 1e-3, 1.3, 200.0), (None, Q), (1, 1e4))
        ],
        "informationContent": [
            ([kernels.kernel_to_pwm(kernel).ppm, q], motifs.information_content(kernels.kernel_to_pwm(kernel).ppm, q))
            for q in (None, Q)
        ],
        "activate": [([scores * 3, name], pooling.activate(scores * 3, name)) for name in pooling.ACTIVATIONS],
        "localMax": [([scores, 5, k], pooling.local_max(scores, 5, mask=k)._asdict()) for k in (None, mask)],
        "expectationStages": [([scores, o], staged(o)) for o in pool_options],
        "expectationPool": [([scores, o], pooling.expectation_pool(scores, **o)) for o in pool_options],
        "otherPools": [
            (
                [scores, {"m": 1.3, "mask": k}],
                {
                    "maximum": pooling.max_pool(scores, mask=k),
                    "average": pooling.average_pool(scores, mask=k),
                    "logSumExp": pooling.logsumexp_pool(scores, m=1.3, mask=k),
                },
            )
            for k in (None, mask)
        ],
        "poolGradient": [
            ([scores, weights, pooling.expectation_pool(scores, m=1.3), 1.3], pooling.pool_gradient(scores, m=1.3))
        ],
        "entropy": [([w], posterior.posterior_entropy(w)) for w in (weights, np.eye(5)[2])],
        "estimateLogBase": [
            (
                [kernel, [DNA.encode(s).tolist() for s in ("ACGTTGCA", TEXT)]],
                {"m": math.log(kernels.estimate_base(kernel, ["ACGTTGCA", TEXT]))},
            )
        ],
    }


def traces() -> list[dict[str, Any]]:
    """For every combination of options: what the twin is given, and the fields of core's trace."""
    kernel = np.random.default_rng(7).normal(size=(4, 5)) * 2
    fields = [name for name in trace.EStepTrace.__dataclass_fields__ if name not in UNSHARED]
    grid = itertools.product(
        (0.0, 1.3, 20.0),
        (0, 1),
        (1, 3),
        ("valid", "same"),
        (None, "motif", "network"),
        ("oops", "zoops"),
        ("identity", "paper"),
        (None, Q),
    )
    found = []
    for m, mode, local_window, padding, reading, occurrence, activation, background in grid:
        if (m, reading, background) == (0.0, "motif", Q):
            continue  # has no score
        options = {"m": m, "mode": mode, "local_window": local_window, "padding": padding, "background": background}
        options |= {"occurrence": occurrence, "activation": activation, "site_rate": 0.3, "bias": 0.7}
        options |= {"both_strands": reading is not None, "strand_reading": reading or "motif"}
        reference = trace.e_step_trace(TEXT, kernel, **options)
        answer = {camel(name): getattr(reference, name) for name in fields} | {"strands": list(reference.strands)}
        given = {camel(name): value for name, value in options.items()}
        given |= {"codes": CODES, "kernel": kernel, "complement": COMPLEMENT}
        found.append({"input": given, "expected": answer})
    return found


def camelled(value: Any) -> Any:
    """Core's names as the page writes them."""
    return {camel(name): item for name, item in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    functions = {
        name: [{"args": args, "expected": camelled(expected)} for args, expected in cases]
        for name, cases in examples().items()
    }
    print(json.dumps(plain({"functions": functions, "traces": traces()}), allow_nan=False))
