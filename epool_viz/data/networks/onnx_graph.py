"""The way through an ONNX graph: from its input to a convolution, and on from there. What is not known ends it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import TORCH_1D, TORCH_2D, Convolution, Step, Tensor, n_windows, tensor_of
from epool_viz.data.networks.onnx_constants import MOST_STEPS, Constants, attributes, is_standard
from epool_viz.data.networks.sections import GraphSection
from epool_viz.data.networks.walking import (
    ALPHABETS,
    BATCH,
    KERNEL,
    LETTER,
    OPEN,
    POSITION,
    SINGLE,
    Roles,
    Sizes,
    UnknownError,
    affine,
    along_axis,
    known,
    letter_axis,
    of_norm,
    reordering,
    scaling,
    spread,
    unreshaped,
)

_FLOATING = (1, 10, 11, 16)
_MOST_WALKED = 10_000  # nodes, for all convolutions together
_AFFINE = ("Add", "Sub", "Mul", "Div")
_WALKED = (*_AFFINE, "Neg", "BatchNormalization", "Identity", "Cast", "Dropout", "Gather", "GatherND", "Slice",
           "Transpose", "Unsqueeze", "Squeeze", "Reshape", "Pad", "OneHot")  # fmt: skip
_ACTIVATIONS = {"Relu": "relu", "LeakyRelu": "leaky relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exponential",
                "Elu": "elu", "Selu": "selu", "Softplus": "softplus", "Gelu": "gelu", "PRelu": "prelu", "Celu": "celu",
                "HardSigmoid": "hard sigmoid", "HardSwish": "hard swish", "Softsign": "softsign", "Mish": "mish",
                "ThresholdedRelu": "thresholded relu", "Swish": "silu", "Abs": "absolute value"}  # fmt: skip
_POOLINGS = {"GlobalMaxPool": "max", "GlobalAveragePool": "average", "ReduceMax": "max", "ReduceMean": "average",
             "ReduceLogSumExp": "logsumexp", "MaxPool": "local max", "AveragePool": "local average"}  # fmt: skip

_DEEPEST = 30


@dataclass(frozen=True)
class _Way:
    """How a convolution is reached.

    Parameters
    ----------
    steps : tuple of Step, or None
        None where it depends on how the axes are read.
    nodes : tuple of node
        In the order in which the data go through.
    source : str
        The graph's input, where it is reached.
    roles : tuple of str
        What the axes of that input are.
    pads : tuple of (node, list of str)
        What pads the ends on the way, with the axes that it is given.
    """

    steps: tuple[Step, ...] | None
    nodes: tuple[Any, ...] = ()
    source: str = ""
    roles: tuple[str, ...] = ()
    pads: tuple[tuple[Any, Roles], ...] = ()


class OnnxGraph:
    """A graph, its constants, and what leads where.

    Parameters
    ----------
    model : ModelProto
    source : str
    folder : Path or None
        As `Constants` takes it.
    """

    def __init__(self, model: Any, source: str, folder: Path | None = None) -> None:
        graph = model.graph
        self.model, self.source = model, source
        self.makers: dict[str, Any] = {name: node for node in graph.node for name in node.output if name}
        self.constants = Constants(graph, self.makers, model.opset_import, source, folder)
        self.shapes: dict[str, Sizes] = {
            each.name: [dim.dim_value if dim.dim_value > 0 else None for dim in each.type.tensor_type.shape.dim]
            for each in graph.input
            if not self.constants.holds(each.name) and each.type.tensor_type.HasField("shape")
        }
        self.inputs = {each.name for each in graph.input if not self.constants.holds(each.name)}
        self.outputs = {each.name for each in graph.output}
        self.sections: dict[str, GraphSection] = {}
        self._taken: set[str] = set()
        self._left = _MOST_WALKED
        self.users: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in {*node.input, *_captured(node)} - {""}:
                self.users.setdefault(name, []).append(node)

    def convolution(self, node: Any) -> Convolution | None:
        """A Conv whose weight stands in the file, or is computed from what stands there, or None."""
        weight = self.constants.tensor(node.input[1]) if len(node.input) > 1 and node.output else None
        if weight is None or len(weight.shape) < 3:
            return None
        name, data, numbers = node.name or weight.name, node.input[0], attributes(node)
        name = node.output[0] if name in self._taken else name
        self._taken.add(name)
        nodes, start = self._path(data)
        sizes = self._sizes_along(nodes, start)
        roles, reading, trouble = _roles_of_data(weight.shape, sizes[-1])
        ends = None if trouble else _ends(numbers, roles, weight.shape)
        if ends is None:
            stop = Step("other", name, trouble or "padding along the letters")
            way = _Way(None if trouble == OPEN else (stop,))
            ends = _Ends()
        else:
            way = self._way(nodes, start, sizes, list(roles), _letters_in(weight.shape, roles))
        length = None
        if POSITION in roles and sizes[-1] is not None and len(sizes[-1]) == len(roles):
            length = sizes[-1][roles.index(POSITION)]
        outs: Roles = [BATCH, KERNEL, *(POSITION if role == POSITION else SINGLE for role in roles[2:])]
        bias, is_known = None, True
        if len(node.input) > 2 and node.input[2]:
            bias = self.constants.tensor(node.input[2])
            is_known = bias is not None
        bias, after, targets = self._behind(node.output[0], outs, ends.windows(length), weight.shape[0], bias)
        if not is_known:
            after = (Step("other", name, "a bias that the graph computes"), *after)
        if way.source:
            padding = sum(self._pads(each, len(roles_of))[roles_of.index(POSITION)][0] for each, roles_of in way.pads)
            self.sections[name] = GraphSection(
                way.source,
                way.roles,
                sizes[0],
                weight.shape,
                lambda size: ends.begin(size) + padding,
                ends.stride,
                targets,
            )
        return Convolution(
            name,
            weight,
            bias,
            reading,
            after,
            stride=ends.stride,
            dilation=ends.dilation,
            groups=max(_whole(numbers.get("group"), 1)),
            padding="padded" if way.pads else ends.padding,
            at_input=way.steps is not None and not any(step.kind == "other" for step in way.steps),
            before=way.steps,
            has_no_bias=bias is None and is_known,
        )

    # the way there

    def _path(self, name: str) -> tuple[list[Any], str | None]:
        """The nodes from the input to a name, in the order of the data, and the input; None where it is not reached."""
        nodes: list[Any] = []
        for _ in range(min(MOST_STEPS, self._left)):
            self._left -= 1
            if name in self.inputs:
                return nodes[::-1], name
            node = self.makers.get(name)
            if node is None:
                return nodes[::-1], None
            nodes.append(node)
            if node.op_type not in _WALKED:
                return nodes[::-1], None
            moving = {each for each in node.input if each and self.constants.array(each) is None}
            if len(moving) != 1 or node.output[0] != name:
                return nodes[::-1], None
            name = moving.pop()
        return nodes[::-1], None

    def _sizes_along(self, nodes: Sequence[Any], start: str | None) -> list[Sizes | None]:
        """The sizes of what goes into each node, and of what comes out of the last; None where not known."""
        found = [self.shapes.get(start) if start is not None else None]
        for node in nodes:
            found.append(self._sizes_behind(node, found[-1]))
        return found

    def _sizes_behind(self, node: Any, sizes: Sizes | None) -> Sizes | None:
        if sizes is None or not is_standard(node):
            return None
        kind = node.op_type
        if kind in ("Identity", "Cast", "Dropout", "BatchNormalization", "Neg", *_AFFINE):
            return sizes
        try:
            if kind == "Transpose":
                return [sizes[place] for place in _turn(node, len(sizes))]
            if kind == "Unsqueeze":
                axes = self._axes(node, 1)
                return None if axes is None else spread(sizes, axes, 1)
            if kind == "Squeeze":
                axes = self._axes(node, 1)
                gone = {each % len(sizes) for each in axes} if axes is not None else _ones(sizes)
                return None if gone is None else [size for i, size in enumerate(sizes) if i not in gone]
            if kind == "Reshape":
                return self._reshaped(node, sizes)
            if kind == "Pad":
                pads = self._pads(node, len(sizes))
                return [None if size is None else size + sum(pads[i]) for i, size in enumerate(sizes)]
            if kind == "Gather":
                axis, indices = int(attributes(node).get("axis", 0)) % len(sizes), self.constants.array(node.input[1])
                return None if indices is None else [*sizes[:axis], *indices.shape, *sizes[axis + 1 :]]
            if kind in ("GatherND", "Slice"):
                return list(sizes)  # right where the letters are put in another order, and read nowhere else
            if kind == "OneHot":
                depth = self.constants.array(node.input[1])
                axis = int(attributes(node).get("axis", -1))
                return None if depth is None else spread(sizes, [axis], int(depth.reshape(-1)[0]))
        except (UnknownError, IndexError, ValueError, ZeroDivisionError):
            return None
        return None

    def _way(
        self, nodes: Sequence[Any], start: str | None, sizes: Sequence[Sizes | None], roles: Roles, letters: int
    ) -> _Way:
        """What stands between the input and a convolution whose data have these roles."""
        steps: list[Step] = []
        pads: list[tuple[Any, Roles]] = []
        for place in range(len(nodes) - 1, -1, -1):
            node = nodes[place]
            try:
                roles, step = self._back(node, roles, sizes[place], letters)
            except (UnknownError, IndexError, ValueError):
                return _Way((Step("other", _name(node), node.op_type), *steps[::-1]))
            pads += [(node, roles)] if node.op_type == "Pad" else []
            steps += [step] if step is not None else []
        if start is None:
            return _Way((Step("other", "the input", "what the graph computes"), *steps[::-1]))
        declared = sizes[0]
        if declared is not None and (
            len(declared) != len(roles)
            or any(s not in (None, letters) for s, r in zip(declared, roles, strict=True) if r == LETTER)
        ):
            return _Way((Step("other", start, "an input of another shape"), *steps[::-1]))
        return _Way(tuple(steps[::-1]), tuple(nodes), start, tuple(roles), tuple(pads))

    def _back(self, node: Any, roles: Roles, before: Sizes | None, letters: int) -> tuple[Roles, Step | None]:
        """What the axes are before a node, and what it does."""
        kind, name = node.op_type, _name(node)
        if not is_standard(node):
            raise UnknownError
        if kind in _AFFINE or kind == "Neg":
            return roles, self._scaling(node, roles, letters)
        if kind == "BatchNormalization":
            return roles, self._norm_before(node, roles, letters)
        if self._leaves_alone(node):
            return roles, Step("aside", name, kind.lower())
        if kind in ("Gather", "GatherND", "Slice"):
            return self._reordered(node, roles, before, letters)
        moved = Step("reshape", name, kind.lower())
        if kind == "Transpose":
            turn = _turn(node, len(roles))
            return [roles[turn.index(place)] for place in range(len(roles))], moved
        if kind == "Unsqueeze":
            gone = {each % len(roles) for each in known(self._axes(node, 1))}
            if any(roles[each] not in (SINGLE, BATCH) for each in gone):
                raise UnknownError
            return [role for i, role in enumerate(roles) if i not in gone], moved
        if kind == "Squeeze":
            axes = self._axes(node, 1)
            axes = sorted(known(_ones(known(before)))) if axes is None else axes
            return spread(roles, axes, SINGLE), moved
        if kind == "Reshape":
            return unreshaped(roles, known(before), known(self._sizes_behind(node, before))), moved
        if kind == "Pad":
            pads = self._pads(node, len(roles))
            if any(min(each) < 0 or (any(each) and role != POSITION) for each, role in zip(pads, roles, strict=True)):
                raise UnknownError
            return roles, moved
        if kind == "OneHot":
            depth, values = self.constants.array(node.input[1]), self.constants.array(node.input[2])
            axis = int(attributes(node).get("axis", -1)) % len(roles)
            is_plain = depth is not None and values is not None and values.tolist() == [0, 1]
            if not is_plain or int(known(depth).reshape(-1)[0]) != letters or roles[axis] != LETTER:
                raise UnknownError
            return [*roles[:axis], *roles[axis + 1 :]], moved
        raise UnknownError

    def _leaves_alone(self, node: Any) -> bool:
        kind, numbers = node.op_type, attributes(node)
        if kind == "Cast":
            return numbers.get("to") in _FLOATING
        if kind == "Dropout":
            mode = self.constants.array(node.input[2]) if len(node.input) > 2 and node.input[2] else np.array(False)
            return mode is not None and not mode.any() and numbers.get("is_test", 1) != 0
        return bool(kind == "Identity")

    def _scaling(self, node: Any, roles: Roles, letters: int) -> Step:
        return scaling(_name(node), node.op_type.lower(), *self._affine(node, roles, LETTER, letters))

    def _affine(self, node: Any, roles: Roles, axis: str, n: int) -> tuple[Array, Array]:
        """What a node multiplies each entry of an axis by, and what it adds, each of shape (n,)."""
        kind = node.op_type
        if kind == "Neg":
            return -np.ones(n), np.zeros(n)
        if len(node.input) != 2 or not is_standard(node):
            raise UnknownError
        values = [self.constants.array(each) for each in node.input]
        if (values[0] is None) == (values[1] is None):
            raise UnknownError
        is_first = values[0] is not None
        number = along_axis(known(values[0] if is_first else values[1]), roles, axis, n)
        return affine(kind.lower(), number, is_first=is_first)

    def _norm_before(self, node: Any, roles: Roles, letters: int) -> Step:
        step = self._norm(node)
        if len(roles) < 2 or step.kind != "batch_norm":
            raise UnknownError
        if roles[1] == LETTER and all(each.shape == (letters,) for each in step.tensors.values()):
            return step
        if roles[1] != SINGLE or any(each.shape != (1,) for each in step.tensors.values()):
            raise UnknownError
        factor, shift = of_norm(step, 1)
        return scaling(step.name, "batch-norm", factor, shift)

    def _norm(self, node: Any) -> Step:
        """A BatchNormalization as a step, "other" where its numbers are not known."""
        numbers, names = attributes(node), ("gamma", "beta", "mean", "variance")
        held = dict(zip(names, (self.constants.tensor(each) for each in node.input[1:5]), strict=False))
        tensors = {name: tensor for name, tensor in held.items() if tensor is not None}
        # opset 1 to 6: is_test means that the running statistics are used
        is_usable = len(tensors) == len(names) and not numbers.get("training_mode", 0) and numbers.get("spatial", 1)
        kind = "batch_norm" if is_usable else "other"
        return Step(kind, _name(node), node.op_type, tensors, float(numbers.get("epsilon", 1e-5)))  # type: ignore[arg-type]

    def _reordered(self, node: Any, roles: Roles, before: Sizes | None, letters: int) -> tuple[Roles, Step | None]:
        """Letters that are put in another order; an axis of one that goes away."""
        numbers, name = attributes(node), _name(node)
        if node.op_type == "Slice":
            order, axis = self._sliced(node, roles, letters)
        else:
            indices = self.constants.array(node.input[1])
            if indices is None or node.input[0] == node.input[1]:
                raise UnknownError
            axis = int(numbers.get("axis", 0))
            if node.op_type == "GatherND":
                if numbers.get("batch_dims", 0) or indices.shape != (letters, 1):
                    raise UnknownError
                axis, indices = 0, indices[:, 0]
            if indices.size == 1 and indices.ndim == 0:
                axis %= len(roles) + 1
                if before is None or before[axis] != 1:
                    raise UnknownError
                return spread(roles, [axis], SINGLE), Step("reshape", name, "gather")
            order = [int(each) for each in np.atleast_1d(indices)] if indices.ndim == 1 else []
        if roles[axis % len(roles)] != LETTER:
            raise UnknownError
        return roles, reordering(name, node.op_type.lower(), order, letters)

    def _sliced(self, node: Any, roles: Roles, letters: int) -> tuple[list[int], int]:
        numbers = attributes(node)
        if "starts" in numbers:  # before opset 10
            starts, ends = list(numbers["starts"]), list(numbers["ends"])
            axes, strides = list(numbers.get("axes", range(len(starts)))), [1] * len(starts)
        else:
            given = [known(self.constants.array(each)).tolist() if each else None for each in node.input[1:]]
            given += [None] * (4 - len(given))
            starts, ends = known(given[0]), known(given[1])
            axes, strides = given[2] or list(range(len(starts))), given[3] or [1] * len(starts)
        order, place = list(range(letters)), roles.index(LETTER)
        for start, end, axis, stride in zip(starts, ends, axes, strides, strict=True):
            if axis % len(roles) == place:
                order = order[slice(start, None if stride < 0 and end < -letters else end, stride)]
            elif start != 0 or stride != 1 or end < 2**31 - 1:
                raise UnknownError
        return order, place

    def _pads(self, node: Any, rank: int) -> list[tuple[int, int]]:
        """Begin and end of every axis."""
        numbers = attributes(node)
        if "pads" in numbers:
            pads = [int(each) for each in numbers["pads"]]
        else:
            pads = [int(each) for each in known(self.constants.array(node.input[1]))]
        axes = list(range(rank))
        if len(node.input) > 3 and node.input[3]:
            axes = [int(each) % rank for each in known(self.constants.array(node.input[3]))]
        if len(pads) != 2 * len(axes):
            raise UnknownError
        found = [(0, 0)] * rank
        for place, axis in enumerate(axes):
            found[axis] = (pads[place], pads[place + len(axes)])
        return found

    def _axes(self, node: Any, place: int) -> list[int] | None:
        """The axes of a node, an attribute or an input as the opset has it; None where it has none."""
        numbers = attributes(node)
        if "axes" in numbers:
            return [int(each) for each in numbers["axes"]]
        if len(node.input) > place and node.input[place]:
            return [int(each) for each in np.atleast_1d(known(self.constants.array(node.input[place])))]
        return None

    def _reshaped(self, node: Any, sizes: Sizes) -> Sizes | None:
        numbers = attributes(node)
        target = numbers.get("shape") or self.constants.array(node.input[1])
        if target is None or numbers.get("allowzero", 0):
            return None
        wanted: Sizes = [sizes[place] if each == 0 else int(each) for place, each in enumerate(target)]
        if -1 in wanted:
            others = [each for each in wanted if each != -1]
            whole = None if None in sizes or None in others else _product(sizes) // _product(others)
            if whole is None and sizes.count(None) == 1 and None not in others:
                known = _product([each for each in sizes if each is not None])
                whole = None if known == _product(others) else -2
            wanted = [whole if each == -1 else each for each in wanted]
        return None if -2 in wanted else wanted

    # the way on

    def _behind(
        self, name: str, roles: Roles | None, windows: int | None, n: int, bias: Tensor | None
    ) -> tuple[Tensor | None, tuple[Step, ...], tuple[tuple[str, tuple[str, ...], bool], ...]]:
        """The bias with what is added to it, and what follows, as far as there is one way to go that is known.

        Also the names and the axes of what comes out before anything that is not folded in.
        """
        steps: list[Step] = []
        targets = [(name, tuple(roles or ()), False)]
        scalings: list[tuple[Any, Array, Array]] = []
        for _ in range(min(MOST_STEPS, self._left)):
            self._left -= 1
            found = self._next(name)
            if isinstance(found, Step):
                steps.append(found)
                break
            if found is None:
                steps += [] if name in self.outputs else [Step("other", name, "what is no output")]
                break
            node, told = found
            if all(step.kind in ("aside", "reshape") for step in steps) and told is None and roles is not None:
                try:
                    scalings.append((node, *self._affine_behind(node, roles, n)))
                    name = node.output[0]
                    targets.append((name, tuple(roles), _is_norm(node)))
                    continue
                except UnknownError:
                    pass
            if steps and self._is_its_bias(node, steps[-1]):
                name = node.output[0]
                continue
            step, roles, windows = (told, roles, windows) if told else self._step(node, name, roles, windows, n)
            steps.append(step)
            name = node.output[0]
            if step.kind == "other":
                break
        else:
            steps.append(Step("other", name, "more than is followed"))
        bias, scaled = self._gathered(scalings, n, bias)
        return bias, (*scaled, *steps), tuple(targets)

    def _is_its_bias(self, node: Any, step: Step) -> bool:
        """Whether a node adds one number straight behind a MatMul."""
        if node.op_type != "Add" or (step.kind, step.what) != ("dense", "MatMul") or not is_standard(node):
            return False
        values = [self.constants.array(each) for each in node.input]
        return sum(each is not None and each.size == 1 for each in values) == 1

    def _affine_behind(self, node: Any, roles: Roles, n: int) -> tuple[Array, Array]:
        if node.op_type == "BatchNormalization":
            step = self._norm(node)
            fits = is_standard(node) and step.kind == "batch_norm" and len(roles) > 1 and roles[1] == KERNEL
            if not fits or any(each.shape != (n,) for each in step.tensors.values()):
                raise UnknownError
            return of_norm(step, n)
        if node.op_type not in (*_AFFINE, "Neg"):
            raise UnknownError
        return self._affine(node, roles, KERNEL, n)

    def _gathered(
        self, scalings: Sequence[tuple[Any, Array, Array]], n: int, bias: Tensor | None
    ) -> tuple[Tensor | None, tuple[Step, ...]]:
        """What is added first goes to the bias; the rest are steps."""
        count = next((i for i, each in enumerate(scalings) if (each[1] != 1).any() or _is_norm(each[0])), len(scalings))
        if count:
            bias = _added(bias, sum((each[2] for each in scalings[:count]), np.zeros(n)), n)
        rest = scalings[count:]
        return bias, tuple(
            self._norm(each[0]) if _is_norm(each[0]) else scaling(_name(each[0]), each[0].op_type.lower(), *each[1:])
            for each in rest
        )

    def _next(self, name: str) -> tuple[Any, Step | None] | Step | None:
        """The only node that follows, with what it does where that takes several nodes to say; or why there is none."""
        following = self.users.get(name, [])
        if not following:
            return None
        if name in self.outputs:
            return Step("other", name, "branches")
        if len(following) == 1:
            return following[0], None
        if len(following) == 2:
            for first, second in (following, following[::-1]):
                word = self._is_gate(first, second, name)
                if word:
                    return second, Step("activation", _name(second), word)
        return Step("other", name, "branches")

    def _is_gate(self, first: Any, second: Any, name: str) -> str | None:
        """The activation that two nodes compute of one value: a rectifier by Where, or x times its sigmoid."""
        if not (is_standard(first) and is_standard(second)) or len(self.users.get(first.output[0], [])) != 1:
            return None
        if first.op_type == "Sigmoid" and second.op_type == "Mul" and set(second.input) == {name, first.output[0]}:
            return "silu"
        if second.op_type != "Where" or second.input[0] != first.output[0] or len(first.input) != 2:
            return None
        if first.op_type not in ("Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
            return None
        is_above = first.op_type.startswith("Greater") == (first.input[0] == name)
        other = first.input[1] if first.input[0] == name else first.input[0]
        kept, instead = second.input[1:] if is_above else second.input[:0:-1]
        return "relu" if kept == name and self._is_zero(other) and self._is_zero(instead) else None

    def _is_zero(self, name: str) -> bool:
        value = self.constants.array(name)
        return value is not None and value.size == 1 and not value.any()

    def _step(
        self, node: Any, name: str, roles: Roles | None, windows: int | None, n: int
    ) -> tuple[Step, Roles | None, int | None]:
        kind, numbers, own = node.op_type, attributes(node), _name(node)
        other = Step("other", own, kind), None, None
        if not is_standard(node) or not node.output or (name not in node.input[:1] and kind not in ("Max", "Min")):
            return other
        if kind == "BatchNormalization":
            is_over_kernels = roles is not None and len(roles) > 1 and roles[1] == KERNEL
            return (self._norm(node), roles, windows) if is_over_kernels else other
        if self._leaves_alone(node):
            return Step("aside", own, kind.lower()), roles, windows
        word = self._activation(node, numbers)
        if word is not None:
            return Step("aside" if word == "identity" else "activation", own, word), roles, windows
        if kind in _POOLINGS:
            pooled = None if roles is None else self._pooled(node, numbers, roles, windows)
            if pooled is None:
                return other
            is_whole, left = pooled
            what = _POOLINGS[kind].removeprefix("local ") if is_whole else _POOLINGS[kind]
            return Step("pooling", own, what), left, None
        if kind in ("Gemm", "MatMul"):
            weight = self.constants.tensor(node.input[1]) if len(node.input) > 1 else None
            is_plain = weight is not None and roles is not None and not numbers.get("transA", 0)
            is_plain &= POSITION not in (roles or ()) and ((roles or [""])[-1] == KERNEL or n == 1)
            factor = float(numbers.get("alpha", 1.0)) if kind == "Gemm" else 1.0
            if weight is not None and factor != 1:
                weight = _times(weight, factor)
            return Step("dense", own, kind, {"weight": weight} if weight is not None and is_plain else {}), None, None
        if kind in ("Flatten", "Squeeze", "Unsqueeze", "Reshape", "Transpose"):
            return Step("reshape", own, kind.lower()), None if roles is None else self._moved(node, roles, n), windows
        return other

    def _activation(self, node: Any, numbers: Mapping[str, Any]) -> str | None:
        kind = node.op_type
        if kind == "LeakyRelu" or kind == "ThresholdedRelu":
            alpha = float(numbers.get("alpha", 0.01 if kind == "LeakyRelu" else 1.0))
            return "relu" if alpha == 0 else "identity" if (kind, alpha) == ("LeakyRelu", 1) else _ACTIVATIONS[kind]
        if kind == "PRelu":
            slope = self.constants.array(node.input[1]) if len(node.input) > 1 else None
            return "prelu" if slope is None or slope.any() else "relu"
        if kind in ("Max", "Min"):
            others = [self.constants.array(each) for each in node.input]
            numbers_given = [each for each in others if each is not None]
            if len(node.input) != 2 or len(numbers_given) != 1:
                return None
            return (
                "relu"
                if kind == "Max" and not numbers_given[0].any()
                else "clip"
                if numbers_given[0].size == 1
                else None
            )
        if kind == "Clip":
            return self._clipped(node, numbers)
        return "softmax" if kind in ("Softmax", "LogSoftmax", "Hardmax") else _ACTIVATIONS.get(kind)

    def _clipped(self, node: Any, numbers: Mapping[str, Any]) -> str | None:
        bounds: list[float | None] = [numbers.get("min"), numbers.get("max")]
        for place in (1, 2):
            if len(node.input) > place and node.input[place]:
                value = self.constants.array(node.input[place])
                if value is None or value.size != 1:
                    return "clip"
                bounds[place - 1] = float(value.reshape(-1)[0])
        low = None if bounds[0] is None or bounds[0] < -3e38 else bounds[0]
        high = None if bounds[1] is None or bounds[1] > 3e38 else bounds[1]
        return {(None, None): "identity", (0.0, None): "relu", (0.0, 6.0): "relu6"}.get((low, high), "clip")

    def _pooled(
        self, node: Any, numbers: Mapping[str, Any], roles: Roles, windows: int | None
    ) -> tuple[bool, Roles] | None:
        """Whether all windows are pooled, and the axes left; None for what pools anything else."""
        if POSITION not in roles:
            return None
        place = roles.index(POSITION)
        if node.op_type.startswith("Reduce"):
            try:
                axes = self._axes(node, 1)
            except UnknownError:
                return None
            gone = {each % len(roles) for each in axes} if axes else set()
            if place not in gone or any(roles[each] not in (POSITION, SINGLE) for each in gone):
                return None
            if numbers.get("keepdims", 1):
                return True, [SINGLE if i in gone else role for i, role in enumerate(roles)]
            return True, [role for i, role in enumerate(roles) if i not in gone]
        if len(roles) < 3 or roles[:2] != [BATCH, KERNEL]:
            return None
        if node.op_type.startswith("Global"):
            return True, [SINGLE if role == POSITION else role for role in roles]
        shape = _whole(numbers.get("kernel_shape"), 0)
        is_padded = any(_whole(numbers.get("pads"), 0)) or numbers.get("auto_pad", b"NOTSET") not in (
            b"NOTSET",
            b"VALID",
        )
        if len(shape) != len(roles) - 2:
            return None
        is_whole = shape[place - 2] == windows and not is_padded and len(node.output) == 1
        is_whole &= max(_whole(numbers.get("dilations"), 1)) == 1
        return is_whole, [SINGLE if role == POSITION and is_whole else role for role in roles]

    def _moved(self, node: Any, roles: Roles, n: int) -> Roles | None:
        kind = node.op_type
        try:
            if kind == "Transpose":
                return [roles[place] for place in _turn(node, len(roles))]
            axes = self._axes(node, 1) if kind in ("Squeeze", "Unsqueeze") else None
        except (UnknownError, IndexError):
            return None
        if kind == "Unsqueeze" and axes is not None:
            return spread(roles, axes, SINGLE)
        if kind == "Squeeze" and axes is not None:
            gone = {each % len(roles) for each in axes}
            is_plain = all(roles[each] == SINGLE for each in gone)
            return [role for i, role in enumerate(roles) if i not in gone] if is_plain else None
        is_pooled = POSITION not in roles and roles[0] == BATCH and n > 0
        return [BATCH, KERNEL] if is_pooled and kind in ("Flatten", "Reshape", "Squeeze") else None


@dataclass(frozen=True)
class _Ends:
    """What a convolution does along the sequence."""

    width: int = 1
    stride: int = 1
    dilation: int = 1
    padding: str = "valid"
    added: int = 0
    before: int = 0
    auto: str = ""

    def begin(self, length: int) -> int:
        """How many letters of padding stand before an input of this length."""
        if not self.auto:
            return self.before
        span = (self.width - 1) * self.dilation
        whole = max(0, (-(-length // self.stride) - 1) * self.stride + span + 1 - length)
        return whole // 2 if self.auto == "SAME_UPPER" else whole - whole // 2

    def windows(self, length: int | None) -> int | None:
        """How many it scores of an input of this length."""
        if self.padding == "same" and not self.added:
            return n_windows(length, self.width, stride=self.stride, dilation=self.dilation, padding="same")
        whole = None if length is None else length + self.added
        return n_windows(whole, self.width, stride=self.stride, dilation=self.dilation, padding="valid")


def _ends(numbers: Mapping[str, Any], roles: Sequence[str], shape: Sequence[int]) -> _Ends | None:
    """None where anything but the ends of the sequence is padded."""
    place, n_axes = roles.index(POSITION) - 2, len(shape) - 2
    pads = [int(each) for each in numbers.get("pads", ())] or [0] * (2 * n_axes)
    auto = numbers.get("auto_pad", b"NOTSET")
    if len(pads) != 2 * n_axes or min(pads) < 0:
        return None
    is_auto = auto in (b"SAME_UPPER", b"SAME_LOWER")
    others = [axis for axis in range(n_axes) if axis != place]
    if any(pads[axis] or pads[axis + n_axes] or (is_auto and shape[axis + 2] != 1) for axis in others):
        return None
    stride = (_whole(numbers.get("strides"), 1) * n_axes)[place]
    dilation = (_whole(numbers.get("dilations"), 1) * n_axes)[place]
    width = shape[place + 2]
    span = (width - 1) * dilation
    begin, end = pads[place], pads[place + n_axes]
    if is_auto:
        is_ours = stride == 1 and (auto == b"SAME_UPPER" or span % 2 == 0)
        word = "same" if is_ours else "padded"
        return _Ends(width, stride, dilation, word, 0 if is_ours else span, auto=auto.decode())
    word = "padded"
    if not begin and not end:
        word = "valid"
    elif (begin, end) == (span // 2, span - span // 2):
        word = "same"
    elif (begin, end) == (span, 0):
        word = "causal"
    return _Ends(width, stride, dilation, word, begin + end, begin)


def _roles_of_data(shape: tuple[int, ...], sizes: Sizes | None) -> tuple[Roles, tuple[str, ...] | None, str | None]:
    """What the axes of a convolution's data are, how its weight is to be read, and what speaks against both."""
    if len(shape) == 3:
        return [BATCH, LETTER, POSITION], TORCH_1D, None
    if len(shape) != 4:
        return [BATCH, LETTER, *(SINGLE,) * (len(shape) - 3), POSITION], None, "a convolution over three axes"
    known_sizes = sizes if sizes is not None and len(sizes) == 4 else [None] * 4
    if shape[1] > 1:
        singles = [axis for axis in (2, 3) if shape[axis] == 1 and known_sizes[axis] == 1]
        if len(singles) != 1:
            return [BATCH, LETTER, SINGLE, POSITION], TORCH_2D, "a convolution over rows and columns"
        roles = [BATCH, LETTER, POSITION, POSITION]
        roles[singles[0]] = SINGLE
        return roles, TORCH_2D, None
    try:
        axis = letter_axis(shape[2:], known_sizes[2:])
    except UnknownError:
        return [BATCH, SINGLE, LETTER, POSITION], TORCH_2D, "a convolution that slides over the letters"
    if axis is None:
        return [BATCH, SINGLE, LETTER, POSITION], TORCH_2D, OPEN
    roles = [BATCH, SINGLE, POSITION, POSITION]
    roles[axis + 2] = LETTER
    is_plain = shape[3 - axis] not in ALPHABETS
    return roles, TORCH_2D if is_plain else (KERNEL, SINGLE, *roles[2:]), None


def _letters_in(shape: Sequence[int], roles: Sequence[str]) -> int:
    return shape[roles.index(LETTER)]


def _is_norm(node: Any) -> bool:
    return bool(node.op_type == "BatchNormalization")


def _added(bias: Tensor | None, more: Array, n: int) -> Tensor:
    if bias is None:
        return tensor_of("bias", more)

    def read() -> Array:
        return bias.read().astype(np.float64).reshape(n) + more

    return dataclasses.replace(bias, read=read)


def _times(tensor: Tensor, factor: float) -> Tensor:
    return dataclasses.replace(tensor, read=lambda: tensor.read() * factor)


def _turn(node: Any, rank: int) -> list[int]:
    turn = [int(each) for each in attributes(node).get("perm", range(rank)[::-1])]
    if sorted(turn) != list(range(rank)):
        raise UnknownError
    return turn


def _ones(sizes: Sizes) -> set[int] | None:
    return None if None in sizes else {place for place, size in enumerate(sizes) if size == 1}


def _product(sizes: Sequence[int | None]) -> int:
    return math.prod(each or 0 for each in sizes)


def _captured(node: Any, depth: int = 0) -> set[str]:
    """Names that the graphs within a node may take from outside."""
    found: set[str] = set()
    for each in node.attribute if depth < _DEEPEST else ():
        for graph in [each.g] if each.HasField("g") else each.graphs:
            for inner in graph.node:
                found |= {*inner.input} | _captured(inner, depth + 1)
            found |= {end.name for end in graph.output}
    return found


def _name(node: Any) -> str:
    return str(node.name or (node.output[0] if node.output else node.op_type))


def _whole(value: Any, otherwise: int) -> list[int]:
    numbers = [] if value is None else list(value) if hasattr(value, "__len__") else [value]
    return [int(each) for each in numbers if each >= 0] or [otherwise]
