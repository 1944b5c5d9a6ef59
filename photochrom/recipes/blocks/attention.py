"""Attention layers: over the whole picture, and from positions whose colour is known."""

from __future__ import annotations

from typing import Final

import keras
from keras import layers, ops

from photochrom.recipes.blocks.tensors import Shape, Tensor
from photochrom.recipes.blocks.upsampling import Upsample2x

__all__ = ["KnownColor", "NonLocalMeans", "transformer"]

_MASKED_SCORE: Final = -1e4  # softmax gives such a score no weight


@keras.saving.register_keras_serializable("photochrom")  # type: ignore[untyped-decorator]
def gelu(x: Tensor) -> Tensor:
    """Compute the exact GELU (D. Hendrycks, K. Gimpel 2016).

    Keras's own cannot be exported under TensorFlow.
    """
    return x * (0.5 + 0.5 * ops.erf(x * 2**-0.5))


def transformer(x: Tensor, *, heads: int, expansion: int, name: str) -> Tensor:
    """Apply a pre-norm transformer block to the pixels of a feature map.

    After A. Dosovitskiy et al.: An Image is Worth 16x16 Words, ICLR 2021. Here every pixel is a
    token, and there is no positional encoding: the convolutions around the block supply positions.

    Args:
        x: a Keras tensor, (B, H, W, C).
        heads: number of attention heads, with C / heads channels each.
        expansion: width of the hidden layer divided by C.
        name: prefix of the layers' names.

    Returns:
        A Keras tensor, (B, H, W, C).
    """
    width = x.shape[-1]
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm1")(x)
    y = GlobalAttention(heads, name=f"{name}_attention")(y)
    x = layers.Add(name=f"{name}_add1")([x, y])
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm2")(x)
    y = layers.Dense(width * expansion, activation=gelu, name=f"{name}_hidden")(y)
    y = layers.Dense(width, name=f"{name}_output")(y)
    return layers.Add(name=f"{name}_add2")([x, y])


def _tokens(x: Tensor, heads: int) -> Tensor:
    """Reshape (B, H, W, heads · C) to (B, heads, H · W, C)."""
    x = ops.reshape(x, (-1, ops.shape(x)[1] * ops.shape(x)[2], heads, x.shape[-1] // heads))
    return ops.transpose(x, (0, 2, 1, 3))


def _feature_map(x: Tensor, like: Tensor) -> Tensor:
    """Reshape (B, heads, H · W, C) to (B, H, W, heads · C), with the H and W of `like`."""
    _, heads, _, width = x.shape
    x = ops.transpose(x, (0, 2, 1, 3))
    return ops.reshape(x, (-1, ops.shape(like)[1], ops.shape(like)[2], heads * width))


@keras.saving.register_keras_serializable("photochrom")
class GlobalAttention(layers.Layer):  # type: ignore[misc]
    """A multi-head self-attention layer between all pixels of a map, (B, H, W, C)."""

    def __init__(self, heads: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, shape: tuple[int, ...]) -> None:
        """Create the projections to queries, keys and values, and the output projection."""
        width = shape[-1]
        self.project = layers.Dense(3 * width, use_bias=False, dtype=self.dtype_policy, name="qkv")
        self.project.build(shape)
        self.output_layer = layers.Dense(width, dtype=self.dtype_policy, name="out")
        self.output_layer.build(shape)
        self.scale = (width // self.heads) ** -0.5

    def call(self, x: Tensor) -> Tensor:
        """Return the attended map, (B, H, W, C)."""
        query, key, value = (
            _tokens(part, self.heads) for part in ops.split(self.project(x), 3, axis=-1)
        )
        scores = ops.matmul(query * self.scale, ops.transpose(key, (0, 1, 3, 2)))
        # Softmax in float32: in half precision, small weights of many pixels would be lost.
        weights = ops.softmax(ops.cast(scores, "float32"), axis=-1)
        weighted_sum = ops.matmul(ops.cast(weights, value.dtype), value)
        return self.output_layer(_feature_map(weighted_sum, x))

    def compute_output_shape(self, shape: Shape) -> Shape:
        """Return the input's shape."""
        return shape

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable("photochrom")
class KnownColor(layers.Layer):  # type: ignore[misc]
    """A layer that propagates known colour to all similar-looking positions, at any distance.

    Each pixel of the feature map attends to all cells in which some colour is known. The keys are
    the cells' features, averaged over their known pixels; the values are their colours. The scores
    add similarity and nearness, weighted separately by each head. A further null key stands for "no
    known colour is similar": the weight that it gets reduces the confidence.

    The inputs are the features, (B, H, W, C), and, at the same size, known chroma times mask, and
    mask, (B, H, W, 3). The output has for each head confidence times chroma, and confidence:
    (B, H, W, 3 · heads) float32.
    """

    def __init__(self, heads: int = 4, width: int = 32, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.heads, self.width = heads, width

    def build(self, shapes: list[Shape]) -> None:
        """Create the projections and the scalar weights of each head.

        The weights are the gain of similarity, the penalty of distance and the score of the null
        key.
        """
        channels = self.heads * self.width
        self.query = layers.Dense(channels, dtype=self.dtype_policy, name="query")
        self.query.build(shapes[0])
        self.key = layers.Dense(channels, dtype=self.dtype_policy, name="key")
        self.key.build(shapes[0])
        # With equal projections, similar features have high scores from the first step on.
        self.key.set_weights(self.query.get_weights())

        def weight(name: str, value: float) -> keras.Variable:
            initializer = keras.initializers.Constant(value)
            return self.add_weight(shape=(1, self.heads, 1, 1), initializer=initializer, name=name)

        self.gain = weight("gain", 8.0)
        self.reach = weight("reach", 8.0)
        self.null = weight("null", 4.0)

    def call(self, inputs: list[Tensor], training: bool | None = None) -> Tensor:
        """Attend to the known colours; without any, an exported network skips this."""
        features, known = inputs
        # The other exporter, torch, would keep only the branch that its sample takes.
        if training or keras.config.backend() != "tensorflow":
            return self._attended(features, known)
        return ops.cond(
            ops.any(known[..., 2:] > 0),
            lambda: self._attended(features, known),
            lambda: ops.repeat(ops.zeros_like(known[..., :1], "float32"), 3 * self.heads, -1),
        )

    def _attended(self, features: Tensor, known: Tensor) -> Tensor:
        query = self._unit(self.query(features))
        key, color, is_known, positions = self._cells(features, known)
        scores = ops.cast(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), "float32")
        squares = _square_distances(_positions(features), positions)
        # The null key, the last, takes the weight of pixels to which no known colour is similar. In
        # a softmax only differences count, so its score is 0 if the others are less by it.
        scores = scores * self.gain - squares * self.reach - self.null
        # Cells without known colour take no part; their number differs, so they are masked.
        scores = ops.where(is_known > 0, scores, _MASKED_SCORE)
        scores = ops.pad(scores, ((0, 0), (0, 0), (0, 0), (0, 1)))
        color = ops.pad(color, ((0, 0), (0, 0), (0, 1), (0, 0)))  # the null key has no colour
        return _feature_map(ops.matmul(ops.softmax(scores, axis=-1), color), features)

    def _unit(self, x: Tensor) -> Tensor:
        """Return the tokens of each head, scaled to length 1."""
        x = ops.cast(_tokens(x, self.heads), "float32")
        x = x * ops.rsqrt(ops.sum(x * x, -1, keepdims=True) + 1e-6)
        return ops.cast(x, self.compute_dtype)

    def _cells(self, features: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Average the known pixels in cells of 2 × 2 pixels.

        Returns:
            Keys, (chroma, 1), known amount (0: nothing is known) and positions of the cells.
        """
        known = ops.cast(known, "float32")
        mask = known[..., 2:]
        known_amount = _half_size(mask)
        # The mean over known pixels only; the small term avoids a division by zero.
        inverse = 1 / (known_amount + 1e-6)
        pooled = _half_size(ops.cast(features, "float32") * mask) * inverse
        key = self._unit(self.key(ops.cast(pooled, self.compute_dtype)))
        color = _tokens(_half_size(known) * inverse, 1)
        is_known = ops.transpose(_tokens(known_amount, 1), (0, 1, 3, 2))
        return key, color, is_known, _positions(known_amount)

    def compute_output_shape(self, shapes: list[Shape]) -> Shape:
        """Return the shape (B, H, W, 3 · heads)."""
        return (*shapes[0][:-1], 3 * self.heads)

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {**super().get_config(), "heads": self.heads, "width": self.width}


# Registered under its old name, so that saved networks load.
@keras.saving.register_keras_serializable("photochrom", name="Agreement")
class NonLocalMeans(layers.Layer):  # type: ignore[misc]
    """A layer without weights that averages a map between similar-looking positions.

    This is A. Buades et al.: A Non-Local Algorithm for Image Denoising, CVPR 2005, applied to
    logits, or to what they are a linear function of.

    The inputs are the map, (B, h, w, C), features of length 1 at half its size, and, at that size,
    how far a position's colour is known, (B, h / 2, w / 2, 1) in [0, 1]. Known positions stay as
    they are. The output is the averaged map, (B, h, w, C).
    """

    def __init__(self, sharpness: float = 20.0, **kwargs: object) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.sharpness = sharpness
        self.upsample = Upsample2x(dtype="float32")

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Return the averaged map."""
        values, features, known = inputs
        # At half size, the matrix of similarities is 16 times smaller.
        half_values = _half_size(values)
        feature_tokens, value_tokens = _tokens(features, 1), _tokens(half_values, 1)
        similarity = ops.matmul(feature_tokens, ops.transpose(feature_tokens, (0, 1, 3, 2)))
        weights = ops.softmax(similarity * self.sharpness, axis=-1)
        change = _feature_map(ops.matmul(weights, value_tokens), half_values) - half_values
        return values + self.upsample(change * (1 - known))

    def compute_output_shape(self, shapes: list[Shape]) -> Shape:
        """Return the shape of the map."""
        return shapes[0]

    def get_config(self) -> dict[str, object]:
        """Return the constructor arguments, which Keras saves."""
        return {**super().get_config(), "sharpness": self.sharpness}


def _half_size(x: Tensor) -> Tensor:
    """Return the means of blocks of 2 × 2 pixels."""
    return ops.average_pool(x, (2, 2), (2, 2))


def _positions(x: Tensor) -> Tensor:
    """Return the centres of the pixels, relative to the sides, (B, 1, H · W, 2) float32."""
    ones = ops.ones_like(ops.cast(x[..., :1], "float32"))
    # A running sum of ones numbers the rows and columns of maps whose size is not known.
    down, right = (ops.cumsum(ones, axis) - 0.5 for axis in (1, 2))
    down, right = (
        down / (ops.max(down, axis=1, keepdims=True) + 0.5),
        right / (ops.max(right, axis=2, keepdims=True) + 0.5),
    )
    return _tokens(ops.concatenate([down, right], -1), 1)


def _square_distances(queries: Tensor, keys: Tensor) -> Tensor:
    """Return the squared distances between (B, 1, N, 2) and (B, 1, M, 2), (B, 1, N, M)."""
    first = ops.sum(queries * queries, -1, keepdims=True)
    second = ops.transpose(ops.sum(keys * keys, -1, keepdims=True), (0, 1, 3, 2))
    return first + second - 2 * ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2)))
