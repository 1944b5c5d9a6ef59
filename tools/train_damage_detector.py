"""Train the network that finds dust, scratches and cracks in scans.

    python tools/train_damage_detector.py PHOTOS... --to photochrom/restoration/detector.onnx

No pairs of damaged and clean scans are needed: the damage is drawn. A part of the photographs stays
clean, because a detector is used on clean photographs most of the time. Bright and dark details of
these (stars, wires, lace, branches) teach it what is no damage.

The network is a small U-Net. Its first convolution halves the sides, so that it is quick on large
scans.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from photochrom import photo
from photochrom.errors import PhotochromError
from photochrom.files.atomic import write_bytes
from photochrom.files.folders import files_in
from photochrom.parallel import map_ordered
from photochrom.photo.photo import eight_bits
from photochrom.recipes.backend import choose_backend
from photochrom.training.damage import SIDE, example

if TYPE_CHECKING:
    import keras

Grey = npt.NDArray[np.float32]  # (H, W), 0 black to 1 white

BATCH_SIZE: Final = 16
WIDTHS: Final = (24, 40, 64)  # channels at strides 2, 4 and 8
LEARNING_RATE: Final = 2e-3


def batches(
    folders: Sequence[Sequence[npt.NDArray[np.uint8]]], seed: int
) -> Iterator[tuple[Grey, npt.NDArray[np.float32]]]:
    """Yield scans (B, SIDE, SIDE, 1), and targets and weights (B, SIDE, SIDE, 2), without end.

    Each folder is chosen equally often.
    """

    def one(number: int) -> list[tuple[Grey, Grey, Grey]]:
        rng = np.random.default_rng([seed, number])
        chosen = [folders[int(index)] for index in rng.integers(len(folders), size=BATCH_SIZE)]
        return [example(photos[int(rng.integers(len(photos)))], rng) for photos in chosen]

    numbers = iter(range(2**31))
    for examples in map_ordered(one, numbers, 2):
        scans, targets, weights = (np.stack(each) for each in zip(*examples, strict=True))
        yield scans[..., None], np.stack([targets, weights], -1)


def read_grey(folder: Path) -> list[npt.NDArray[np.uint8]]:
    """Read all photographs as luma, (H, W) uint8; those that cannot be read are left out."""
    paths = sorted(files_in(folder, recursive=True, locked=[]))

    def one(path: Path) -> npt.NDArray[np.uint8] | None:
        try:
            luma = photo.read(path).luma
        except PhotochromError:
            return None
        return eight_bits(luma) if min(luma.shape) >= SIDE // 2 else None

    known = [path for path in paths if path.suffix.lower() in photo.READABLE_SUFFIXES]
    return [luma for luma in map_ordered(one, known, os.cpu_count() or 1) if luma is not None]


# --- the network ----------------------------------------------------------------------------


def detector() -> keras.Model:
    """Build the network: luma (B, H, W, 1) in [0, 1] to logits (B, H, W, 1); sides of 8 n."""
    import keras
    from keras import layers

    def convs(x: Any, width: int, count: int, strides: int = 1) -> Any:
        for number in range(count):
            x = layers.Conv2D(width, 3, strides if number == 0 else 1, "same", use_bias=False)(x)
            x = layers.BatchNormalization(momentum=0.98)(x)
            x = layers.ReLU()(x)
        return x

    def upsampled(x: Any, skip: Any, width: int) -> Any:
        larger = layers.UpSampling2D(interpolation="nearest")(x)
        return convs(layers.Concatenate()([larger, skip]), width, 1)

    inputs = keras.Input((None, None, 1), name="luma")
    fine = convs(inputs, WIDTHS[0], 1, strides=2)
    fine = convs(fine, WIDTHS[0], 1)
    middle = convs(fine, WIDTHS[1], 2, strides=2)
    coarse = convs(middle, WIDTHS[2], 3, strides=2)
    x = upsampled(coarse, middle, WIDTHS[1])
    x = upsampled(x, fine, WIDTHS[0])
    x = layers.Conv2D(4, 1, bias_initializer=keras.initializers.Constant(-4.0))(x)
    outputs = layers.Conv2DTranspose(
        1, 2, 2, use_bias=False, trainable=False, kernel_initializer=_blocks, name="logits"
    )(x)
    return keras.Model(inputs, outputs, name="damage_detector")


def _blocks(shape: Sequence[int], dtype: Any = None) -> Any:
    """Return a kernel (2, 2, 1, 4) that lays four channels out as blocks of 2 x 2 pixels."""
    from keras import ops

    return ops.convert_to_tensor(np.eye(4, dtype=np.float32).reshape(shape), dtype)


def loss(y_true: Any, y_pred: Any) -> Any:
    """Return the weighted cross-entropy."""
    from keras import ops

    target, weight = y_true[..., :1], y_true[..., 1:]
    each = ops.maximum(y_pred, 0) - y_pred * target + ops.log1p(ops.exp(-ops.abs(y_pred)))
    return ops.sum(each * weight) / ops.sum(weight)


def export_onnx(trained: keras.Model) -> bytes:
    """Return a network as the bytes of an ONNX file with probabilities as its output."""
    import keras
    from keras import layers

    network = detector()
    network.set_weights(trained.get_weights())
    model = keras.Model(network.input, layers.Activation("sigmoid", name="damage")(network.output))
    model(np.zeros((1, 8, 8, 1), np.float32))  # Keras exports only what has been called
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.onnx"
        model.export(path, format="onnx", verbose=False)
        return path.read_bytes()


def main() -> None:
    """Parse the command line, train, and write the network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "photos",
        type=Path,
        nargs="+",
        help="folders of clean photographs; each is used equally often",
    )
    parser.add_argument("--to", type=Path, required=True, help="the ONNX file to write")
    parser.add_argument("--steps", type=int, default=4000, help="batches of 16 squares")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--policy", default="float32", help="Keras's dtype policy for training")
    arguments = parser.parse_args()
    choose_backend("tensorflow")
    import keras

    keras.utils.set_random_seed(arguments.seed)
    folders = [read_grey(each) for each in arguments.photos]
    print(f"{sum(map(len, folders))} photographs", flush=True)
    keras.mixed_precision.set_global_policy(arguments.policy)
    network = detector()
    keras.mixed_precision.set_global_policy("float32")  # for what is exported
    print(f"{network.count_params():,} parameters", flush=True)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, arguments.steps, warmup_target=LEARNING_RATE, warmup_steps=arguments.steps // 20
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-3)
    network.compile(optimizer, loss, jit_compile=False)  # XLA is slower here
    epochs = max(1, arguments.steps // 200)
    for epoch in range(epochs):
        network.fit(batches(folders, arguments.seed * 1000 + epoch), steps_per_epoch=200, verbose=2)
        write_bytes(arguments.to, export_onnx(network), overwrite=True)


if __name__ == "__main__":
    main()
