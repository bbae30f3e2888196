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
from epool_viz.figures.heights import letter_heights

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

    ppms = kernels.kernel_to_pwm(kernel).ppm, kernels.kernel_to_pwm(kernel[:, ::-1], background=Q).ppm
    pfm = rng.integers(1, 9, size=(4, 3))
    shares = rng.dirichlet(np.ones(7), size=2)

    def staged(options: dict[str, Any]) -> dict[str, Any]:
        result = pooling.expectation_stages(scores, **options)
        return {
            name: np.squeeze(getattr(result, name), -1) if name == "total" else getattr(result, name) for name in stages
        }

    def read(cursor: int, m: float, q: list[float] | None) -> dict[str, Any]:
        """A window's readings; the routes through probabilities by sums over one-hot letters."""
        found = kernels.kernel_readings_at(kernel, m, bias=0.7, background=q)
        window = one_hot(TEXT)[:, cursor : cursor + 5]
        log_q = np.log(q if q else [0.25] * 4)[:, None]
        by = {
            "score": scan(onehot, kernel, bias=0.7)[cursor],
            "log_likelihood": (window * np.log(found.plain_ppm)).sum() / m,
            "log_ratio": (window * (np.log(found.ppm) - log_q)).sum() / m,
        }
        return found._asdict() | by

    def stages_of(m: float, q: list[float] | None, is_plain: bool) -> dict[str, Any]:
        """The way from a kernel to its logo by powers, each normalised where it stands."""
        weights = np.ones(4) if is_plain else np.array(q if q else [0.25] * 4)
        powers = np.exp(m * kernel)
        weighted = weights[:, None] * powers
        ppm = weighted / weighted.sum(axis=0)
        bits = motifs.information_content(ppm, None if is_plain else q)
        found = kernels.kernel_readings_at(kernel, m, bias=0.7, background=q)
        by_ppm = (np.log(ppm) - np.log(weights)[:, None]) / m
        return {
            "ppm": ppm,
            "bits": bits,
            "log_powers": np.log(powers),
            "log_weighted": np.log(weighted),
            "log_sums": np.log(weighted.sum(axis=0)),
            "shares": np.log(weighted.sum(axis=0)) / m,
            "pwm": by_ppm,
            "pwm_by_ppm": by_ppm,
            "heights": ppm * bits,
            "offset": found.plain_offset if is_plain else found.offset,
            "plain_offset": found.plain_offset,
        }

    def compared(other: Any, m: float, bias: float, expected: dict[str, Any]) -> tuple[list[Any], Any]:
        sides = [(kernel, 1.3, 0.7), (np.asarray(other), m, bias)]
        given = [{"kernel": k, "logBase": base, "bias": b, "background": Q} for k, base, b in sides]
        readings = [kernels.kernel_to_pwm_at(k, base, bias=b, background=Q)._asdict() for k, base, b in sides]
        for reading in readings:
            reading["bits"] = motifs.information_content(reading["ppm"], Q).sum()
        old, now = readings
        moved = np.abs(now["ppm"] - old["ppm"]).max() if now["ppm"].shape == old["ppm"].shape else None
        return given, {"old": old, "now": now} | ({} if moved is None else {"moved": moved}) | expected

    steps, unlike = np.array([0.5, -1.0, 0.0, 2.0, 0.25]), kernel + np.eye(4, 5)
    same = {"is_same_size": True, "is_same_kernel": False, "constants": None, "factor": None, "is_one_ppm": False}
    return {
        "sum": [([scores], scores.sum())],
        "largestAt": [
            ([x], int(np.argmax(x))) for x in (scores, -scores, [1.0, 3.0, 3.0, 2.0], [5.0, 1.0], [1.0, 5.0])
        ],
        "shareOut": [([x], x / np.sum(x)) for x in (shares[0] * 3, np.arange(1.0, 6))],
        "letterSum": [
            ([CODES, kernel, start], scan(onehot, kernel, padding="same")[start + 2])
            for start in (-2, 0, 11, len(TEXT) - 5, len(TEXT) - 3)
        ],
        "logRatios": [
            (
                [kernels.kernel_to_pwm_at(kernel * scale, m, background=q)._asdict(), q, m],
                kernels.kernel_to_pwm_at(kernel * scale, m, background=q).pwm,
            )
            for m, q, scale in itertools.product((0.0, 1.3), ([0.25] * 4, Q), (1, 1e3))
        ],
        "windowReadings": [
            ([CODES, kernel, cursor, {"logBase": m, "bias": 0.7, "background": q}], read(cursor, m, q))
            for cursor, m, q in itertools.product((0, 13, 23), (0.4, 1.3), (None, Q))
        ],
        "kernelStages": [
            ([kernel, {"logBase": m, "bias": 0.7, "background": q, "isPlain": is_plain}], stages_of(m, q, is_plain))
            for m, q, is_plain in itertools.product((0.4, 1.3), (None, Q), (False, True))
        ],
        "klDivergence": [
            ([a, b], motifs.kl_divergence(a, b)) for a, b in (ppms, ppms[::-1], (np.eye(4), ppms[0][:, :4]))
        ],
        "compareShares": [
            ([a, b], {"overlap": 1 - np.abs(a - b).sum() / 2, "bits": motifs.kl_divergence(a[:, None], b[:, None])[0]})
            for a, b in (shares, shares[::-1])
        ]
        + [([[0.5, 0.5, 0], [1, 0, 0]], {"overlap": 0.5, "bits": math.inf})],
        "mostBits": [
            ([n, q], motifs.information_content(np.eye(n), q).max())
            for n, q in ((4, None), (4, Q), (20, None), (4, Q[::-1]))
        ],
        "letterHeights": [([ppms[1], motifs.information_content(ppms[1], Q)], letter_heights(ppms[1], background=Q))],
        "likeliestLetters": [([p], np.argmax(p, axis=0)) for p in (*ppms, np.full((4, 3), 0.25))],
        "pfmToPpm": [([pfm], motifs.pfm_to_ppm(pfm))],
        "compareKernels": [
            compared(
                kernel,
                1.3,
                0.7,
                same | {"constants": 0 * steps, "factor": 1, "is_one_ppm": True, "is_same_kernel": True},
            ),
            compared(kernel, 2.6, -1.0, same | {"constants": 0 * steps, "factor": 1, "is_same_kernel": True}),
            compared(kernel + steps, 1.3, 0.7, same | {"constants": steps, "is_one_ppm": True}),
            compared(2 * kernel, 0.65, 0.7, same | {"factor": 2, "is_one_ppm": True}),
            compared(-0.5 * kernel, 1.3, 0.7, same | {"factor": -0.5}),
            compared(unlike, 1.3, 0.7, same),
            compared(kernel[:, :3], 1.3, 0.7, same | {"is_same_size": False}),
        ],
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
