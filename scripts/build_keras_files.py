"""Write the Keras files that the tests read: `python scripts/build_keras_files.py tests/data/networks/keras_files`.

Needs Keras 3, which no part of the package needs: `pip install keras`, any backend (made with 3.15.1 on torch). The
numbers that Keras itself gives for two sequences stand beside them in expected.npz.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers


def sequential(rng: np.random.Generator) -> keras.Model:
    """Convolution, batch-norm with an epsilon of its own, ReLU, global maximum."""
    model = keras.Sequential(
        [
            keras.Input((23, 4)),
            layers.Conv1D(3, 5, name="motifs"),
            layers.BatchNormalization(epsilon=0.01),
            layers.ReLU(),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1),
        ]
    )
    model.layers[0].set_weights([rng.normal(size=(5, 4, 3)), rng.normal(size=3)])
    spread = [rng.uniform(0.5, 2, 3), rng.normal(size=3), rng.normal(size=3), rng.uniform(0.2, 3, 3)]
    model.layers[1].set_weights(spread)
    return model


def functional_2d() -> keras.Model:
    """One-hot letters down an image, as DeepBind's heirs have them; a built-in rectifier."""
    start = keras.Input((4, 23, 1))
    flat = layers.Flatten()(layers.Conv2D(2, (4, 7), activation="relu", name="scan2d")(start))
    return keras.Model(start, layers.Dense(1, activation="sigmoid")(flat))


def nested() -> keras.Model:
    """Protein, dilated, without bias, within a model of its own."""
    start = keras.Input((19, 20))
    inner = layers.Conv1D(3, 4, activation="exponential", use_bias=False, dilation_rate=2)
    encoder = keras.Sequential([keras.Input((19, 20)), inner], name="encoder")
    return keras.Model(start, layers.Dense(1)(layers.GlobalAveragePooling1D()(encoder(start))))


def main(folder: Path) -> None:
    """Write all of them."""
    keras.utils.set_random_seed(5)
    rng = np.random.default_rng(3)
    chain, image, within = sequential(rng), functional_2d(), nested()
    chain.save(folder / "sequential.keras")
    chain.save(folder / "sequential.h5")
    image.save(folder / "functional2d.h5")
    within.save(folder / "nested.keras")
    dna, protein = rng.integers(0, 4, (2, 23)), rng.integers(0, 20, (2, 19))
    letters = np.eye(4)[dna]
    normed = keras.Model(chain.inputs, chain.layers[1].output).predict(letters, verbose=0)
    scanned = keras.Model(image.inputs, image.layers[1].output).predict(
        letters.transpose(0, 2, 1)[..., None], verbose=0
    )
    encoded = within.layers[1].predict(np.eye(20)[protein], verbose=0)
    np.savez(folder / "expected.npz", dna=dna, protein=protein, normed=normed, scanned=scanned, encoded=encoded)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
