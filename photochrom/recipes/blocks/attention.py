"""Attention for networks that colour: over the whole picture, and from where colour is known."""

from __future__ import annotations

from typing import Any, Final

import keras
from keras import layers, ops

from photochrom.recipes.blocks.upsampling import Upsample2x

__all__ = ["KnownColor", "NonLocalMeans", "transformer"]

_FARTHEST: Final = -1e4  # a score that softmax turns into nothing


@keras.saving.register_keras_serializable("photochrom")  # type: ignore[untyped-decorator]
def gelu(x: Any) -> Any:
    """D. Hendrycks, K. Gimpel 2016, exactly; Keras's own does not export under TensorFlow."""
    return x * (0.5 + 0.5 * ops.erf(x * 2**-0.5))


def transformer(x: Any, *, heads: int, expansion: int, name: str) -> Any:
    """One pre-norm transformer block over the pixels of a feature map.

    A. Dosovitskiy et al.: An Image is Worth 16x16 Words, ICLR 2021; here every pixel is a word, and
    place is left to the convolutions around.

    Args:
        x: a Keras tensor, (B, H, W, C).
        heads: of C / heads channels each.
        expansion: the hidden layer's width over C.
        name: of the layers.
    """
    width = x.shape[-1]
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm1")(x)
    y = GlobalAttention(heads, name=f"{name}_attention")(y)
    x = layers.Add(name=f"{name}_add1")([x, y])
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm2")(x)
    y = layers.Dense(width * expansion, activation=gelu, name=f"{name}_hidden")(y)
    y = layers.Dense(width, name=f"{name}_output")(y)
    return layers.Add(name=f"{name}_add2")([x, y])


def _tokens(x: Any, heads: int) -> Any:
    """(B, H, W, heads · C) → (B, heads, H · W, C)."""
    x = ops.reshape(x, (-1, ops.shape(x)[1] * ops.shape(x)[2], heads, x.shape[-1] // heads))
    return ops.transpose(x, (0, 2, 1, 3))


def _picture(x: Any, like: Any) -> Any:
    """(B, heads, H · W, C) → (B, H, W, heads · C), with H and W as `like` has them."""
    _, heads, _, width = x.shape
    x = ops.transpose(x, (0, 2, 1, 3))
    return ops.reshape(x, (-1, ops.shape(like)[1], ops.shape(like)[2], heads * width))


@keras.saving.register_keras_serializable("photochrom")
class GlobalAttention(layers.Layer):  # type: ignore[misc]
    """Multi-head self-attention between all pixels of a map, (B, H, W, C) → the same."""

    def __init__(self, heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, shape: tuple[Any, ...]) -> None:
        """Three projections in, one out."""
        width = shape[-1]
        self.project = layers.Dense(3 * width, use_bias=False, dtype=self.dtype_policy, name="qkv")
        self.project.build(shape)
        self.output_layer = layers.Dense(width, dtype=self.dtype_policy, name="out")
        self.output_layer.build(shape)
        self.scale = (width // self.heads) ** -0.5

    def call(self, x: Any) -> Any:
        """Attend."""
        query, key, value = (
            _tokens(part, self.heads) for part in ops.split(self.project(x), 3, axis=-1)
        )
        scores = ops.matmul(query * self.scale, ops.transpose(key, (0, 1, 3, 2)))
        shares = ops.softmax(ops.cast(scores, "float32"), axis=-1)
        mixed = ops.matmul(ops.cast(shares, value.dtype), value)
        return self.output_layer(_picture(mixed, x))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As it came."""
        return shape

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable("photochrom")
class KnownColor(layers.Layer):  # type: ignore[misc]
    """Carries known colour to every place that looks alike, however far it lies.

    Every pixel of the feature map asks all cells in which something is known. Their features,
    averaged over what is known in them, are the keys; their colours are the values; likeness and
    nearness, weighed by each head for itself, make the scores. A further key stands for "nothing
    known is like this": what falls to it is trust withheld.

    Takes the features (B, H, W, C) and, at the same size, known chroma times mask, and mask,
    (B, H, W, 3). Gives, for each head, trust times chroma, and trust: (B, H, W, 3 · heads) float32.
    """

    def __init__(self, heads: int = 4, width: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads, self.width = heads, width

    def build(self, shapes: list[tuple[int | None, ...]]) -> None:
        """A projection that queries and keys share, at first; each head's scale, reach and null."""
        channels = self.heads * self.width
        self.query = layers.Dense(channels, dtype=self.dtype_policy, name="query")
        self.query.build(shapes[0])
        self.key = layers.Dense(channels, dtype=self.dtype_policy, name="key")
        self.key.build(shapes[0])
        self.key.set_weights(
            self.query.get_weights()
        )  # what looks alike scores high from the start

        def number(name: str, value: Any) -> Any:
            start = keras.initializers.Constant(value)
            return self.add_weight(shape=(1, self.heads, 1, 1), initializer=start, name=name)

        self.gain = number("gain", 8.0)
        self.reach = number("reach", 8.0)
        self.null = number("null", 4.0)

    def call(self, inputs: list[Any]) -> Any:
        """Attend to what is known."""
        features, known = inputs
        query = self._unit(self.query(features))
        key, color, somewhere, places = self._cells(features, known)
        scores = ops.cast(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), "float32")
        squares = _square_distances(_places(features), places)
        scores = scores * self.gain - squares * self.reach
        scores = ops.where(somewhere > 0, scores, _FARTHEST)
        null = ops.ones_like(scores[..., :1]) * self.null
        shares = ops.softmax(ops.concatenate([scores, null], -1), axis=-1)[..., :-1]
        return _picture(ops.matmul(shares, color), features)

    def _unit(self, x: Any) -> Any:
        """Heads' tokens, each of length 1."""
        x = ops.cast(_tokens(x, self.heads), "float32")
        x = x * ops.rsqrt(ops.sum(x * x, -1, keepdims=True) + 1e-6)
        return ops.cast(x, self.compute_dtype)

    def _cells(self, features: Any, known: Any) -> tuple[Any, Any, Any, Any]:
        """Of cells of 2 × 2 pixels: keys, chroma and 1, whether anything is known, places."""
        known = ops.cast(known, "float32")
        mask = known[..., 2:]
        amount = _halved(mask)
        share = 1 / (amount + 1e-6)
        pooled = _halved(ops.cast(features, "float32") * mask) * share
        key = self._unit(self.key(ops.cast(pooled, self.compute_dtype)))
        color = _tokens(_halved(known) * share, 1)
        somewhere = ops.transpose(_tokens(amount, 1), (0, 1, 3, 2))
        return key, color, somewhere, _places(amount)

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Three channels a head."""
        return (*shapes[0][:-1], 3 * self.heads)

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {**super().get_config(), "heads": self.heads, "width": self.width}


@keras.saving.register_keras_serializable("photochrom", name="Agreement")
class NonLocalMeans(layers.Layer):  # type: ignore[misc]
    """Lets places that look alike agree on what they are: no weights, a mean over likeness.

    Takes logits (B, h, w, Q), features of length 1 at half their size, and there, from 0 to 1, how
    far a place is known already, (B, h / 2, w / 2, 1): what is known is not put to the vote. Gives
    logits. (A. Buades et al.: A Non-Local Algorithm for Image Denoising, CVPR 2005, of logits.)
    """

    def __init__(self, sharpness: float = 20.0, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.sharpness = sharpness
        self.doubled = Upsample2x(dtype="float32")

    def call(self, inputs: list[Any]) -> Any:
        """Vote."""
        logits, features, known = inputs
        own = _halved(logits)
        seen, votes = _tokens(features, 1), _tokens(own, 1)
        likeness = ops.matmul(seen, ops.transpose(seen, (0, 1, 3, 2)))
        shares = ops.softmax(likeness * self.sharpness, axis=-1)
        change = _picture(ops.matmul(shares, votes), own) - own
        return logits + self.doubled(change * (1 - known))

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """That of the logits."""
        return shapes[0]

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {**super().get_config(), "sharpness": self.sharpness}


def _halved(x: Any) -> Any:
    """The means of 2 × 2 pixels."""
    return ops.average_pool(x, (2, 2), (2, 2))


def _places(x: Any) -> Any:
    """The middle of every pixel as shares of the picture's sides, (B, 1, H · W, 2) float32."""
    ones = ops.ones_like(ops.cast(x[..., :1], "float32"))
    down, right = (ops.cumsum(ones, axis) - 0.5 for axis in (1, 2))
    down, right = (
        down / (ops.max(down, axis=1, keepdims=True) + 0.5),
        right / (ops.max(right, axis=2, keepdims=True) + 0.5),
    )
    return _tokens(ops.concatenate([down, right], -1), 1)


def _square_distances(these: Any, those: Any) -> Any:
    """(B, 1, N, 2) and (B, 1, M, 2) → (B, 1, N, M)."""
    first = ops.sum(these * these, -1, keepdims=True)
    second = ops.transpose(ops.sum(those * those, -1, keepdims=True), (0, 1, 3, 2))
    return first + second - 2 * ops.matmul(these, ops.transpose(those, (0, 1, 3, 2)))
