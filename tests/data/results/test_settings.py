from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from epool_viz.data.results.settings import RaceSettings, TrainingSettings
from epool_viz.errors import ArgumentError
from epool_viz.models.cnn import PRESETS


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"methods": "max"}, "methods"),
        ({"methods": ()}, "methods"),
        ({"methods": ("max", "max")}, "methods"),
        ({"methods": ("best",)}, "pooling"),
        ({"methods": ({"method": "best"},)}, "pooling"),
        ({"preset": "none"}, "preset"),
        ({"n_kernels": 0}, "n_kernels"),
        ({"width": 1.5}, "width"),
        ({"seeds": (0, -1)}, "seed"),
        ({"epochs": True}, "epochs"),
        ({"epochs": None}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"patience": 0}, "patience"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"split": "first"}, "split"),
        ({"class_weight": "heavy"}, "class_weight"),
    ],
)
def test_a_setting_out_of_bounds_is_named(wrong: dict[str, Any], name: str) -> None:
    RaceSettings()
    with pytest.raises(ArgumentError) as caught:
        RaceSettings(**wrong)
    assert caught.value.name == name


def test_settings_survive_json_and_name_what_they_do_not_know() -> None:
    settings = RaceSettings(methods=("max", {"method": "expectation", "trainable": True}), seeds=(3, 4), patience=2)
    again = RaceSettings.of_plain(json.loads(json.dumps(settings.plain)))
    assert again == settings
    assert again.labels == ["max", "expectation trainable=True"]
    with pytest.raises(ArgumentError, match="`settings` is with 'checkpoint'"):
        RaceSettings.of_plain(settings.plain | {"checkpoint": "/"})


def test_what_a_preset_fills_in_is_a_training() -> None:
    preset = PRESETS["paper"]
    filled = {name: getattr(preset, name) for name in ("batch_size", "patience", "learning_rate")}
    assert TrainingSettings(**RaceSettings().training | filled, seed=0).batch_size == preset.batch_size
    with pytest.raises(ArgumentError, match="`seed` is -1"):
        TrainingSettings(**RaceSettings().training | filled, seed=-1)


def test_settings_are_made_without_torch() -> None:
    code = "import sys, epool_viz.data.results.settings; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
