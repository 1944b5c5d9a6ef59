"""What every recipe is: options, a network, how it is fitted, and how photographs meet it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from photochrom import color
from photochrom.errors import RecipeError

if TYPE_CHECKING:
    import keras
    import numpy.typing as npt

    from photochrom.color import FloatArray
    from photochrom.model.card import DecodingParams, OutputKind

__all__ = ["Options", "Recipe", "complaints"]


class Options(BaseModel):
    """The settings of a recipe; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


O = TypeVar("O", bound=Options)  # noqa: E741


def complaints(error: ValidationError) -> str:
    """Pydantic's findings in one line: «kernel_size: input should be 3, 5 or 7; received 4»."""
    found = []
    for each in error.errors():
        place = ".".join(str(part) for part in each["loc"]) or "options"
        if each["type"] == "extra_forbidden":
            found.append(f"{place}: there is no such setting")
        else:
            found.append(f"{place}: {each['msg'].lower()}; received {each['input']!r}")
    return "; ".join(found)


class Recipe(ABC, Generic[O]):
    """A network and what belongs to it.

    A subclass names its `Options`, states the class variables that end up on the card, and builds.
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""  # one line for `photochrom recipes list`; text, not computed
    paper: ClassVar[str] = ""
    Options: type[O]

    color_space: ClassVar[str] = "lab"
    output_kind: ClassVar[OutputKind] = "chroma"
    output_scale: ClassVar[float]
    working_size: ClassVar[int] = 256
    size_multiple: ClassVar[int]
    stride: ClassVar[int] = 1

    def __init__(self, options: O) -> None:
        self.options = options

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Self:
        """Build from plain values.

        Raises:
            RecipeError: an option is unknown or out of range.
        """
        try:
            return cls(cls.Options(**options))
        except ValidationError as error:
            raise RecipeError(f"recipe {cls.name}: {complaints(error)}") from error

    @abstractmethod
    def build(self, size: int | None) -> keras.Model:
        """The network for pictures of `size` × `size`; for any size if None.

        Raises:
            RecipeError: the options' shapes cannot meet at that size.
        """

    def blank(self, size: int | None) -> keras.Model:
        """`build` without looking for pretrained weights, for a network that is to get others."""
        options = self.options
        if "pretrained" in type(options).model_fields:
            options = options.model_copy(update={"pretrained": False})
        return type(self)(options).build(size)

    @abstractmethod
    def compile(self, network: keras.Model, steps: int = 0) -> None:
        """Give the network optimizer, loss and metrics, for a run of so many steps; 0: unknown."""

    def learner(self, network: keras.Model, steps: int = 0) -> keras.Model:
        """What is fitted: the compiled network, or a model that it is a part of."""
        self.compile(network, steps)
        return network

    def learnt(self, learner: keras.Model) -> keras.Model:
        """The network within what was fitted."""
        return learner

    def runtime(self, network: keras.Model) -> keras.Model:
        """The network as it is exported: what it answers first and, perhaps, its features."""
        return network

    @property
    def bin_weights(self) -> FloatArray | None:
        """How much each bin counted while it was learnt, (Q,), if not all alike."""
        return None

    def surveyed(self, photos: npt.NDArray[np.uint8]) -> dict[str, Any]:
        """Options that follow from the photographs to learn from, such as how common colours are.

        Args:
            photos: some of them, small: RGB, (N, H, W, 3) uint8, with H and W multiples of 32.
        """
        return {}

    @property
    def readings(self) -> tuple[DecodingParams, DecodingParams] | None:
        """How a paper reads the network's answer: faithfully, and by default.

        None for a distribution: found by measurement once it is trained.
        """
        return None

    @property
    def input_scale(self) -> float:
        """The network's input is the first channel of the colour space times this."""
        return 1.0

    @property
    def known_scale(self) -> float:
        """Known chroma, the network's further input, is multiplied by this; 0: it has no such."""
        return 0.0

    @property
    def bins(self) -> FloatArray | None:
        """The chroma of every bin, (Q, 2), of a network that answers with a distribution."""
        return None

    def encode(
        self,
        rgb: npt.NDArray[np.uint8],
        grey: npt.NDArray[np.uint8] | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[FloatArray, npt.NDArray[Any]]:
        """Photographs to learn from → input and target.

        Args:
            rgb: (B, H, W, 3) uint8.
            grey: (B, H, W) uint8, as a camera saw them; by default their luma.
            rng: for what a recipe leaves to chance while it learns.

        Returns:
            Input (B, H, W, 1) and target (B, H, W, 2), float32: by default the first channel of
            the colour space times `input_scale`, and its chroma divided by `output_scale`. The
            first channel is that of the *grey* photograph, as it will be when there is no colour.
        """
        targets = np.empty((*rgb.shape[:3], 2), np.float32)
        space = color.SPACES[self.color_space]
        for number, each in enumerate(rgb):  # one by one: a batch's intermediates are large
            scaled = np.divide(each, 255, dtype=np.float32)
            targets[number] = space.from_rgb(scaled)[..., 1:] / self.output_scale
        return self.seen(rgb, grey), targets

    def seen(
        self, rgb: npt.NDArray[np.uint8], grey: npt.NDArray[np.uint8] | None = None
    ) -> FloatArray:
        """What the network sees of photographs, (B, H, W, 1) float32; arguments as in `encode`."""
        inputs = np.empty((*rgb.shape[:3], 1), np.float32)
        for number, each in enumerate(rgb):
            shown = color.luma(each) if grey is None else grey[number]
            inputs[number, ..., 0] = color.grey_level(shown, self.color_space)
        inputs *= np.float32(self.input_scale)
        return inputs
