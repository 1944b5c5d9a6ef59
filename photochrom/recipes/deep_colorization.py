"""Z. Cheng, Q. Yang, B. Sheng: Deep Colorization, ICCV 2015; with adaptive clustering, 2016.

Every pixel is described by the 7 × 7 luma around it, DAISY (32 numbers) and what a network sees
there (47), and a fully connected network with three hidden layers, half as wide, gives its chroma
in YUV by least squares. Photographs are put into clusters by a global descriptor, and each cluster
has a network of its own. The chroma is smoothed by a joint bilateral filter.

Deviations: their scene parser cannot be had, so the semantic descriptor is EfficientNet-Lite0's top
feature map, reduced to 47 numbers by a learnt projection; its mean over the picture is the global
descriptor. Clusters are found before training, not between its rounds: as long as one is more
diverse than `diversity` allows, the most diverse is split in two by k-means, unless that leaves a
part too small to learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops
from pydantic import Field

from photochrom.color import FloatArray
from photochrom.recipes.base import Options, Recipe
from photochrom.recipes.blocks.descriptors import Daisy, JointBilateral, Patches
from photochrom.recipes.blocks.efficientnet import PREFIX, encode, load_imagenet
from photochrom.recipes.blocks.optimizers import cosine
from photochrom.recipes.blocks.upsampling import Upsample2x

__all__ = ["DeepColorization", "DeepColorizationOptions"]

_PATCH: Final = 7
_DAISY: Final = 32
_SEMANTIC: Final = 47
_HIDDEN: Final = 3  # layers
_FAINT: Final = 0.02  # of the first answers: nearly grey, or learning begins with unlearning
_ROUNDS: Final = 10  # of k-means
_AT_ONCE: Final = 32

Numbers = npt.NDArray[np.float32]


class DeepColorizationOptions(Options):
    """Clusters, and how it learns."""

    clusters: int = Field(default=8, ge=1)  # at most
    diversity: float = Field(default=0.8, gt=0)  # of a cluster, over that of all photographs
    smallest: int = Field(default=40, ge=1)  # photographs, of those looked at, that make a cluster
    centres: list[list[float]] | None = None  # found before training; None: one cluster
    contrast: float = Field(default=0.08, gt=0)  # of luma, over which the filter does not reach
    pretrained: bool = True
    learning_rate: float = Field(default=2e-3, gt=0)


class DeepColorization(Recipe[DeepColorizationOptions]):
    """Luma → U and V at full size."""

    name = "deep_colorization"
    title = "Cheng, Yang and Sheng 2015: each pixel by itself"
    paper = "Z. Cheng, Q. Yang, B. Sheng: Deep Colorization, ICCV 2015"
    Options = DeepColorizationOptions
    color_space = "yuv"
    output_scale = 0.615  # the largest that V can be
    size_multiple: ClassVar[int] = 32

    def surveyed(self, photos: npt.NDArray[np.uint8]) -> dict[str, Any]:
        """The clusters' centres among global descriptors."""
        if self.options.clusters == 1:
            return {}
        return {"centres": bisected(self._described(photos), self.options).tolist()}

    def _described(self, photos: npt.NDArray[np.uint8]) -> Numbers:
        luma = keras.Input((None, None, 1))
        network = keras.Model(luma, _global(_seen(luma)))
        if self.options.pretrained:
            load_imagenet(network)
        found = []
        for start in range(0, len(photos), _AT_ONCE):
            batch = self.seen(photos[start : start + _AT_ONCE])
            found.append(keras.ops.convert_to_numpy(network.predict_on_batch(batch)))
        return np.concatenate(found)

    def build(self, size: int | None) -> keras.Model:
        """Descriptors, a choice of network, and its layers."""
        luma = keras.Input((size, size, 1), name="luma")
        seen = _seen(luma)
        levelled = layers.LayerNormalization(center=False, scale=False, dtype="float32")(seen)
        semantic = layers.Conv2D(_SEMANTIC, 1, dtype="float32", name="semantic")(levelled)
        for _ in range(5):  # from stride 32
            semantic = Upsample2x(dtype="float32")(semantic)
        patches = Patches(_PATCH, name="patches")(luma)
        daisy = Daisy(name="daisy")(luma) * _DAISY  # near 1, as the others
        x = layers.Concatenate(name="described")([patches, daisy, semantic])
        centres = self.options.centres or [[0.0] * seen.shape[-1]]
        choice = Nearest(centres, name="cluster")(_global(seen))
        width = x.shape[-1] // 2
        for number in range(_HIDDEN):
            x = ClusterDense(width, len(centres), name=f"hidden{number}")([x, choice])
            x = layers.ReLU(dtype="float32")(x)
        chroma = ClusterDense(2, len(centres), gain=_FAINT, name="chroma")([x, choice])
        network = keras.Model(luma, chroma, name=self.name)
        if self.options.pretrained:
            load_imagenet(network)
        for layer in network.layers:
            if layer.name.startswith(PREFIX):
                layer.trainable = False
        return network

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Mean squared error; Adam along a cosine."""
        rate = self.options.learning_rate
        network.compile(
            optimizer=keras.optimizers.Adam(
                cosine(rate, steps) if steps else rate, global_clipnorm=1.0
            ),
            loss="mean_squared_error",
        )

    def runtime(self, network: keras.Model) -> keras.Model:
        """Filtered."""
        smooth = JointBilateral(contrast=self.options.contrast, name="filter")
        filtered = smooth([network.output, network.input])
        return keras.Model(network.input, filtered, name=self.name)


def _seen(luma: Any) -> Any:
    """EfficientNet-Lite's top feature map, (B, H/32, W/32, 320)."""
    return encode(layers.Rescaling(255 / 128, -127 / 128, dtype="float32")(luma))[-1]


def _global(seen: Any) -> Any:
    """A feature map's mean, of length 1."""
    mean = layers.GlobalAveragePooling2D(dtype="float32")(seen)
    return layers.UnitNormalization(dtype="float32")(mean)


@keras.saving.register_keras_serializable("photochrom")
class Nearest(layers.Layer):  # type: ignore[misc]
    """Which of some centres is the nearest to a vector, (B, F) → (B, K), 1 for it and 0 else."""

    def __init__(self, centres: Sequence[Sequence[float]], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.centres = [list(centre) for centre in centres]

    def call(self, x: Any) -> Any:
        """Compare."""
        centres = np.array(self.centres, np.float32)
        score = ops.matmul(x, ops.convert_to_tensor(centres.T)) - (centres**2).sum(-1) / 2
        best = ops.max(score, axis=-1, keepdims=True)
        return ops.cast(score >= best, "float32")  # Keras's argmax does not export

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """A channel a centre."""
        return (shape[0], len(self.centres))

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {**super().get_config(), "centres": self.centres}


@keras.saving.register_keras_serializable("photochrom")
class ClusterDense(layers.Layer):  # type: ignore[misc]
    """A fully connected layer for every pixel, with weights of its own for each cluster.

    Takes a map, (B, H, W, C), and the choice, (B, clusters), 1 for one and 0 else.
    """

    def __init__(self, units: int, clusters: int, gain: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.units, self.clusters, self.gain = units, clusters, gain

    def build(self, shapes: list[tuple[int | None, ...]]) -> None:
        """A kernel and a bias a cluster."""
        channels = shapes[0][-1] or 1
        start = keras.initializers.RandomNormal(stddev=self.gain * (2 / channels) ** 0.5)
        shape = (self.clusters, channels * self.units)
        self.kernel = self.add_weight(shape=shape, initializer=start, name="kernel")
        self.bias = self.add_weight(
            shape=(self.clusters, self.units), initializer="zeros", name="bias"
        )

    def call(self, inputs: list[Any]) -> Any:
        """Multiply with the chosen cluster's kernel."""
        x, choice = inputs
        kernel = ops.reshape(ops.matmul(choice, self.kernel), (-1, x.shape[-1], self.units))
        rows = ops.reshape(x, (-1, ops.shape(x)[1] * ops.shape(x)[2], x.shape[-1]))
        y = ops.matmul(rows, kernel) + ops.matmul(choice, self.bias)[:, None]
        return ops.reshape(y, (-1, ops.shape(x)[1], ops.shape(x)[2], self.units))

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """A channel a unit."""
        return (*shapes[0][:3], self.units)

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        mine = {"units": self.units, "clusters": self.clusters, "gain": self.gain}
        return {**super().get_config(), **mine}


def bisected(descriptors: Numbers, options: DeepColorizationOptions) -> FloatArray:
    """The centres of clusters, (K, F), found by splitting the most diverse one again and again."""
    parts, whole = [descriptors], _diversity(descriptors)
    while len(parts) < options.clusters:
        splittable = [
            (_diversity(part), number, halves)
            for number, part in enumerate(parts)
            if (halves := _halves(part)) and min(map(len, halves)) >= options.smallest
        ]
        if not splittable:
            break
        most, number, halves = max(splittable, key=lambda found: found[0])
        if most <= options.diversity * whole and len(parts) > 1:
            break
        parts[number : number + 1] = halves
    return np.stack([part.mean(0) for part in parts])


def _diversity(vectors: Numbers) -> float:
    """The mean squared distance from their mean."""
    return float(((vectors - vectors.mean(0)) ** 2).sum(-1).mean())


def _halves(vectors: Numbers) -> list[Numbers] | None:
    """Two clusters by k-means, begun along the direction in which they differ most."""
    if len(vectors) < 2:
        return None
    _, _, directions = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    side = (vectors - vectors.mean(0)) @ directions[0] > 0
    for _ in range(_ROUNDS):
        if side.all() or not side.any():
            return None
        first, second = vectors[~side].mean(0), vectors[side].mean(0)
        side = ((vectors - second) ** 2).sum(-1) < ((vectors - first) ** 2).sum(-1)
    return [vectors[~side], vectors[side]]
