"""Every option of every command with values that nobody should give: a sentence that names it, soon, and no traceback.

The options are those that the application has, so that a new one is tried as well.
"""

from __future__ import annotations

import os
import time
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from epool_viz.app import cli
from tests.app.commands.test_outputs import FASTA, KERNEL, MEME
from tests.app.here import Here, Said

PATIENCE = 30.0  # seconds of the processor: a busy machine counts none
SMALL = ("--kernels", "2", "--width", "3", "--epochs", "1", "--patience", "1", "--learning-rate", "1")
# a call of each command that ends well
WELL: dict[str, tuple[str, ...]] = {
    "app": ("app", "--no-browser"),
    "pwm": ("pwm", "k.txt"),
    "read": ("read", "k.txt", "d.txt"),
    "scan": ("scan", "x.fa", "k.txt"),
    "em": ("em", "x.fa", "--width", "3", "--starts", "1", "--iterations", "2"),
    "simulate": ("simulate", "m.meme", "-n", "8", "--length", "9"),
    "train": ("train", "d.txt", *SMALL, "--hold-out", "0", "--out", "m.safetensors"),
    "race": ("race", "d.txt", *SMALL, "--hold-out", "0", "--methods", "max"),
    "fetch": ("fetch", "BroadDnd41Ezh239875"),
}
NEVER = ("nan", "-inf", "-1", "1e400", "9" * 40, "x", "", "1,5", "\udcff")
LARGE = ("0", "100000000", "999999999999")
WORDS = ("", "☃", "\udcff", "a\nb", "x" * 5000, "-5,nan,1,2", "0,0,0,0", "%s{name}", "--", "1" * 400)
FILES = ("nowhere", ".", "empty", "zeros", "\udcff", "n" * 300, "", "loop", "k.txt", "d.txt")
PLACES = (".", "nowhere/y", "x.fa/y", "n" * 300, "", "/dev/full", "loop", "locked/y", "\udcff/y", "/proc/y", "x.fa")


OF_FILES = {"data", "test", "fit", "init", "kernel_file", "model", "sequences", "motif"}
KINDS = {int: "number", float: "number", Path: "place", str: "word"}


COMMAND: Any = typer.main.get_command(cli.app)  # made once: typer makes it anew for every call, which takes most of one


def commands() -> dict[str, Any]:
    return dict(COMMAND.commands)


def parameters(*kinds: str, arguments: bool = False) -> list[Any]:
    """Command and parameter for each of some kinds, as pytest wants them."""
    return [
        pytest.param(name, each, id=f"{name} {each.name}")
        for name, command in commands().items()
        for each in command.params
        if (each.param_type_name == "argument") == arguments and kind_of(name, each) in kinds
    ]


def kind_of(name: str, parameter: Any) -> str:
    """Whether a number, a place to write to, a file to read or a word is asked for; "" for what has a few values."""
    if parameter.name in OF_FILES:
        return "file"
    (made,) = (each.callback for each in cli.app.registered_commands if each.name == name)
    hints = typing.get_type_hints(made)
    found = [KINDS.get(each, "") for each in typing.get_args(hints.get(parameter.name)) or [hints.get(parameter.name)]]
    return next(filter(None, found), "")


def written(parameter: Any) -> str:
    return max((opt for opt in parameter.opts if opt.startswith("--")), key=len)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with inputs; nothing is served or fetched, and nothing half is left."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"x.fa": FASTA, "k.txt": KERNEL, "m.meme": MEME, "empty": "", "zeros": "\0" * 5000}.items():
        Path(name).write_text(text)
    Path("d.txt").write_text("".join(f">s{i} {'ACGTTGCAGG' if i % 2 else 'TTTTTACCCA'} {i % 2}\n" for i in range(40)))
    Path("loop").symlink_to("loop")
    Path("locked").mkdir(mode=0o500)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked" and access(path, mode))
    import requests

    from epool_viz.app.commands import bounds
    from epool_viz.app.server import start

    monkeypatch.setattr(typer.main, "get_command", lambda _: COMMAND)
    monkeypatch.setattr(bounds, "free_memory", lambda: 2e8)  # of a small machine
    monkeypatch.setattr(time, "sleep", lambda _: None)  # before a download is tried again
    monkeypatch.setattr(start, "serve", lambda **options: None)
    monkeypatch.setattr(requests, "get", unreachable)
    monkeypatch.setenv("EPOOL_VIZ_CHIPSEQ_FOLDER", str(tmp_path / "sets"))
    yield
    assert not list(tmp_path.rglob("*.part"))
    assert not list(tmp_path.rglob("*.lock"))


def unreachable(*_: object, **__: object) -> None:
    import requests

    raise requests.ConnectionError("nobody is reached in a test")


def ended(call: Here, *arguments: object) -> Said:
    """What a call came to, which is soon and no traceback: an exception would end the test."""
    before = time.process_time()
    said = call(*arguments)
    assert time.process_time() - before < PATIENCE
    assert said.code in (0, 1, 2), said
    assert "Traceback" not in said.err
    said.err.encode()
    return said


def assert_named(said: Said, parameter: Any) -> None:
    """The message has the option as it is typed, or its bare name beside another that it meets."""
    word = (
        written(parameter) if parameter.param_type_name == "option" else (parameter.metavar or parameter.name.upper())
    )
    plain = " ".join(said.err.replace("│", " ").split())
    assert word in plain or f" {word.removeprefix('--')} " in plain, plain


def test_every_command_has_a_call_that_ends_well(call: Here) -> None:
    assert set(WELL) == set(commands())
    for name, arguments in WELL.items():
        assert ended(call, *arguments).code == (1 if name == "fetch" else 0)


def test_the_table_has_options_of_every_kind() -> None:
    kinds = {kind: {each.id for each in parameters(kind)} for kind in ("number", "word", "place", "file")}
    assert {"scan m", "em starts", "train kernels", "train learning_rate", "app port", "simulate n"} <= kinds["number"]
    assert {"scan background", "pwm axes", "race seeds", "simulate sites", "em background"} <= kinds["word"]
    assert {"scan out", "pwm logo", "em sites", "train out", "race out", "fetch folder"} <= kinds["place"]
    assert {"train test", "pwm fit", "em init"} <= kinds["file"]


@pytest.mark.parametrize(("name", "parameter"), parameters("number"))
def test_numbers_that_are_none_are_refused_by_name(call: Here, name: str, parameter: Any) -> None:
    for value in NEVER:
        said = ended(call, *WELL[name], *forced(name), f"{written(parameter)}={value}")
        assert said.code in (1, 2), value
        assert_named(said, parameter)


@pytest.mark.parametrize(("name", "parameter"), parameters("number"))
def test_large_numbers_are_used_or_refused_by_name(call: Here, name: str, parameter: Any) -> None:
    for value in LARGE:
        said = ended(call, *WELL[name], *forced(name), f"{written(parameter)}={value}")
        if said.code:
            assert_named(said, parameter)


@pytest.mark.parametrize(("name", "parameter"), parameters("word"))
def test_words_are_used_or_refused_by_name(call: Here, name: str, parameter: Any) -> None:
    for value in WORDS:
        said = ended(call, *WELL[name], *forced(name), f"{written(parameter)}={value}")
        if said.code and name != "fetch":
            assert_named(said, parameter)


@pytest.mark.parametrize(("name", "parameter"), parameters("place"))
def test_places_that_are_none_are_refused_by_name(call: Here, name: str, parameter: Any) -> None:
    for value in PLACES:
        said = ended(call, *WELL[name], *forced(name), f"{written(parameter)}={value}")
        if name == "fetch":
            continue
        if said.code:
            assert_named(said, parameter)
        else:
            assert (name, value) in USABLE or value == "x.fa"


# a folder is a place for a race or a reading, and "" is the present one
USABLE = {("race", "."), ("race", ""), ("read", "."), ("read", ""), ("app", "."), ("app", "")}


@pytest.mark.parametrize(("name", "parameter"), parameters("file") + parameters("file", "word", arguments=True))
def test_files_that_are_none_are_refused_by_name(call: Here, name: str, parameter: Any) -> None:
    for value in FILES:
        arguments = list(WELL[name])
        if parameter.param_type_name == "option":
            arguments.append(f"{written(parameter)}={value}")
        else:
            place = [each.name for each in commands()[name].params if each.param_type_name == "argument"]
            arguments[1 + place.index(parameter.name)] = value
        said = ended(call, *arguments, *forced(name))
        if said.code and name != "fetch":
            assert value in said.err or said.err.count("`") or said.code == 2


def forced(name: str) -> tuple[str, ...]:
    return ("--force",) if any(each.name == "force" for each in commands()[name].params) else ()
