"""The fused scan, compiled by numba: imported by `engine` for training, and nowhere else.

A one-hot window times a kernel is a sum of look-ups. Three letters make a token, one of 125 (an unknown letter is a
fifth one, which adds nothing); the table holds what each token adds to a window's score, group of letters by group of
letters. A row of the table is 16 kernels, a *block*: one cache line, and one vector of the processor. The rows of a
block for a kernel of 24 letters fill 64 KB, of which sequences without unknown letters touch 32: the first-level cache.

A window's score is `n_groups` rows added up, in registers; the best of a cell's windows goes to a small scratch, which
is pooled before the next sequence is read. Backwards, the gradients of the windows that won are laid out window by
window, for one block and a piece of about a thousand letters; then each token collects, in registers, what belongs to
its rows: to read costs a quarter of adding to rows in the order of the letters. The rows are contracted to the kernel's
gradient at the end. No array ever has an axis for kernels and one for all positions of all sequences.

The unit of work is a *chunk* of the batch. Chunks follow from the sizes alone, each adds into arrays of its own, and
those are added up in order: so the numbers do not depend on how many threads there are.

Arrays whose last axis is `n_blocks * 16` hold all networks side by side, each rounded up to whole blocks.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, models, overload, register_model

from epool_viz.core.types import Array
from epool_viz.models import upstream
from epool_viz.models.upstream import Listener, create_struct_proxy, install_listener

LANES = 16
TOKEN = 3  # letters
UNKNOWN = 4  # the fifth letter
ROWS = 5**TOKEN
GROUP = ROWS * LANES  # floats of one group of letters, for one block
MAX, AVERAGE, LOGSUMEXP, EXPECTATION, EXPECTATION_MODE1 = range(5)
_DENSE = 16  # winners of cells of up to so many windows are laid out, those of larger ones added to their rows directly
_PIECE = 1024  # windows that are laid out at a time: 64 KB
_TOGETHER = 16  # sequences that go by one block of the table before the next one
_SCRATCH = (
    32_768  # winners that a chunk holds at a time: with places and shares 384 KB, a fifth of a second-level cache
)


class Job(NamedTuple):
    """What a scan does, weights apart; networks that share a table share padding, width and rectifier.

    Attributes
    ----------
    width, n_groups, n_windows, left : int
        Letters of a kernel; of tokens that make it; windows of a sequence; letters of padding before the first.
    is_masked : bool
        Whether windows that are not whole take no part.
    slope, at_zero, cap : float
        The rectifier `min(max(x, 0), cap) + slope min(x, 0)`, and its derivative at 0.
    methods, cells, n_cells : ints, shape (network,)
        The pooling; windows in a cell, of which the best is pooled; cells of a sequence.
    first_block : ints, shape (network + 1,)
    """

    width: int
    n_groups: int
    n_windows: int
    left: int
    is_masked: bool
    slope: np.float32
    at_zero: np.float32
    cap: np.float32
    methods: Array
    cells: Array
    n_cells: Array
    first_block: Array


def compiled(function: Callable[..., Any], *, is_inlined: bool = False) -> Any:
    """Compile at the first call, and keep it on the disk for the next process, where there is a place to write to."""
    # "contract" allows a product and a sum in one rounding, nothing else: NaN stays NaN
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
    options["forceinline"] = is_inlined
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no locator: neither our folder nor the user's cache can be written
        return njit(**options)(function)


inlined = functools.partial(compiled, is_inlined=True)  # where a call would cost more than what it does


def keep_nothing() -> None:
    """Leave the disk alone from now on: it is full, or has become read-only."""
    upstream.keep_nothing(list(globals().values()))


@contextmanager
def on_compiling(tell: Callable[[], object]) -> Iterator[None]:
    """Call `tell` once something is compiled inside, rather than read from the disk."""

    class Once(Listener):
        has_told = False

        def on_start(self, _: Any) -> None:
            if not self.has_told:
                self.has_told = True
                tell()

        def on_end(self, _: Any) -> None:
            """Nothing to say."""

    with install_listener("numba:compile", Once()):
        yield


# sixteen numbers at once: what LLVM calls a vector, of any processor


class Lanes(types.Type):
    """Sixteen numbers or booleans in a register."""

    def __init__(self, of: str) -> None:
        self.of = of
        super().__init__(name=f"Lanes({of})")


FLOATS, INTS, BOOLS = Lanes("float32"), Lanes("int32"), Lanes("bool")
_ELEMENTS = {"float32": ir.FloatType(), "int32": ir.IntType(32), "bool": ir.IntType(1)}
_VECTORS = {name: ir.VectorType(element, LANES) for name, element in _ELEMENTS.items()}
_CONTRACT = ("contract",)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Any) -> None:
        super().__init__(manager, lanes, _VECTORS[lanes.of])


def _pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any, of: str) -> Any:
    data = create_struct_proxy(kind)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTORS[of].as_pointer())


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """Sixteen numbers of a flat array, from an index on."""
    kind = FLOATS if array.dtype == types.float32 else INTS

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, signature.args[0], args[0], args[1], kind.of), align=4)

    return kind(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Put sixteen numbers into a flat array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind, _, put = signature.args
        builder.store(args[2], _pointer(context, builder, kind, args[0], args[1], put.of), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), generate


@intrinsic
def place_at(typing: Any, array: Any, index: Any) -> Any:
    """A whole number of a flat array; index and number are not below 0, so that no check is needed."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = create_struct_proxy(signature.args[0])(context, builder, value=args[0]).data
        return builder.zext(builder.load(builder.gep(data, [args[1]])), context.get_value_type(types.intp))

    return types.intp(array, types.intp), generate


@intrinsic
def lanes(typing: Any, value: Any) -> Any:
    """One number, sixteen times: float32, or int32 of an integer."""
    kind, scalar = (FLOATS, types.float32) if isinstance(value, types.Float) else (INTS, types.int32)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = ir.IntType(32)
        empty = ir.Constant(_VECTORS[kind.of], ir.Undefined)
        first = builder.insert_element(empty, args[0], ir.Constant(number, 0))
        return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(number, LANES), [0] * LANES))

    return kind(scalar), generate


@intrinsic
def where(typing: Any, chosen: Any, one: Any, other: Any) -> Any:
    """`one` where chosen, else `other`."""
    return one(chosen, one, one), lambda context, builder, signature, args: builder.select(*args)


@intrinsic
def _both(typing: Any, one: Any, other: Any) -> Any:
    """Where both hold."""
    return BOOLS(BOOLS, BOOLS), lambda context, builder, signature, args: builder.and_(*args)


@intrinsic
def _power_of_two(typing: Any, exponent: Any) -> Any:
    """`2 ** exponent` of whole floats between -126 and 127, by writing the exponent's bits."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = _VECTORS["int32"]
        whole = builder.fptosi(args[0], kind)
        biased = builder.add(whole, ir.Constant(kind, [127] * LANES))
        bits = builder.shl(biased, ir.Constant(kind, [23] * LANES))
        return builder.bitcast(bits, _VECTORS["float32"])

    return FLOATS(FLOATS), generate


def _arithmetic(symbol: Any, instruction: str) -> None:
    @intrinsic
    def operation(typing: Any, one: Any, other: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args, flags=_CONTRACT)

        return FLOATS(FLOATS, FLOATS), generate

    @overload(symbol, inline="never")
    def _(one, other):
        if one == FLOATS and other == FLOATS:
            return lambda one, other: operation(one, other)
        return None


def _comparison(symbol: Any, sign: str) -> None:
    @intrinsic
    def operation(typing: Any, one: Any, other: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            if signature.args[0] == INTS:
                return builder.icmp_signed(sign, *args)
            return builder.fcmp_ordered(sign, *args)

        return BOOLS(one, other), generate

    @overload(symbol, inline="never")
    def _(one, other):
        if isinstance(one, Lanes) and one == other:
            return lambda one, other: operation(one, other)
        return None


@overload(operator.and_)
def _(one, other):
    if one == BOOLS and other == BOOLS:
        return lambda one, other: _both(one, other)
    return None


for _symbol, _instruction in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
    _arithmetic(_symbol, _instruction)
_arithmetic(operator.truediv, "fdiv")
for _symbol, _sign in ((operator.gt, ">"), (operator.lt, "<"), (operator.eq, "==")):
    _comparison(_symbol, _sign)


@inlined
def _exp(x):
    """`e ** x` of numbers up to 0, within 2 units in the last place; 0 below -87, as flushed."""
    small = x < lanes(np.float32(-87.0))
    x = where(small, lanes(np.float32(-87.0)), x)
    # to the nearest whole number: at 1.5 * 2 ** 23 floats have no places behind the point
    n = x * lanes(np.float32(1.44269504)) + lanes(np.float32(12582912.0)) - lanes(np.float32(12582912.0))
    # ln 2 in two parts, the first of few bits
    r = x - n * lanes(np.float32(0.693359375)) - n * lanes(np.float32(-2.12194440e-4))
    p = lanes(np.float32(1.9875691500e-4))
    p = p * r + lanes(np.float32(1.3981999507e-3))
    p = p * r + lanes(np.float32(8.3334519073e-3))
    p = p * r + lanes(np.float32(4.1665795894e-2))
    p = p * r + lanes(np.float32(1.6666665459e-1))
    p = p * r + lanes(np.float32(5.0000001201e-1))
    p = p * r * r + r + lanes(np.float32(1.0))
    return where(small, lanes(np.float32(0.0)), p * _power_of_two(n))


@inlined
def _rectified(job, x):
    if job.slope == 1:
        return x
    zero = lanes(np.float32(0.0))
    up = where(x > zero, x, zero)
    return where(up > lanes(job.cap), lanes(job.cap), up) + lanes(job.slope) * where(x < zero, x, zero)


@inlined
def _derivative(job, x):
    zero, one = lanes(np.float32(0.0)), lanes(np.float32(1.0))
    up = where(x > lanes(job.cap), zero, one)
    return where(x > zero, up, where(x < zero, lanes(job.slope), lanes(job.at_zero)))


# tables


@compiled
def aligned(n):
    """Room for so many floats from the beginning of a cache line on: a row that lies in two takes twice the time."""
    room = np.empty(n + LANES, np.float32)
    first = -room.ctypes.data % (4 * LANES) // 4
    return room[first : first + n]


@compiled
def build_tables(weights, bias, block, n_groups, tables, biases):
    """Tables and biases of one network, from its first block on.

    `weights` (kernel, letter, width), `bias` (kernel,), `tables` flat (block, group, token, 16), `biases` flat.
    """
    n_kernels, n_letters, width = weights.shape
    columns = np.zeros((TOKEN, UNKNOWN + 1, LANES), np.float32)
    flat = columns.reshape(-1)
    for first in range(0, n_kernels, LANES):
        n = min(LANES, n_kernels - first)
        for k in range(LANES):
            biases[block * LANES + k] = bias[first + k] if k < n else np.float32(0.0)
        for group in range(n_groups):
            for j in range(TOKEN):
                place = group * TOKEN + j
                for a in range(n_letters):
                    for k in range(n):
                        columns[j, a, k] = weights[first + k, a, place] if place < width else np.float32(0.0)
                    for k in range(n, LANES):
                        columns[j, a, k] = np.float32(0.0)
            at = (block * n_groups + group) * GROUP
            for a in range(UNKNOWN + 1):
                for b in range(UNKNOWN + 1):
                    two = load(flat, a * LANES) + load(flat, (UNKNOWN + 1 + b) * LANES)
                    for c in range(UNKNOWN + 1):
                        store(tables, at, two + load(flat, (2 * (UNKNOWN + 1) + c) * LANES))
                        at += LANES
        block += 1


@compiled
def contract(token_gradients, bias_gradients, block, n_groups, gradient, bias_gradient):
    """The gradient of one network's kernels from that of its table's rows, chunk by chunk in order.

    `token_gradients` (chunk, block * group * token * 16), `bias_gradients` (chunk, block * 16), `gradient` as weights.
    """
    n_chunks = len(token_gradients)
    n_kernels, n_letters, width = gradient.shape
    columns = np.zeros((TOKEN, UNKNOWN + 1, LANES), np.float32)
    flat = columns.reshape(-1)
    for first in range(0, n_kernels, LANES):
        n = min(LANES, n_kernels - first)
        for k in range(n):
            total = np.float32(0.0)
            for chunk in range(n_chunks):
                total += bias_gradients[chunk, block * LANES + k]
            bias_gradient[first + k] = total
        for group in range(n_groups):
            columns[:] = 0
            at = (block * n_groups + group) * GROUP
            for row in range(ROWS):
                total = load(token_gradients[0], at)
                for chunk in range(1, n_chunks):
                    total = total + load(token_gradients[chunk], at)
                a, b, c = row // 25, row // 5 % 5, row % 5
                for place in (a, UNKNOWN + 1 + b, 2 * (UNKNOWN + 1) + c):
                    store(flat, place * LANES, load(flat, place * LANES) + total)
                at += LANES
            for j in range(min(TOKEN, width - group * TOKEN)):
                for a in range(n_letters):
                    for k in range(n):
                        gradient[first + k, a, group * TOKEN + j] = columns[j, a, k]
        block += 1


# one sequence


@compiled
def _tokenise(job, codes, letters, tokens, whole):
    """Tokens of a sequence, each as its place in a group of the table; the number of windows that take part."""
    end = job.left + len(codes)
    letters[: job.left], letters[end:] = UNKNOWN, UNKNOWN
    known = letters[job.left : end]
    for i in range(len(codes)):
        known[i] = min(np.uint8(codes[i]), np.uint8(UNKNOWN))  # what is below 0 is far above
    for i in range(len(tokens)):
        tokens[i] = LANES * (25 * letters[i] + 5 * letters[i + 1] + letters[i + 2])
    if not job.is_masked:
        return job.n_windows
    n_whole = 0
    unknown = -1
    for i in range(job.n_windows + job.width - 1):
        if letters[i] == UNKNOWN:
            unknown = i
        if i >= job.width - 1:
            is_whole = unknown <= i - job.width
            whole[i - job.width + 1] = is_whole
            n_whole += is_whole
    return n_whole


@inlined
def _sum(score, tokens, table, at, i, n):
    for group in range(n):
        score = score + load(table, at + group * GROUP + place_at(tokens, i + TOKEN * group))
    return score


@inlined
def _score(job, tokens, table, at, bias, i):
    score, n = bias, job.n_groups
    while n > 8:
        score = _sum(score, tokens, table, at, i, 8)
        at, i, n = at + 8 * GROUP, i + 8 * TOKEN, n - 8
    # a loop of known length is no loop: half the time
    if n == 8:
        return _sum(score, tokens, table, at, i, 8)
    if n == 7:
        return _sum(score, tokens, table, at, i, 7)
    if n == 6:
        return _sum(score, tokens, table, at, i, 6)
    if n == 5:
        return _sum(score, tokens, table, at, i, 5)
    if n == 4:
        return _sum(score, tokens, table, at, i, 4)
    if n == 3:
        return _sum(score, tokens, table, at, i, 3)
    return _sum(score, tokens, table, at, i, n)


@compiled
def _scan(job, net, tokens, table, at, bias, whole, n_whole, used, raw, places, to):
    """The best score of each cell, before the rectifier, and its place in the cell; the number of cells in use.

    Of equals after the rectifier the first wins, so at the cap no later one does. A cell without a window that takes
    part is left out of `used`.
    """
    cell, n_cells = job.cells[net], job.n_cells[net]
    if n_whole == job.n_windows and not job.cap < np.inf:
        for c in range(n_cells):
            first = c * cell
            used[c] = True
            best, place = _score(job, tokens, table, at, bias, first), lanes(np.int32(0))
            for i in range(1, cell):
                score = _score(job, tokens, table, at, bias, first + i)
                is_better = score > best
                place = where(is_better, lanes(np.int32(i)), place)
                best = where(is_better, score, best)
            store(raw, to + c * LANES, best)
            if cell > 1:
                store(places, to + c * LANES, place)
        return n_cells
    cap = lanes(job.cap)
    n_used = 0
    for c in range(n_cells):
        first, end = c * cell, (c + 1) * cell
        while first < end and n_whole < job.n_windows and not whole[first]:
            first += 1
        used[c] = first < end
        if not used[c]:
            continue
        n_used += 1
        best = _score(job, tokens, table, at, bias, first)
        place = lanes(np.int32(first - c * cell))
        for i in range(first + 1, end):
            if n_whole < job.n_windows and not whole[i]:
                continue
            score = _score(job, tokens, table, at, bias, i)
            is_better = (score > best) & (best < cap)
            place = where(is_better, lanes(np.int32(i - c * cell)), place)
            best = where(is_better, score, best)
        store(raw, to + c * LANES, best)
        if cell > 1:
            store(places, to + c * LANES, place)
    return n_used


@compiled
def _pool(job, net, m, n_used, used, raw, shares, to, pooled, stats, at):
    """The pooled value of sixteen kernels, and in `stats` what its gradient needs: top, total, pooled, 16 each.

    A cell's share is `exp(m (x - top)) / total`, in mode 1 if `x - top` is above the gate, half of it at the gate;
    `shares` gets them before they are divided.
    """
    method, n_cells = job.methods[net], job.n_cells[net]
    zero = lanes(np.float32(0.0))
    top = lanes(np.float32(-np.inf))
    for c in range(n_cells):
        if used[c]:
            x = _rectified(job, load(raw, to + c * LANES))
            top = where(x > top, x, top)
    gate = lanes(np.float32(-np.inf))
    count = lanes(np.float32(n_used))
    if method == AVERAGE or (method == EXPECTATION_MODE1 and m != 0):
        gate = zero
        for c in range(n_cells):
            if used[c]:
                gate = gate + (_rectified(job, load(raw, to + c * LANES)) - top)
        gate = gate / count
    total, first = zero, zero
    if method >= LOGSUMEXP:
        for c in range(n_cells):
            if used[c]:
                below = _below(_rectified(job, load(raw, to + c * LANES)), top)
                share = _share(below, m, gate)
                store(shares, to + c * LANES, share)
                total = total + share
                first = first + share * below
        first = first / total
    elif method == AVERAGE:
        total, first = count, gate
    value = top + first
    store(stats, 4 * at, top)
    store(stats, 4 * at + LANES, total)
    store(stats, 4 * at + 2 * LANES, value)
    store(pooled, at, value)
    if method == LOGSUMEXP:
        for k in range(LANES):
            pooled[at + k] = stats[4 * at + k] + np.float32(math.log(stats[4 * at + LANES + k]) / m)


@inlined
def _below(x, top):
    """How far below the top; finite, since the distance of two finite floats need not be one."""
    lowest = lanes(np.float32(-3.4e38))
    below = x - top
    return where(below < lowest, lowest, below)


@inlined
def _share(below, m, gate):
    zero = lanes(np.float32(0.0))
    if m == 0:
        return lanes(np.float32(1.0))
    share = _exp(lanes(m) * below)
    return where(below > gate, share, where(below == gate, lanes(np.float32(0.5)) * share, zero))


@compiled
def _spread(job, net, m, used, raw, shares, to, stats, at, upstream):
    """Overwrite each cell's score by the gradient with respect to it; gives the gradient with respect to `m`.

    `upstream`: flat, the gradient with respect to the pooled values, the sixteen from `at` on.
    """
    method, n_cells = job.methods[net], job.n_cells[net]
    zero, one = lanes(np.float32(0.0)), lanes(np.float32(1.0))
    given = load(upstream, at)
    pooled, by_total = load(stats, 4 * at + 2 * LANES), one
    if method != MAX:
        by_total = one / load(stats, 4 * at + LANES)
    spread = zero
    for c in range(n_cells):
        if not used[c]:
            continue
        score = load(raw, to + c * LANES)
        by_cell = by_total
        if method >= LOGSUMEXP:
            by_cell = load(shares, to + c * LANES) * by_total
            if method != LOGSUMEXP:
                # a share of nothing leaves nothing, however far away
                distance = where(by_cell > zero, _rectified(job, score) - pooled, zero)
                spread = spread + by_cell * distance * distance
                by_cell = by_cell * (one + lanes(m) * distance)
        store(raw, to + c * LANES, given * by_cell * _derivative(job, score))
    by_m = np.float32(0.0)
    if method >= LOGSUMEXP:
        store(stats, 4 * at + 3 * LANES, spread)
        for k in range(LANES):
            by_m_of_one = np.float64(stats[4 * at + 3 * LANES + k])
            if method == LOGSUMEXP:
                first = np.float64(stats[4 * at + 2 * LANES + k]) - stats[4 * at + k]
                by_m_of_one = (first - math.log(stats[4 * at + LANES + k]) / m) / m
            by_m += np.float32(upstream[at + k] * by_m_of_one)
    return by_m


@compiled
def _add_winners(job, net, tokens, used, raw, places, to, rows, at, bias_rows, bias_at):
    """Add the gradient of each winning window to the rows of the table that made its score."""
    cell, n_cells = job.cells[net], job.n_cells[net]
    total = load(bias_rows, bias_at)
    for c in range(n_cells):
        if not used[c]:
            continue
        total = total + load(raw, to + c * LANES)
        for k in range(LANES):
            by_score = raw[to + c * LANES + k]
            if by_score != 0:
                i = c * cell + places[to + c * LANES + k]
                for group in range(job.n_groups):
                    rows[at + group * GROUP + place_at(tokens, i + TOKEN * group) + k] += by_score
    store(bias_rows, bias_at, total)


# the winners of a piece, laid out: a row a token that begins, of sequence after sequence, with nothing before the first


@compiled
def _is_laid_out(job, net):
    return job.cells[net] <= _DENSE


@compiled
def _sort(tokens, first, last, starts, order):
    """The places at which each token begins in some sequences, token by token.

    `starts` (token + 1,) is where a token's places begin in `order`; a place counts floats of a layout.
    """
    starts[:] = 0
    for s in range(first, last):
        of_one = tokens[s]
        for i in range(len(of_one)):
            starts[place_at(of_one, i) // LANES + 1] += 1
    for token in range(ROWS):
        starts[token + 1] += starts[token]
    place = 0
    filled = starts.copy()
    for s in range(first, last):
        of_one = tokens[s]
        for i in range(len(of_one)):
            token = place_at(of_one, i) // LANES
            order[filled[token]] = place
            filled[token] += 1
            place += LANES


@compiled
def _lay_out(job, net, n_used, used, raw, places, to, layout, at, n_rows, bias_rows, bias_at):
    """Write the gradient of each window of a sequence, which is nothing unless it won."""
    cell, n_cells, nothing = job.cells[net], job.n_cells[net], lanes(np.float32(0.0))
    total = load(bias_rows, bias_at)
    end = at + n_rows * LANES
    for c in range(n_cells):
        if n_used == 0:
            break
        gradient = nothing
        if used[c]:
            gradient = load(raw, to + c * LANES)
            total = total + gradient
        if cell == 1:
            store(layout, at, gradient)
            at += LANES
        else:
            place = load(places, to + c * LANES)
            for i in range(cell):
                store(layout, at, where(place == lanes(np.int32(i)), gradient, nothing))
                at += LANES
    while at < end:
        store(layout, at, nothing)
        at += LANES
    store(bias_rows, bias_at, total)


@compiled
def _collect(job, starts, order, layout, rows, at):
    """Add to each row of the table the gradients of all windows whose score it was part of."""
    for token in range(ROWS):
        first, last = place_at(starts, token), place_at(starts, token + 1)
        if first == last:
            continue
        row, group = at + token * LANES, 0
        before = TOKEN * (job.n_groups - 1) * LANES  # what lies before the first sequence
        while group + 4 <= job.n_groups:
            _collect_four(order, first, last, layout, before, rows, row)
            row, before, group = row + 4 * GROUP, before - 4 * TOKEN * LANES, group + 4
        while group < job.n_groups:
            total = load(rows, row)
            for i in range(first, last):
                total = total + load(layout, before + place_at(order, i))
            store(rows, row, total)
            row, before, group = row + GROUP, before - TOKEN * LANES, group + 1


@inlined
def _collect_four(order, first, last, layout, before, rows, row):
    a, b = load(rows, row), load(rows, row + GROUP)
    c, d = load(rows, row + 2 * GROUP), load(rows, row + 3 * GROUP)
    for i in range(first, last):
        place = before + place_at(order, i)
        a = a + load(layout, place)
        b = b + load(layout, place - TOKEN * LANES)
        c = c + load(layout, place - 2 * TOKEN * LANES)
        d = d + load(layout, place - 3 * TOKEN * LANES)
    store(rows, row, a)
    store(rows, row + GROUP, b)
    store(rows, row + 2 * GROUP, c)
    store(rows, row + 3 * GROUP, d)


# the average of raw scores: each row of the table as often as its token occurs


@compiled
def _is_counted(job, net, n_whole):
    """Whether a network's average goes by counts, which pays where there are more windows than tokens."""
    is_linear = job.slope == 1 and n_whole == job.n_windows
    return is_linear and job.methods[net] == AVERAGE and job.cells[net] == 1 and job.n_windows > ROWS


@compiled
def _count(job, tokens, counts):
    """How often each token begins in each group of letters, all windows together; `counts` flat (group, token)."""
    counts[:] = 0
    for i in range(job.n_windows):
        counts[tokens[i] // LANES] += 1
    for group in range(1, job.n_groups):
        # the same windows, three letters on: three tokens leave, three enter
        first, before = group * ROWS, (group - 1) * ROWS
        counts[first : first + ROWS] = counts[before : before + ROWS]
        for i in range(TOKEN * (group - 1), TOKEN * group):
            counts[first + tokens[i] // LANES] -= 1
            counts[first + tokens[i + job.n_windows] // LANES] += 1


@compiled
def _pool_counts(job, counts, table, at, bias):
    total = lanes(np.float32(0.0))
    for row in range(job.n_groups * ROWS):
        total = total + lanes(counts[row]) * load(table, at + row * LANES)
    return bias + total / lanes(np.float32(job.n_windows))


@compiled
def _scatter_counts(job, counts, rows, at, given):
    by_window = given / lanes(np.float32(job.n_windows))
    for row in range(job.n_groups * ROWS):
        if counts[row] != 0:
            place = at + row * LANES
            store(rows, place, load(rows, place) + lanes(counts[row]) * by_window)


# chunks of a batch


class Scratch(NamedTuple):
    """What a chunk writes to while it works: room for a few sequences, used again and again.

    Attributes
    ----------
    letters, tokens, whole, n_whole : of a sequence, (letter,); (sequence, token); (sequence, window); (sequence,)
    used, n_used : (sequence, network, cell), (sequence, network)
    raw, places, shares : flat, a winner's score, place and share; `offsets` (block + 1,) is where a block's begin
    stats : (sequence, block * 4 * 16)
    counts : (sequence, group * token)
    per_piece : sequences whose winners are laid out together
    starts, order : (piece, token + 1), (piece, place), see `_sort`
    layout : flat (place, 16), one piece and one block at a time
    """

    letters: Array
    tokens: Array
    whole: Array
    n_whole: Array
    used: Array
    n_used: Array
    raw: Array
    places: Array
    shares: Array
    offsets: Array
    stats: Array
    counts: Array
    per_piece: int
    starts: Array
    order: Array
    layout: Array


@compiled
def _scratch(job, n_rows, is_held):
    """Room for as many sequences as fit, all their winners (`is_held`) or those of one block."""
    n_nets, n_blocks = len(job.methods), job.first_block[-1]
    offsets = np.zeros(n_blocks + 1, np.int64)
    for net in range(n_nets):
        for block in range(job.first_block[net], job.first_block[net + 1]):
            offsets[block + 1] = offsets[block] + job.n_cells[net] * LANES
    n = min(n_rows, _TOGETHER)
    held = job.n_cells.max() * LANES
    if is_held:
        n = min(n, max(1, _SCRATCH // offsets[-1]))
        held = n * offsets[-1]
    before = TOKEN * (job.n_groups - 1)
    n_tokens = job.n_windows + before
    per_piece = max(1, min(n, _PIECE // n_tokens))
    n_pieces = 0
    for net in range(n_nets):
        if is_held and _is_laid_out(job, net):
            n_pieces = (n + per_piece - 1) // per_piece
    layout = aligned((before + per_piece * n_tokens) * LANES if n_pieces else 0)
    layout[: before * LANES] = 0
    return Scratch(
        np.empty(n_tokens + 2, np.uint8),
        np.empty((n, n_tokens), np.uint16),
        np.empty((n, job.n_windows if job.is_masked else 0), np.bool_),
        np.empty(n, np.int64),
        np.empty((n, n_nets, job.n_cells.max()), np.bool_),
        np.empty((n, n_nets), np.int64),
        aligned(held),
        aligned(held).view(np.int32),
        aligned(held),
        offsets,
        aligned(n * n_blocks * 4 * LANES).reshape((n, n_blocks * 4 * LANES)),
        np.empty((n, job.n_groups * ROWS), np.float32),
        per_piece,
        np.empty((n_pieces, ROWS + 1), np.int32),
        np.empty((n_pieces, per_piece * n_tokens), np.int32),
        layout,
    )


@compiled
def _forward(job, codes, rows, first, last, is_held, tables, biases, ms, pooled, scratch):
    """Pool a few sequences; the number of those that have no window which takes part."""
    n_bad = 0
    for s in range(first, last):
        n = s - first
        scratch.n_whole[n] = _tokenise(job, codes[rows[s]], scratch.letters, scratch.tokens[n], scratch.whole[n])
        for net in range(len(job.methods)):
            if _is_counted(job, net, scratch.n_whole[n]):
                _count(job, scratch.tokens[n], scratch.counts[n])
                break
    for piece in range(len(scratch.starts)):
        begin, end = piece * scratch.per_piece, min((piece + 1) * scratch.per_piece, last - first)
        if begin < end:
            _sort(scratch.tokens, begin, end, scratch.starts[piece], scratch.order[piece])
    # all sequences by one block after the other: its part of the table stays in the cache
    for net in range(len(job.methods)):
        for block in range(job.first_block[net], job.first_block[net + 1]):
            at, lane = block * job.n_groups * GROUP, block * LANES
            bias = load(biases, lane)
            for s in range(first, last):
                n = s - first
                to = n * scratch.offsets[-1] + scratch.offsets[block] if is_held else 0
                tokens, used, whole, n_whole = (
                    scratch.tokens[n],
                    scratch.used[n, net],
                    scratch.whole[n],
                    scratch.n_whole[n],
                )
                if _is_counted(job, net, n_whole):
                    scratch.n_used[n, net] = n_whole
                    store(pooled[s], lane, _pool_counts(job, scratch.counts[n], tables, at, bias))
                    continue
                n_used = _scan(
                    job, net, tokens, tables, at, bias, whole, n_whole, used, scratch.raw, scratch.places, to
                )
                scratch.n_used[n, net] = n_used
                if n_used == 0:
                    n_bad += 1
                else:
                    _pool(
                        job, net, ms[net], n_used, used, scratch.raw, scratch.shares, to, pooled[s], scratch.stats[n],
                        lane,
                    )  # fmt: skip
    return n_bad


@compiled
def _backward(job, first, last, ms, upstream, scratch, row_gradients, bias_gradients, m_gradients):
    """The gradients of what `_forward` has left in the scratch."""
    for net in range(len(job.methods)):
        for block in range(job.first_block[net], job.first_block[net + 1]):
            at, lane = block * job.n_groups * GROUP, block * LANES
            for s in range(first, last):
                n = s - first
                to = n * scratch.offsets[-1] + scratch.offsets[block]
                used, n_used = scratch.used[n, net], scratch.n_used[n, net]
                if _is_counted(job, net, scratch.n_whole[n]):
                    given = load(upstream[s], lane)
                    _scatter_counts(job, scratch.counts[n], row_gradients, at, given)
                    store(bias_gradients, lane, load(bias_gradients, lane) + given)
                    n_used = 0  # of windows that are laid out
                elif n_used:
                    m_gradients[net] += _spread(
                        job, net, ms[net], used, scratch.raw, scratch.shares, to, scratch.stats[n], lane, upstream[s]
                    )
                if not _is_laid_out(job, net):
                    if n_used:
                        _add_winners(
                            job, net, scratch.tokens[n], used, scratch.raw, scratch.places, to, row_gradients, at,
                            bias_gradients, lane,
                        )  # fmt: skip
                    continue
                n_tokens = scratch.tokens.shape[1]
                begin = TOKEN * (job.n_groups - 1) + n % scratch.per_piece * n_tokens
                _lay_out(
                    job, net, n_used, used, scratch.raw, scratch.places, to, scratch.layout, begin * LANES, n_tokens,
                    bias_gradients, lane,
                )  # fmt: skip
                if (n + 1) % scratch.per_piece == 0 or s + 1 == last:
                    piece = n // scratch.per_piece
                    _collect(job, scratch.starts[piece], scratch.order[piece], scratch.layout, row_gradients, at)


@compiled
def pool_chunk(job, codes, rows, tables, biases, ms, pooled):
    """Pooled values (sequence, block * 16) of some sequences; the number of those without a window that takes part."""
    scratch = _scratch(job, len(rows), False)
    n_bad, n = 0, len(scratch.tokens)
    for first in range(0, len(rows), n):
        last = min(first + n, len(rows))
        n_bad += _forward(job, codes, rows, first, last, False, tables, biases, ms, pooled, scratch)
    return n_bad


@compiled
def gradient_chunk(job, codes, rows, tables, biases, ms, upstream, row_gradients, bias_gradients, m_gradients):
    """Add up the gradients of some sequences from those of their pooled values; the scan is repeated."""
    scratch = _scratch(job, len(rows), True)
    n = len(scratch.tokens)
    pooled = np.empty_like(upstream)
    row_gradients[:], bias_gradients[:], m_gradients[:] = 0, 0, 0
    for first in range(0, len(rows), n):
        last = min(first + n, len(rows))
        _forward(job, codes, rows, first, last, True, tables, biases, ms, pooled, scratch)
        _backward(job, first, last, ms, upstream, scratch, row_gradients, bias_gradients, m_gradients)


@compiled
def train_chunk(
    job, codes, rows, tables, biases, ms, labels, positive_weight, n_all, weights, offsets,
    told, losses, row_gradients, bias_gradients, m_gradients, weight_gradients, offset_gradients,
):  # fmt: skip
    """Log odds, loss and all gradients of some sequences of a batch of `n_all`, in one go; the number of bad ones.

    `weights` (block * 16) and `offsets` (network,) are the dense units'; `told` (network, sequence).
    """
    scratch = _scratch(job, len(rows), True)
    n_bad, n, n_nets = 0, len(scratch.tokens), len(job.methods)
    pooled = aligned(n * len(weights)).reshape((n, len(weights)))
    row_gradients[:], bias_gradients[:], m_gradients[:] = 0, 0, 0
    weight_gradients[:], offset_gradients[:], losses[:] = 0, 0, 0
    for first in range(0, len(rows), n):
        last = min(first + n, len(rows))
        some = rows[first:last]
        n_bad += _forward(job, codes, some, 0, last - first, True, tables, biases, ms, pooled, scratch)
        for net in range(n_nets):
            begin, end = job.first_block[net] * LANES, job.first_block[net + 1] * LANES
            for s in range(last - first):
                z = np.float64(offsets[net])
                for k in range(begin, end):
                    z += weights[k] * pooled[s, k]
                told[net, first + s] = z
                loss, by_z = _cross_entropy(np.float32(z), labels[rows[first + s]], positive_weight)
                losses[net] += loss
                by_z /= n_all
                offset_gradients[net] += np.float32(by_z)
                for k in range(begin, end):
                    weight_gradients[k] += np.float32(by_z) * pooled[s, k]
                    pooled[s, k] = np.float32(by_z) * weights[k]
        _backward(job, 0, last - first, ms, pooled, scratch, row_gradients, bias_gradients, m_gradients)
    return n_bad


@compiled
def _cross_entropy(z, label, positive_weight):
    """Binary cross entropy of log odds, as torch computes it, and its derivative."""
    weight = 1 + (positive_weight - 1) * label
    loss = (1 - label) * z + weight * (math.log1p(math.exp(-abs(z))) + max(-z, 0.0))
    probability = 1 / (1 + math.exp(-z))
    return loss, (1 - label) - weight * (1 - probability)


@compiled
def adam(weights, gradient, mean, square, step, rate, first, second, epsilon):
    """One step of Adam on flat arrays, as torch takes it; `step` is counted from 1."""
    size = np.float32(rate / (1 - first**step))
    root = np.float32(math.sqrt(1 - second**step))
    keep, take = np.float32(1 - first), np.float32(1 - second)
    for i in range(len(weights)):
        mean[i] += keep * (gradient[i] - mean[i])
        square[i] = np.float32(second) * square[i] + take * gradient[i] * gradient[i]
        weights[i] -= size * (mean[i] / (np.sqrt(square[i]) / root + np.float32(epsilon)))
