"""S. Koo: Automatic Colorization with Deep Convolutional Generative Adversarial Networks (2016).

A generator without pooling, strides or up-sampling gives YUV chroma from luma; a strided
discriminator, told the luma, says whether chroma is a photograph's or the generator's. He learnt by
Euclidean loss on chroma alone, tried the adversarial loss alone, and could not make it stable. Both
are here, and their sum.

Deviations: no noise goes in, since a generator that knows the luma learns to ignore it (P. Isola et
al., CVPR 2017). For stability: labels of real photographs are 0.9 (T. Salimans et al., 2016), the
discriminator's last answers are averaged over places, so that any size will do; it meets real and
made ones in one batch, so that normalization does not tell them apart; and both learn with Adam at
2e-4, β 0.5 (A. Radford et al., ICLR 2016). The report's widths are for pictures of 32 × 32.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final, Literal, Self

import keras
import numpy as np
from keras import layers
from pydantic import Field

from photochrom.recipes.base import Options, Recipe

__all__ = ["Adversarial", "Dcgan", "DcganOptions"]

# filters, kernel size, whether batch normalization comes before the non-linearity
_GENERATOR: Final = ((32, 3, False), (32, 3, True), (64, 3, True), (32, 1, True))
_DISCRIMINATOR: Final = (64, 128, 256, 512)  # filters of 5 × 5 convolutions with stride 2
_REAL: Final = 0.9
_START: Final = 0.02  # of the last weights (A. Radford et al.): the first answers are faint

Objective = Literal["euclidean", "adversarial", "both"]


class DcganOptions(Options):
    """What it learns by."""

    objective: Objective = "both"
    euclidean_weight: float = Field(default=100.0, gt=0)  # over the adversarial loss, in "both"
    learning_rate: float = Field(default=2e-4, gt=0)
    beta_1: float = Field(default=0.5, ge=0, lt=1)  # of Adam


class Dcgan(Recipe[DcganOptions]):
    """Luma → U and V, each in [-1, 1], at full size."""

    name = "dcgan"
    title = "Koo 2016: a generator and a discriminator"
    paper = "S. Koo: Automatic Colorization with Deep Convolutional Generative Adversarial Networks"
    Options = DcganOptions
    color_space = "yuv"
    output_scale = 0.615  # the largest that V can be
    size_multiple: ClassVar[int] = 1

    def build(self, size: int | None) -> keras.Model:
        """The generator."""
        luma = x = keras.Input((size, size, 1), name="luma")
        for filters, kernel, normed in _GENERATOR:
            x = layers.Conv2D(filters, kernel, padding="same", use_bias=not normed)(x)
            x = layers.BatchNormalization(momentum=0.9)(x) if normed else x
            x = layers.ReLU()(x)
        chroma = layers.Conv2D(
            2, 1, activation="tanh", dtype="float32", name="chroma",
            kernel_initializer=keras.initializers.RandomNormal(stddev=_START),
        )(x)  # fmt: skip
        return keras.Model(luma, chroma, name=self.name)

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Mean squared error; Adam."""
        network.compile(optimizer=_adam(self.options), loss="mean_squared_error")

    def learner(self, network: keras.Model, steps: int = 0) -> keras.Model:
        """The generator alone for the Euclidean loss; otherwise with its adversary."""
        if self.options.objective == "euclidean":
            return super().learner(network, steps)
        discriminator = _discriminator(*network.input.shape[1:3])
        return Adversarial(network, discriminator, self.options.model_dump())

    def learnt(self, learner: keras.Model) -> keras.Model:
        """The generator."""
        return learner.generator if isinstance(learner, Adversarial) else learner


def _adam(options: DcganOptions) -> keras.optimizers.Adam:
    return keras.optimizers.Adam(options.learning_rate, beta_1=options.beta_1)


def _discriminator(height: int | None, width: int | None) -> keras.Model:
    """Luma and chroma → a logit: how much it looks like a photograph's."""
    luma = keras.Input((height, width, 1))
    chroma = keras.Input((height, width, 2))
    x = layers.Concatenate()([luma, chroma])
    for number, filters in enumerate(_DISCRIMINATOR):
        x = layers.Conv2D(filters, 5, 2, padding="same")(x)
        x = layers.BatchNormalization(momentum=0.9)(x) if number else x
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Conv2D(1, 4, padding="same", dtype="float32")(x)
    logit = layers.GlobalAveragePooling2D(dtype="float32")(x)
    return keras.Model([luma, chroma], logit, name="discriminator")


@keras.saving.register_keras_serializable("photochrom")
class Adversarial(keras.Model):  # type: ignore[misc]
    """A generator and its adversary, learning in turns: two compiled models, on any backend."""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        options: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.generator, self.discriminator = generator, discriminator
        self.options = DcganOptions(**options)
        both = self.options.objective == "both"
        chroma = generator(generator.input)
        self.combined = keras.Model(
            generator.input, [chroma, discriminator([generator.input, chroma])]
        )
        fooled = keras.losses.BinaryCrossentropy(from_logits=True)
        how = {"jit_compile": False} if keras.backend.backend() == "tensorflow" else {}
        discriminator.trainable = True  # it was saved while the generator's turn was last
        discriminator.compile(_adam(self.options), fooled, **how)
        discriminator.optimizer.build(discriminator.trainable_variables)
        weight = self.options.euclidean_weight if both else 0.0
        self.combined.compile(
            _adam(self.options), ["mean_squared_error", fooled], loss_weights=[weight, 1.0], **how
        )
        self.combined.optimizer.build(generator.trainable_variables)
        self.built = True

    def call(self, luma: Any, training: bool = False) -> Any:
        """The generator's answer."""
        return self.generator(luma, training=training)

    def train_on_batch(self, luma: Any, chroma: Any, **_: Any) -> dict[str, float]:
        """One step of the discriminator, then one of the generator.

        Args:
            luma: (B, H, W, 1) float32.
            chroma: of photographs, (B, H, W, 2) float32.

        Returns:
            The losses, apart.
        """
        luma, chroma = np.asarray(luma), np.asarray(chroma)
        made = np.asarray(self.generator.predict_on_batch(luma))
        ones = np.ones((len(luma), 1), np.float32)
        mixed = [np.concatenate([luma, luma]), np.concatenate([chroma, made])]
        self.discriminator.trainable = True
        told_apart = self.discriminator.train_on_batch(
            mixed, np.concatenate([ones * _REAL, ones * 0])
        )
        self.discriminator.trainable = False
        total, euclidean, fooling = self.combined.train_on_batch(luma, [chroma, ones])[:3]
        return {
            "loss": float(total),
            "euclidean": float(euclidean),
            "generator": float(fooling),
            "discriminator": float(told_apart),
        }

    def fit(
        self,
        x: Iterable[tuple[Any, Any]],
        *,
        steps_per_epoch: int,
        epochs: int = 1,
        initial_epoch: int = 0,
        callbacks: list[keras.callbacks.Callback] | None = None,
        validation_data: Iterable[tuple[Any, Any]] | None = None,
        **_: Any,
    ) -> keras.callbacks.History:
        """As `keras.Model.fit` over an endless stream; validates by the Euclidean loss."""
        told = keras.callbacks.CallbackList(
            callbacks, add_history=True, model=self, epochs=epochs, steps=steps_per_epoch
        )
        self.stop_training = False
        batches = iter(x)
        told.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            told.on_epoch_begin(epoch)
            logs = self._epoch(batches, steps_per_epoch, told)
            if self._stopped():
                break
            if validation_data is not None:
                logs["val_loss"] = self._validated(validation_data)
            told.on_epoch_end(epoch, logs)
            if self._stopped():
                break
        told.on_train_end()
        return self.history

    def _stopped(self) -> bool:
        """Whether a callback asked for it."""
        return bool(self.stop_training)

    def _epoch(
        self, batches: Iterator[tuple[Any, Any]], steps: int, told: keras.callbacks.CallbackList
    ) -> dict[str, float]:
        sums: dict[str, float] = defaultdict(float)
        logs: dict[str, float] = {}
        for step in range(steps):
            told.on_train_batch_begin(step)
            for name, value in self.train_on_batch(*next(batches)).items():
                sums[name] += value
            logs = {name: value / (step + 1) for name, value in sums.items()}
            told.on_train_batch_end(step, logs)
            if self._stopped():
                break
        return logs

    def _validated(self, batches: Iterable[tuple[Any, Any]]) -> float:
        errors = [
            np.square(np.asarray(self.generator.predict_on_batch(luma)) - chroma).mean((1, 2, 3))
            for luma, chroma in batches
        ]
        return float(np.concatenate(errors).mean())

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "options": self.options.model_dump(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """For loading."""
        made = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in ("generator", "discriminator")
        }
        return cls(**made, options=config["options"])
