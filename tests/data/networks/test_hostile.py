"""Files that mean harm or are broken: a clear error, quickly, nothing run, no memory set aside."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epool_viz import EpoolError, import_kernels
from epool_viz.data.networks.files import read_kernel_bytes

KERAS = Path(__file__).parent / "keras_files"
HUGE = 10 * 2**30


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def assert_refused(raw: bytes, message: str, name: str = "upload.bin") -> None:
    """An error of ours with this in its message, within a second, and with less than 20 MB of memory."""
    import onnx  # noqa: F401 - its own import is neither time nor memory of the file

    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(EpoolError) as caught:
            read_kernel_bytes(raw, name=name)
        assert time.process_time() - began < 1
        assert tracemalloc.get_traced_memory()[1] < 20e6 + 3 * len(raw)
    finally:
        tracemalloc.stop()
    assert message in str(caught.value), str(caught.value)
    assert str(caught.value).startswith(name)


def npy(header: dict, body: bytes = b"") -> bytes:
    text = (repr(header) + "\n").encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def zipped(members: dict[str, bytes], *, how: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def safetensors(header: Any, body: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


# pickles


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    bomb = Bomb(tmp_path / "ran")
    for raw in (pickle.dumps(bomb), pickle.dumps(bomb, protocol=2), zipped({"archive/data.pkl": pickle.dumps(bomb)})):
        assert_refused(raw, "a pickle, as torch.save writes it, which can run code when it is read")
    out = io.BytesIO()
    np.save(out, np.array([bomb], dtype=object), allow_pickle=True)
    assert_refused(out.getvalue(), "Python objects in 'upload', which could run code when read")
    assert_refused(zipped({"k.npy": out.getvalue()}), "Python objects in 'k.npy'")
    assert not (tmp_path / "ran").exists()


# NumPy


@pytest.mark.parametrize(
    ("header", "body", "message"),
    [
        ({"descr": "<f8", "fortran_order": False, "shape": (HUGE // 80, 4, 10)}, b"", "which claims 42,949,672"),
        ({"descr": "<f8", "fortran_order": False, "shape": (3, 4, 5)}, b"\0" * 479, "claims 480 bytes and has 479"),
        ({"descr": "<f8", "fortran_order": False, "shape": (-3, 4, -5)}, b"\0" * 480, "claims 480 bytes and has 480"),
        ({"descr": "<f8", "fortran_order": False, "shape": (0, 4, 5)}, b"", "the weights upload (0, 4, 5)"),
        ({"descr": [("a", "<f8")], "fortran_order": False, "shape": (1,)}, b"\0" * 8, "type [('a', '<f8')]"),
        ({"descr": "<c16", "fortran_order": False, "shape": (1, 4, 1)}, b"\0" * 64, "type complex128"),
        ({"shape": "x"}, b"", "no plain array in 'upload'"),
    ],
)
def test_npy_that_claims_what_it_has_not(header: dict, body: bytes, message: str) -> None:
    assert_refused(npy(header, body), message)
    assert_refused(zipped({"upload.npy": npy(header, body)}), message.replace("'upload'", "'upload.npy'"))


def test_numbers_that_are_none_are_refused(rng: np.random.Generator) -> None:
    for odd in (np.nan, np.inf):
        kernel = rng.normal(size=(3, 4, 5))
        kernel[2, 1, 4] = odd
        with pytest.raises(EpoolError, match="NaN or infinity in kernels"):
            import_kernels(kernel)
        with pytest.raises(EpoolError, match=r"NaN or infinity in c\.bias"):
            import_kernels({"c.weight": np.ones((3, 4, 5)), "c.bias": np.array([1, odd, 2])})


def test_a_variance_below_zero_is_refused() -> None:
    values = {"c.weight": np.ones((3, 4, 5)), "n.running_mean": np.ones(3), "n.running_var": np.array([1, -1, 1])}
    with pytest.raises(EpoolError, match="a variance in `n` that is not positive"):
        import_kernels(values, fold_batch_norm=True)


# archives


def test_a_zip_bomb_is_not_unpacked() -> None:
    packed = zipped({"k.npy": b"\x93NUMPY" + b"\0" * 60_000_000}, how=zipfile.ZIP_DEFLATED)
    assert len(packed) < 100_000
    with pytest.raises(EpoolError, match=r"'k\.npy', which claims 60,000,006 bytes; accepted: at most 8,000,000"):
        read_kernel_bytes(packed, most_bytes=8_000_000)
    liar = zipped({"config.json": b"{}", "model.weights.h5": b"\0" * 100})
    liar = liar.replace(struct.pack("<LL", 100, 100), struct.pack("<LL", 100, 2**31))
    assert_refused(liar, "'model.weights.h5', which claims 2,147,483,648 bytes")


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings_are_refused(how: int) -> None:
    assert_refused(zipped({"k.npy": b"\0" * 999}, how=how), "packed in another way or encrypted")


def test_an_archive_of_something_else_is_named() -> None:
    assert_refused(zipped({"readme.txt": b"hello", "x/y": b""}), "an archive of 'readme.txt', 'x/y'")
    assert_refused(b"PK\x03\x04" + b"\0" * 90, "a damaged zip archive")


# safetensors


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (safetensors({}, length=HUGE), f"a header that claims {HUGE:,} bytes"),
        (safetensors(b"{" + b"[" * 100_000), "a header that is no JSON"),
        (safetensors(b"[]"), "a header that is no JSON object"),
        (
            safetensors({"c": {"dtype": "F32", "shape": [2**28, 4, 10], "data_offsets": [0, 2**28 * 160]}}, b"\0" * 80),
            "`c`, which claims 42,949,672,960 bytes at 0 to 42,949,672,960 of 80",
        ),
        (
            safetensors({"c": {"dtype": "F32", "shape": [1, 4, 5], "data_offsets": [0, 79]}}, b"\0" * 80),
            "claims 80 bytes",
        ),
        (safetensors({"c": {"dtype": "F32", "shape": [1, 4, 5], "data_offsets": [8, 88]}}, b"\0" * 80), "at 8 to 88"),
        (safetensors({"c": {"dtype": "F32", "shape": [-1, 4, 5], "data_offsets": [0, 0]}}), "without shape and place"),
        (
            safetensors({"c": {"dtype": "F32", "shape": [True, 4, 5], "data_offsets": [0, 80]}}),
            "without shape and place",
        ),
        (safetensors({"c": 3}), "an entry 'c' that describes no tensor"),
        (
            safetensors({"c": {"dtype": "F8_E4M3", "shape": [4, 4, 5], "data_offsets": [0, 80]}}, b"\0" * 80),
            "no convolution",
        ),
    ],
)
def test_safetensors_that_claim_what_they_have_not(raw: bytes, message: str) -> None:
    assert_refused(raw, message, "m.safetensors")


def entry(begin: int, end: int) -> dict:
    return {"dtype": "F32", "shape": [1, 4, (end - begin) // 16], "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("header", "held", "message"),
    [
        ({"a": entry(0, 80)}, 81, "1 bytes behind the last tensor"),
        ({"a": entry(0, 80)}, 130, "50 bytes behind the last tensor"),
        ({"a": entry(16, 96)}, 96, "`a`, which begins at 16 and leaves 16 bytes unused"),
        ({"a": entry(0, 80), "b": entry(96, 144)}, 144, "`b`, which begins at 96 and leaves 16 bytes unused"),
        ({"a": entry(0, 80), "b": entry(64, 144)}, 144, "`b`, which begins at 64 and overlaps"),
        ({"a": entry(0, 80), "b": {"dtype": "I64", "shape": [2], "data_offsets": [80, 88]}}, 88, "claims 16 bytes"),
    ],
)
def test_tensors_of_safetensors_cover_the_file_without_gaps_as_the_official_reader_asks(
    header: dict, held: int, message: str
) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    raw = safetensors(header, b"\0" * held)
    with pytest.raises(SafetensorError):
        load(raw)
    assert_refused(raw, message, "m.safetensors")


@pytest.mark.parametrize("what", [b"\0", b" ", b"(", b"'", b"\xff", b"}"])
def test_a_damaged_header_of_npy_is_an_error_of_ours_whichever_byte_it_is(what: bytes) -> None:
    out = io.BytesIO()
    np.save(out, np.linspace(-1, 1, 60).reshape(3, 4, 5))
    for place in range(6, 128):
        raw = bytearray(out.getvalue())
        raw[place : place + 1] = what
        with contextlib.suppress(EpoolError):
            assert read_kernel_bytes(bytes(raw), name="m.npy").kernels.size == 60


@pytest.mark.parametrize("member", ["k.npy", "b.npy"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_member_of_an_archive_that_is_not_what_its_checksum_says_is_named(save: Callable, member: str) -> None:
    out = io.BytesIO()
    save(out, k=np.linspace(-1, 1, 60).reshape(3, 4, 5), b=np.linspace(-1, 1, 3))
    raw = bytearray(out.getvalue())
    with zipfile.ZipFile(out) as archive:
        info = archive.getinfo(member)
    last = raw.index(member.encode(), info.header_offset) + len(member) + info.compress_size
    while raw[last - 4 : last + 4].count(0) > 6:  # a place within the numbers
        last -= 1
    raw[last - 2] ^= 1
    assert_refused(bytes(raw), f"the damaged member '{member}'", "m.npz")


def test_a_graph_that_onnxruntime_refuses_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    import onnx

    model = onnx.ModelProto.FromString(onnx_bytes(lambda weight: None))
    model.graph.node[0].input.append("nowhere")
    raw = model.SerializeToString().replace(b"nowhere", b"\xb0owhere")  # no text in UTF-8
    read_kernel_bytes(raw, name="m.onnx")
    assert capfd.readouterr() == ("", "")


# HDF5


def h5(change: Callable[[h5py.File], object], **config: Any) -> bytes:
    """A Keras file of one convolution whose weights a function writes."""
    out = io.BytesIO()
    layer = {"class_name": "Conv1D", "config": {"name": "c", "use_bias": False, **config}}
    with h5py.File(out, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}})
        group = file.create_group("model_weights/c")
        group.attrs["weight_names"] = [b"kernel:0"]
        change(group)
    return out.getvalue()


def _virtual(group: h5py.Group) -> None:
    layout = h5py.VirtualLayout(shape=(5, 4, 3), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", shape=(5, 4, 3))
    group.create_virtual_dataset("kernel:0", layout)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda g: g.create_dataset("kernel:0", (2**20, 4, 2560), "f4"),
            "which claims 42,949,672,960 bytes in a file of",
        ),
        (lambda g: g.create_dataset("kernel:0", (5, 4, 3), "f4", chunks=(5, 4, 3), maxshape=(None, 4, None)), ""),
        (
            lambda g: g.create_dataset("kernel:0", (5, 4, 3), "f4", chunks=(10**6, 4, 900), maxshape=(None, 4, None)),
            "which claims 14,400,000,000 bytes",
        ),
        (lambda g: g.create_dataset("kernel:0", (5, 4, 3), h5py.vlen_dtype(np.float32)), "of type object"),
        (lambda g: g.create_dataset("kernel:0", (5, 4, 3), h5py.ref_dtype), "of type object"),
        (lambda g: g.create_dataset("kernel:0", (5, 4, 3), h5py.string_dtype()), "of type object"),
        (lambda g: g.create_dataset("kernel:0", (5, 4, 3), [("a", "f4")]), "of type [('a', '<f4')]"),
        (lambda g: g.__setitem__("kernel:0", h5py.ExternalLink("/etc/passwd", "x")), "`kernel:0`, a link to elsewhere"),
        (lambda g: g.__setitem__("kernel:0", h5py.SoftLink("/model_weights")), "`kernel:0`, a link to elsewhere"),
        (_virtual, "whose values lie elsewhere"),
        (
            lambda g: g.create_dataset("kernel:0", (5, 4, 3), "f4", external=[("/etc/hostname", 0, 240)]),
            "lie elsewhere",
        ),
        (lambda g: g.create_group("kernel:0"), "no weights of the layer `c`"),
        (lambda g: None, "no weights of the layer `c`"),
        (lambda g: g.create_dataset("kernel:0", (5, 3, 3), "f4"), "found the weights kernel (5, 3, 3)"),
        (lambda g: g.create_dataset("kernel:0", data=np.full((5, 4, 3), np.nan, "f4")), "NaN or infinity in kernel"),
    ],
)
def test_hdf5_that_should_not_be_read(change: Callable, message: str) -> None:
    raw = h5(change)
    if not message:  # a dataset of chunks that were never written is zeros, and fine
        assert not read_kernel_bytes(raw).kernels.any()
        return
    assert_refused(raw, message)


def test_hdf5_group_that_holds_itself_ends() -> None:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["loop"] = file["/"]
    assert_refused(out.getvalue(), "or a loop of them")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "an architecture that is no JSON"),
        ('{"class_name": "Sequential"}', "an architecture that cannot be followed"),
        ('{"class_name": "Sequential", "config": 3}', "an architecture that cannot be followed"),
        ('{"class_name": "Sequential", "config": []}', "found no convolution"),
    ],
)
def test_keras_architecture_that_is_none(text: str, message: str) -> None:
    with h5py.File(out := io.BytesIO(), "w") as file:
        file.attrs["model_config"] = text
    assert_refused(out.getvalue(), message)
    assert_refused(zipped({"config.json": text.encode(), "model.weights.h5": out.getvalue()}), message)


# ONNX


def onnx_bytes(change: Callable[[Any], object]) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.ones((3, 4, 5), "f4"), "w")
    change(weight)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 4, 9)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["y"])], "g", ends[:1], ends[1:], [weight])
    return helper.make_model(graph).SerializeToString()


def _external(weight: Any) -> None:
    from onnx import TensorProto
    from onnx.external_data_helper import set_external_data

    set_external_data(weight, "/etc/passwd", 0, 240)
    weight.data_location = TensorProto.EXTERNAL
    weight.ClearField("raw_data")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.dims.__setitem__(0, 2**20), "`w`, which claims 20,971,520 numbers and has 60"),
        (lambda w: w.dims.__setitem__(0, 2), "`w`, which claims 40 numbers and has 60"),
        (lambda w: w.dims.__setitem__(0, -3), "`w`, which claims -60 numbers"),
        (lambda w: setattr(w, "raw_data", b""), "`w`, which claims 60 numbers and has 0"),
        (lambda w: setattr(w, "data_type", 8), "`w` of ONNX type 8"),
        (_external, "`w`, whose numbers lie in another file"),
    ],
)
def test_onnx_that_claims_what_it_has_not(change: Callable, message: str) -> None:
    pytest.importorskip("onnx")
    assert_refused(onnx_bytes(change), message)


def test_onnx_without_the_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    raw = onnx_bytes(lambda weight: None)
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(EpoolError, match=r'needs onnx; install it with: pip install "epool-viz\[onnx\]"'):
        read_kernel_bytes(raw)


# cut off, and anything at all


def _whole_files() -> dict[str, bytes]:
    out = io.BytesIO()
    np.savez(out, k=np.ones((3, 4, 5)))
    return {
        "h5": (KERAS / "sequential.h5").read_bytes(),
        "keras": (KERAS / "sequential.keras").read_bytes(),
        "npz": out.getvalue(),
        "safetensors": safetensors({"c": {"dtype": "F32", "shape": [1, 4, 5], "data_offsets": [0, 80]}}, b"\0" * 80),
        "onnx": onnx_bytes(lambda weight: None),
    }


@pytest.mark.parametrize("ending", ["h5", "keras", "npz", "safetensors", "onnx"])
def test_a_file_that_breaks_off_is_an_error(ending: str) -> None:
    whole = _whole_files()[ending]
    read_kernel_bytes(whole)
    for keep in (9, 40, len(whole) // 3, len(whole) // 2, len(whole) - 9):
        assert_refused(whole[:keep], "accepted:", f"upload.{ending}")


@settings(max_examples=150)
@given(
    st.sampled_from(["h5", "keras", "npz", "safetensors", "onnx"]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_whatever_is_spoilt_the_answer_is_kernels_or_an_error_of_ours(ending: str, spoilt: list) -> None:
    raw = bytearray(FILES[ending])
    for where, what in spoilt:
        raw[int(where * len(raw))] = what
    try:
        read = read_kernel_bytes(bytes(raw), name=f"upload.{ending}", most_bytes=10**7)
    except EpoolError:
        return
    assert np.isfinite(read.kernels).all()


FILES = _whole_files()


def test_a_heap_that_libhdf5_would_walk_for_ever_is_refused() -> None:
    raw = bytearray((KERAS / "sequential.h5").read_bytes())
    here = raw.index(b"GCOL") + 16
    while raw[here : here + 2] != b"\0\0":
        here += 16 + (int.from_bytes(raw[here + 8 : here + 16], "little") + 7) // 8 * 8
    raw[here + 8 : here + 16] = bytes(8)
    assert_refused(bytes(raw), "a heap of texts that does not add up")


def test_a_text_that_claims_gigabytes_is_not_given_room() -> None:
    raw = bytearray((KERAS / "sequential.h5").read_bytes())
    data = raw.index(b"model_config\0") + 16 + 24 + 8  # name, type and shape, each padded to eight bytes
    assert int.from_bytes(raw[data : data + 4], "little") > 3000
    raw[data : data + 4] = (3 * 2**30).to_bytes(4, "little")
    assert_refused(bytes(raw), "the attribute `model_config`, a text of which claims 3,221,225,472 letters")
