"""The base class of all recipes: a network, its options, its loss and its training data format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, Self, TypeAlias, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from photochrom import color
from photochrom.errors import RecipeError
from photochrom.recipes.settings import complaints

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras
    import numpy.typing as npt

    from photochrom.color import FloatArray
    from photochrom.model.card import DecodingParams, OutputKind

__all__ = ["AnyRecipe", "Batch", "Options", "Recipe", "Target"]

Target: TypeAlias = "npt.NDArray[np.float32 | np.int32]"
"""What a network learns: chroma, or the numbers of bins."""

Batch: TypeAlias = "tuple[FloatArray, Target]"
"""The input of a network, (B, H, W, C) float32, and its target."""


class Options(BaseModel):
    """The base class of a recipe's settings; it rejects unknown settings."""

    # A misspelt setting must be an error, or a long run would silently use the default.
    model_config = ConfigDict(extra="forbid", frozen=True)


O = TypeVar("O", bound=Options, covariant=True)  # noqa: E741


class Recipe(ABC, Generic[O]):
    """A colouring network with everything that is needed to train and export it.

    A subclass sets `Options` and the class variables, and implements `build` and `compile`.

    Attributes:
        name: the key in `RECIPES`.
        paper: the publication that the recipe follows.
        Options: the class of the recipe's settings.
        color_space: a key of `color.SPACES`; the network's input and output are in this space.
        output_kind: "chroma" or "distribution", as on the card.
        output_scale: the network's output times this is chroma in the units of the colour space.
        working_size: default side of the pictures that the network reads, in pixels.
        size_multiple: sides of pictures must be multiples of this; 0 means a fixed size.
        stride: input pixels for each output pixel, along a side.
    """

    # These class variables are copied to the model's card; the runtime reads only the card.
    name: ClassVar[str]
    title: ClassVar[str] = ""  # one line for `photochrom recipes list`; text, not computed
    paper: ClassVar[str] = ""
    Options: type[O]

    # Defaults of the most common case: ab chroma of CIE Lab at full size.
    color_space: ClassVar[str] = "lab"
    output_kind: ClassVar[OutputKind] = "chroma"
    output_scale: ClassVar[float]
    working_size: ClassVar[int] = 256
    size_multiple: ClassVar[int]
    stride: ClassVar[int] = 1

    def __init__(self, options: O) -> None:
        self.options = options

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> Self:
        """Create a recipe from a dictionary of options.

        Raises:
            RecipeError: an option is unknown or out of range.
        """
        try:
            return cls(cls.Options.model_validate(dict(options)))
        except ValidationError as error:
            raise RecipeError(f"recipe {cls.name}: {complaints(error, cls.Options)}") from error

    @abstractmethod
    def build(self, size: int | None) -> keras.Model:
        """Build the network with its initial weights.

        Args:
            size: side of the square pictures in pixels; None accepts any size.

        Raises:
            RecipeError: the shapes of the layers do not match at that size with these options.
        """

    def blank(self, size: int | None) -> keras.Model:
        """Build the network without loading pretrained weights, when others will be set.

        Args:
            size: as in `build`.
        """
        options = self.options
        # Not every recipe has pretrained weights.
        if "pretrained" in type(options).model_fields:
            options = options.model_copy(update={"pretrained": False})
        return type(self)(options).build(size)

    @abstractmethod
    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Set the network's optimizer, loss and metrics.

        Args:
            network: built by `build`; changed in place.
            steps: number of training steps, for the learning rate schedule; 0 if unknown.
        """

    def training_model(self, network: keras.Model, steps: int = 0) -> keras.Model:
        """Return the model to call `fit` on: the compiled network, or a model around it.

        Args:
            network: built by `build`.
            steps: number of training steps; 0 if unknown.
        """
        self.compile(network, steps)
        # TensorFlow would trace the training step twice, the first time only to build it.
        network.optimizer.build(network.trainable_variables)
        return network

    def inference_model(self, training_model: keras.Model) -> keras.Model:
        """Return the network inside a model that `training_model` made."""
        return training_model

    def runtime(self, network: keras.Model) -> keras.Model:
        """Return the network to export.

        Its first output is chroma or logits, as `output_kind` says; a second one holds features.
        """
        return network

    @property
    def bin_weights(self) -> FloatArray | None:
        """Class weights of the bins in the training loss, (Q,) float32; None if all are equal."""
        return None

    def options_from_data(self, photos: npt.NDArray[np.uint8]) -> dict[str, object]:
        """Derive options from the training photographs, for example how common colours are.

        Args:
            photos: a sample of small RGB photographs, (N, H, W, 3) uint8; H and W are multiples of
                32.

        Returns:
            Options by name; those that a person sets take precedence.
        """
        return {}

    @property
    def decoding_params(self) -> tuple[DecodingParams, DecodingParams] | None:
        """Decoding parameters that the paper gives: faithful ones and default ones.

        None for a distribution that is calibrated by measurement after training.
        """
        return None

    @property
    def input_scale(self) -> float:
        """Factor from the first channel of the colour space to the network's input."""
        return 1.0

    @property
    def known_scale(self) -> float:
        """Factor from known chroma to the network's input; 0 if it has no such input."""
        return 0.0

    @property
    def bins(self) -> FloatArray | None:
        """Chroma of each bin, (Q, 2) float32; None unless the network outputs a distribution."""
        return None

    def encode(
        self,
        rgb: npt.NDArray[np.uint8],
        grey: npt.NDArray[np.uint8] | None = None,
        rng: np.random.Generator | None = None,
    ) -> Batch:
        """Convert photographs into a batch of network inputs and targets.

        Args:
            rgb: RGB, (B, H, W, 3) uint8.
            grey: grey versions to colour, (B, H, W) uint8; by default the photographs' luma.
            rng: source of random choices, such as simulated hints; None for validation.

        Returns:
            Input (B, H, W, 1) and target (B, H, W, 2), float32. By default the input is the first
            channel of the colour space times `input_scale`, and the target is chroma divided by
            `output_scale`. The input is computed from *grey*, because a real photograph to colour
            has no colours either.
        """
        targets = np.empty((*rgb.shape[:3], 2), np.float32)
        space = color.SPACES[self.color_space]
        # One photograph at a time: the float intermediates of a whole batch take much memory.
        for number, each in enumerate(rgb):
            scaled = np.divide(each, 255, dtype=np.float32)
            targets[number] = space.from_rgb(scaled)[..., 1:] / self.output_scale
        return self.encode_input(rgb, grey), targets

    def encode_input(
        self, rgb: npt.NDArray[np.uint8], grey: npt.NDArray[np.uint8] | None = None
    ) -> FloatArray:
        """Return the network's input for photographs, (B, H, W, 1) float32.

        The arguments are those of `encode`.
        """
        inputs = np.empty((*rgb.shape[:3], 1), np.float32)
        for number, each in enumerate(rgb):
            luma = color.luma(each) if grey is None else grey[number]
            inputs[number, ..., 0] = color.grey_level(luma, self.color_space)
        inputs *= np.float32(self.input_scale)
        return inputs


AnyRecipe: TypeAlias = Recipe[Options]
"""A recipe of any class."""
