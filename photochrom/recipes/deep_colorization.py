"""Z. Cheng, Q. Yang, B. Sheng: Deep Colorization, ICCV 2015; with adaptive clustering, 2016.

Each pixel has a descriptor: the 7 × 7 luma patch around it, DAISY (32 numbers) and semantic
features (47 numbers). A fully connected network with three hidden layers, half as wide as the
descriptor, maps it to YUV chroma by least squares. Photographs are clustered by a global
descriptor, and each cluster has a network of its own. A joint bilateral filter smooths the chroma.

Differences from the paper: the authors' scene parser is not available, so the semantic features are
EfficientNet-Lite0's top feature map, reduced to 47 channels by a learnt projection. Its mean over
the picture is the global descriptor. Clusters are found before training, not between its rounds:
the most diverse cluster is split in two by k-means while it exceeds `diversity`, unless a half
would have fewer than `smallest` photographs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

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
from photochrom.recipes.blocks.tensors import Shape, Tensor
from photochrom.recipes.blocks.upsampling import Upsample2x

__all__ = ["DeepColorization", "DeepColorizationOptions"]

_PATCH_SIDE: Final = 7
_DAISY_SIZE: Final = 32
_SEMANTIC_SIZE: Final = 47
_HIDDEN_LAYERS: Final = 3
_OUTPUT_GAIN: Final = 0.02  # small: the first outputs are nearly grey, not saturated errors
_KMEANS_ROUNDS: Final = 10
_BATCH_SIZE: Final = 32

Numbers = npt.NDArray[np.float32]


class DeepColorizationOptions(Options):
    """Settings of the clusters, the filter and the optimizer."""

    clusters: int = Field(default=8, ge=1, description="largest number of clusters")
    diversity: float = Field(
        default=0.8, gt=0, description="clusters more diverse than this share of all are split"
    )
    smallest: int = Field(
        default=40, ge=1, description="smallest number of photographs in a cluster"
    )
    centres: list[list[float]] | None = Field(
        default=None, description="centres of the clusters; found before training"
    )
    contrast: float = Field(default=0.08, gt=0, description="step of luma that stops the filter")
    pretrained: bool = Field(default=True, description="whether to use ImageNet's weights")
    learning_rate: float = Field(default=2e-3, gt=0, description="highest learning rate")


class DeepColorization(Recipe[DeepColorizationOptions]):
    """A network from luma to U and V at full size."""

    name = "deep_colorization"
    title = "Cheng, Yang and Sheng 2015: each pixel by itself"
    paper = "Z. Cheng, Q. Yang, B. Sheng: Deep Colorization, ICCV 2015"
    Options = DeepColorizationOptions
    color_space = "yuv"
    output_scale = 0.615  # the maximum of V
    size_multiple: ClassVar[int] = 32

    def options_from_data(self, photos: npt.NDArray[np.uint8]) -> dict[str, object]:
        """Find the cluster centres among the photographs' global descriptors."""
        if self.options.clusters == 1:
            return {}
        return {"centres": cluster_centres(self._global_descriptors(photos), self.options).tolist()}

    def _global_descriptors(self, photos: npt.NDArray[np.uint8]) -> Numbers:
        """Return the global descriptors of RGB photographs, (N, 320) float32."""
        luma = keras.Input((None, None, 1))
        network = keras.Model(luma, _pooled_descriptor(_semantic_features(luma)))
        if self.options.pretrained:
            load_imagenet(network)
        descriptors = []
        for start in range(0, len(photos), _BATCH_SIZE):
            batch = self.encode_input(photos[start : start + _BATCH_SIZE])
            descriptors.append(keras.ops.convert_to_numpy(network.predict_on_batch(batch)))
        return np.concatenate(descriptors)

    def build(self, size: int | None) -> keras.Model:
        """Build the descriptors, the choice of cluster and the layers of each cluster."""
        luma = keras.Input((size, size, 1), name="luma")
        feature_map = _semantic_features(luma)
        normalized = layers.LayerNormalization(center=False, scale=False, dtype="float32")(
            feature_map
        )
        semantic = layers.Conv2D(_SEMANTIC_SIZE, 1, dtype="float32", name="semantic")(normalized)
        for _ in range(5):  # from stride 32 to 1
            semantic = Upsample2x(dtype="float32")(semantic)
        patches = Patches(_PATCH_SIDE, name="patches")(luma)
        daisy = Daisy(name="daisy")(luma) * _DAISY_SIZE  # mean 1, comparable to the others
        x = layers.Concatenate(name="described")([patches, daisy, semantic])
        centres = self.options.centres or [[0.0] * feature_map.shape[-1]]
        choice = Nearest(centres, name="cluster")(_pooled_descriptor(feature_map))
        width = x.shape[-1] // 2
        for number in range(_HIDDEN_LAYERS):
            x = ClusterDense(width, len(centres), name=f"hidden{number}")([x, choice])
            x = layers.ReLU(dtype="float32")(x)
        chroma = ClusterDense(2, len(centres), gain=_OUTPUT_GAIN, name="chroma")([x, choice])
        network = keras.Model(luma, chroma, name=self.name)
        if self.options.pretrained:
            load_imagenet(network)
        # The descriptor is fixed in the paper, and the clusters were found with these weights.
        for layer in network.layers:
            if layer.name.startswith(PREFIX):
                layer.trainable = False
        return network

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Use the mean squared error and Adam with a cosine schedule."""
        rate = self.options.learning_rate
        network.compile(
            optimizer=keras.optimizers.Adam(
                cosine(rate, steps) if steps else rate, global_clipnorm=1.0
            ),
            loss="mean_squared_error",
        )

    def runtime(self, network: keras.Model) -> keras.Model:
        """Return the network with the joint bilateral filter at its end."""
        smooth = JointBilateral(contrast=self.options.contrast, name="filter")
        filtered = smooth([network.output, network.input])
        return keras.Model(network.input, filtered, name=self.name)


def _semantic_features(luma: Tensor) -> Tensor:
    """Return EfficientNet-Lite0's top feature map, (B, H/32, W/32, 320), of luma in [0, 1]."""
    return encode(layers.Rescaling(255 / 128, -127 / 128, dtype="float32")(luma))[-1]


def _pooled_descriptor(feature_map: Tensor) -> Tensor:
    """Return the mean of a feature map over the picture, scaled to length 1, (B, C)."""
    mean = layers.GlobalAveragePooling2D(dtype="float32")(feature_map)
    return layers.UnitNormalization(dtype="float32")(mean)


@keras.saving.register_keras_serializable("photochrom")
class Nearest(layers.Layer):  # type: ignore[misc]
    """Selects the nearest of several centres.

    Maps vectors (B, F) to one-hot rows (B, K).
    """

    def __init__(self, centres: Sequence[Sequence[float]], **kwargs: object) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.centres = [list(centre) for centre in centres]

    def call(self, x: Tensor) -> Tensor:
        """Return a one-hot row for each vector."""
        centres = np.array(self.centres, np.float32)
        score = ops.matmul(x, ops.convert_to_tensor(centres.T)) - (centres**2).sum(-1) / 2
        best = ops.max(score, axis=-1, keepdims=True)
        return ops.cast(score >= best, "float32")  # Keras's argmax cannot be exported

    def compute_output_shape(self, shape: Shape) -> Shape:
        """Return the shape (B, K)."""
        return (shape[0], len(self.centres))

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {**super().get_config(), "centres": self.centres}


@keras.saving.register_keras_serializable("photochrom")
class ClusterDense(layers.Layer):  # type: ignore[misc]
    """A fully connected layer at every pixel, with separate weights for each cluster.

    Its inputs are a map, (B, H, W, C), and the one-hot choice of the cluster, (B, clusters).
    """

    def __init__(self, units: int, clusters: int, gain: float = 1.0, **kwargs: object) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.units, self.clusters, self.gain = units, clusters, gain

    def build(self, shapes: list[Shape]) -> None:
        """Create a kernel and a bias for each cluster."""
        channels = shapes[0][-1] or 1
        initializer = keras.initializers.RandomNormal(stddev=self.gain * (2 / channels) ** 0.5)
        shape = (self.clusters, channels * self.units)
        self.kernel = self.add_weight(shape=shape, initializer=initializer, name="kernel")
        self.bias = self.add_weight(
            shape=(self.clusters, self.units), initializer="zeros", name="bias"
        )

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Apply the chosen cluster's kernel and bias."""
        x, choice = inputs
        kernel = ops.reshape(ops.matmul(choice, self.kernel), (-1, x.shape[-1], self.units))
        rows = ops.reshape(x, (-1, ops.shape(x)[1] * ops.shape(x)[2], x.shape[-1]))
        y = ops.matmul(rows, kernel) + ops.matmul(choice, self.bias)[:, None]
        return ops.reshape(y, (-1, ops.shape(x)[1], ops.shape(x)[2], self.units))

    def compute_output_shape(self, shapes: list[Shape]) -> Shape:
        """Return the shape (B, H, W, units)."""
        return (*shapes[0][:3], self.units)

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        arguments = {"units": self.units, "clusters": self.clusters, "gain": self.gain}
        return {**super().get_config(), **arguments}


def cluster_centres(descriptors: Numbers, options: DeepColorizationOptions) -> FloatArray:
    """Find cluster centres by repeatedly splitting the most diverse cluster.

    Args:
        descriptors: (N, F) float32.
        options: gives the limits `clusters`, `diversity` and `smallest`.

    Returns:
        (K, F) float32.
    """
    clusters, total_diversity = [descriptors], _diversity(descriptors)
    while len(clusters) < options.clusters:
        splits = [
            (_diversity(part), number, halves)
            for number, part in enumerate(clusters)
            if (halves := _halves(part)) and min(map(len, halves)) >= options.smallest
        ]
        if not splits:
            break
        diversity, number, halves = max(splits, key=lambda split: split[0])
        if diversity <= options.diversity * total_diversity and len(clusters) > 1:
            break
        clusters[number : number + 1] = halves
    return np.stack([part.mean(0) for part in clusters])


def _diversity(vectors: Numbers) -> float:
    """Return the mean squared distance of vectors from their mean."""
    return float(((vectors - vectors.mean(0)) ** 2).sum(-1).mean())


def _halves(vectors: Numbers) -> list[Numbers] | None:
    """Split vectors into two clusters by k-means, starting along their main direction.

    Returns None if they cannot be split.
    """
    if len(vectors) < 2:
        return None
    _, _, directions = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    in_second = (vectors - vectors.mean(0)) @ directions[0] > 0
    for _ in range(_KMEANS_ROUNDS):
        if in_second.all() or not in_second.any():
            return None
        first, second = vectors[~in_second].mean(0), vectors[in_second].mean(0)
        in_second = ((vectors - second) ** 2).sum(-1) < ((vectors - first) ** 2).sum(-1)
    return [vectors[~in_second], vectors[in_second]]
