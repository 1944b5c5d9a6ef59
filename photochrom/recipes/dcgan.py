"""S. Koo: Automatic Colorization with Deep Convolutional Generative Adversarial Networks (2016).

The generator has no pooling, strides or up-sampling and maps luma to YUV chroma. A strided
discriminator sees luma and chroma and classifies the chroma as real or generated. Koo trained with
the Euclidean loss on chroma alone. He also tried the adversarial loss alone and could not make it
stable. Both losses and their sum are options here.

Differences from the report: there is no noise input, since a generator that sees the luma learns to
ignore noise (P. Isola et al., CVPR 2017). For stability, labels of real photographs are 0.9 (T.
Salimans et al., 2016), and the discriminator sees real and generated chroma in one batch. It
averages its last layer over all positions, so that it accepts any size. Both networks use Adam at
2e-4 with β 0.5 (A. Radford et al., ICLR 2016). The report's layer widths are for pictures of 32 ×
32.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Literal, Self, TypeAlias, TypedDict

import keras
import numpy as np
from keras import layers
from pydantic import Field

from photochrom.color import FloatArray
from photochrom.recipes.base import Options, Recipe
from photochrom.recipes.blocks.tensors import Tensor

__all__ = ["Adversarial", "Dcgan", "DcganOptions"]

# Filters, kernel size, and whether batch normalization precedes the non-linearity.
_GENERATOR: Final = ((32, 3, False), (32, 3, True), (64, 3, True), (32, 1, True))
_DISCRIMINATOR: Final = (64, 128, 256, 512)  # filters of 5 × 5 convolutions with stride 2
_REAL_LABEL: Final = 0.9
_INITIAL_STDDEV: Final = (
    0.02  # for the last layer (A. Radford et al.): the first outputs are nearly grey
)

Batch: TypeAlias = tuple[FloatArray, FloatArray]  # luma and chroma
Objective = Literal["euclidean", "adversarial", "both"]


class DcganOptions(Options):
    """The objective, its weights and the optimizer's settings."""

    objective: Objective = Field(default="both", description="the loss of the generator")
    euclidean_weight: float = Field(
        default=100.0, gt=0, description="weight of the Euclidean loss in both"
    )
    learning_rate: float = Field(default=2e-4, gt=0, description="learning rate of Adam")
    beta_1: float = Field(default=0.5, ge=0, lt=1, description="momentum of Adam")


class Dcgan(Recipe[DcganOptions]):
    """A generator from luma to U and V, each in [-1, 1], at full size."""

    name = "dcgan"
    title = "Koo 2016: a generator and a discriminator"
    paper = "S. Koo: Automatic Colorization with Deep Convolutional Generative Adversarial Networks"
    Options = DcganOptions
    color_space = "yuv"
    output_scale = 0.615  # the maximum of V
    size_multiple: ClassVar[int] = 1

    def build(self, size: int | None) -> keras.Model:
        """Build the generator: convolutions from luma to chroma, all at full size."""
        luma = x = keras.Input((size, size, 1), name="luma")
        for filters, kernel, normalized in _GENERATOR:
            x = layers.Conv2D(filters, kernel, padding="same", use_bias=not normalized)(x)
            x = layers.BatchNormalization(momentum=0.9)(x) if normalized else x
            x = layers.ReLU()(x)
        chroma = layers.Conv2D(
            2, 1, activation="tanh", dtype="float32", name="chroma",
            kernel_initializer=keras.initializers.RandomNormal(stddev=_INITIAL_STDDEV),
        )(x)  # fmt: skip
        return keras.Model(luma, chroma, name=self.name)

    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Use the mean squared error and Adam."""
        network.compile(optimizer=_adam(self.options), loss="mean_squared_error")

    def training_model(self, network: keras.Model, steps: int = 0) -> keras.Model:
        """Return the generator for the Euclidean loss, or else an `Adversarial` model."""
        if self.options.objective == "euclidean":
            return super().training_model(network, steps)
        discriminator = _discriminator(*network.input.shape[1:3])
        return Adversarial(network, discriminator, self.options.model_dump())

    def inference_model(self, training_model: keras.Model) -> keras.Model:
        """Return the generator, with or without the model around it."""
        is_adversarial = isinstance(training_model, Adversarial)
        return training_model.generator if is_adversarial else training_model


def _adam(options: DcganOptions) -> keras.optimizers.Adam:
    return keras.optimizers.Adam(options.learning_rate, beta_1=options.beta_1)


def _discriminator(height: int | None, width: int | None) -> keras.Model:
    """Build the network that tells real chroma from generated.

    It maps luma (B, H, W, 1) and chroma (B, H, W, 2) to a logit, (B, 1): high means real.
    """
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


class AdversarialConfig(TypedDict):
    """What Keras saves of an `Adversarial` model: its networks, serialized, and its options."""

    generator: dict[str, object]
    discriminator: dict[str, object]
    options: dict[str, object]


@keras.saving.register_keras_serializable("photochrom")
class Adversarial(keras.Model):  # type: ignore[misc]
    """A generator and a discriminator that are trained in alternation, on any backend.

    Each has a compiled model of its own, so that no backend needs its own training step.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        options: dict[str, object],
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.generator, self.discriminator = generator, discriminator
        self.options = DcganOptions.model_validate(options)
        with_euclidean = self.options.objective == "both"
        chroma = generator(generator.input)
        self.combined = keras.Model(
            generator.input, [chroma, discriminator([generator.input, chroma])]
        )
        bce = keras.losses.BinaryCrossentropy(from_logits=True)
        # On a CPU, XLA makes these networks slower, and `predict` would use it, too.
        compile_options = {"jit_compile": False} if keras.backend.backend() == "tensorflow" else {}
        if compile_options:
            generator.jit_compile = False
        discriminator.trainable = True  # a saved one was frozen for the generator's step
        discriminator.compile(_adam(self.options), bce, **compile_options)
        discriminator.optimizer.build(discriminator.trainable_variables)
        weight = self.options.euclidean_weight if with_euclidean else 0.0
        self.combined.compile(
            _adam(self.options),
            ["mean_squared_error", bce],
            loss_weights=[weight, 1.0],
            **compile_options,
        )
        self.combined.optimizer.build(generator.trainable_variables)
        self.built = True

    def call(self, luma: Tensor, training: bool = False) -> Tensor:
        """Return the generator's output."""
        return self.generator(luma, training=training)

    def train_on_batch(self, luma: FloatArray, chroma: FloatArray, **_: object) -> dict[str, float]:
        """Train the discriminator for one step, then the generator.

        Args:
            luma: (B, H, W, 1) float32.
            chroma: chroma of photographs, (B, H, W, 2) float32.

        Returns:
            The losses: "loss" (total), "euclidean", "generator" and "discriminator".
        """
        luma, chroma = np.asarray(luma), np.asarray(chroma)
        generated = np.asarray(self.generator.predict_on_batch(luma))
        ones = np.ones((len(luma), 1), np.float32)
        # Real and generated chroma share one batch, so that batch normalization does not reveal
        # which is which.
        mixed = [np.concatenate([luma, luma]), np.concatenate([chroma, generated])]
        self.discriminator.trainable = True
        discriminator_loss = self.discriminator.train_on_batch(
            mixed, np.concatenate([ones * _REAL_LABEL, ones * 0])
        )
        # The generator learns to get the label 1 from a frozen discriminator.
        self.discriminator.trainable = False
        total, euclidean, adversarial = self.combined.train_on_batch(luma, [chroma, ones])[:3]
        return {
            "loss": float(total),
            "euclidean": float(euclidean),
            "generator": float(adversarial),
            "discriminator": float(discriminator_loss),
        }

    def fit(
        self,
        x: Iterable[Batch],
        *,
        steps_per_epoch: int,
        epochs: int = 1,
        initial_epoch: int = 0,
        callbacks: list[keras.callbacks.Callback] | None = None,
        validation_data: Iterable[Batch] | None = None,
        **_: object,
    ) -> keras.callbacks.History:
        """Train like `keras.Model.fit` on an endless stream; validate with the Euclidean loss."""
        callback_list = keras.callbacks.CallbackList(
            callbacks, add_history=True, model=self, epochs=epochs, steps=steps_per_epoch
        )
        self.stop_training = False
        batches = iter(x)
        callback_list.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            callback_list.on_epoch_begin(epoch)
            logs = self._epoch(batches, steps_per_epoch, callback_list)
            if self._stop_requested():
                break
            if validation_data is not None:
                logs["val_loss"] = self._validation_loss(validation_data)
            callback_list.on_epoch_end(epoch, logs)
            if self._stop_requested():
                break
        callback_list.on_train_end()
        return self.history

    def _stop_requested(self) -> bool:
        """Return whether a callback has set `stop_training`."""
        return bool(self.stop_training)

    def _epoch(
        self,
        batches: Iterator[Batch],
        steps: int,
        callback_list: keras.callbacks.CallbackList,
    ) -> dict[str, float]:
        """Train for one epoch and return the mean losses."""
        sums: dict[str, float] = defaultdict(float)
        logs: dict[str, float] = {}
        for step in range(steps):
            callback_list.on_train_batch_begin(step)
            for name, value in self.train_on_batch(*next(batches)).items():
                sums[name] += value
            logs = {name: value / (step + 1) for name, value in sums.items()}
            callback_list.on_train_batch_end(step, logs)
            if self._stop_requested():
                break
        return logs

    def _validation_loss(self, batches: Iterable[Batch]) -> float:
        """Return the mean squared error over the validation batches."""
        errors = [
            np.square(np.asarray(self.generator.predict_on_batch(luma)) - chroma).mean((1, 2, 3))
            for luma, chroma in batches
        ]
        return float(np.concatenate(errors).mean())

    def get_config(self) -> AdversarialConfig:
        """Return the constructor arguments, which Keras saves."""
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "options": self.options.model_dump(),
        }

    @classmethod
    def from_config(
        cls, config: AdversarialConfig, custom_objects: dict[str, type] | None = None
    ) -> Self:
        """Rebuild the model from `get_config`'s result."""
        load = keras.saving.deserialize_keras_object
        generator = load(config["generator"], custom_objects)
        discriminator = load(config["discriminator"], custom_objects)
        return cls(generator, discriminator, config["options"])
