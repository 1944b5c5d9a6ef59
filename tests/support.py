"""Tiny models, written by hand, for the tests to colour with."""

from __future__ import annotations

import io
import signal
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from photochrom.model.card import Card
from photochrom.model.model import CARD_FILE, NETWORK_FILE, Model

WARM = (0.2, -0.1)  # constant chroma; times the output scale, (20, -10) in Lab
NAN = (float("nan"), float("nan"))
BINS = [[40.0, 0.0], [0.0, 40.0], [-40.0, -40.0]]


@lru_cache(maxsize=32)
def network(
    bias: tuple[float, ...] = WARM,
    weights: tuple[float, ...] = (),
    *,
    side: int | None = None,
    tanh: bool = False,
    stride: int = 1,
) -> bytes:
    """An ONNX network (B, H, W, 1) → (B, H / stride, W / stride, C): weights · x + bias.

    Args:
        bias: one number a channel.
        weights: one number a channel; by default 0, so that the answer is the bias everywhere.
        side: the one size that it takes; by default it takes any.
        tanh: whether tanh is taken of the answer.
        stride: input pixels per output pixel.
    """
    places = ["B", "H", "W"] if side is None else [1, side, side]
    columns = np.array([weights or (0.0,) * len(bias)], np.float32)
    constants = {"w": columns, "b": np.array(bias, np.float32)}
    constants |= {"from": np.zeros(2, np.int64), "to": np.full(2, 2**31, np.int64)}
    constants |= {"axes": np.array([1, 2]), "step": np.full(2, stride, np.int64)}
    nodes = [
        helper.make_node("Slice", ["x", "from", "to", "axes", "step"], ["thin"]),
        helper.make_node("MatMul", ["thin", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["sum"]),
        helper.make_node("Tanh" if tanh else "Identity", ["sum"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [*places, 1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, None, None, len(bias)])
    weight = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", [x], [y], weight)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def card(**changes: Any) -> Card:
    """The card of a network whose output is Lab chroma, divided by 100."""
    fields: dict[str, Any] = {
        "name": "tiny",
        "recipe": "by hand",
        "color_space": "lab",
        "input_scale": 0.01,
        "output_kind": "chroma",
        "output_scale": 100.0,
        "working_size": 64,
        "size_multiple": 8,
    }
    return Card(**fields | changes)


def model(
    network_bytes: bytes | None = None, *, engine: str = "onnxruntime", **changes: Any
) -> Model:
    made = network() if network_bytes is None else network_bytes
    return Model(card(**changes), made, engine=engine)


def known_color_model(*, compares: bool = False) -> Model:
    """A model that returns the known chroma, and grey where none is known.

    Args:
        compares: whether it has features, too: equally light places look alike. Then light places
            are yellow where no chroma is known.
    """
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", "H", "W", 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, None, None, 2])
    weight = np.eye(4, 2, -1, dtype=np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    constants, outputs, size = {"w": weight}, [y], 64
    if compares:
        weight[0, 1], size = 0.3, 32
        turn = np.zeros((4, 2), np.float32)
        turn[0, 0] = 4
        constants |= {"t": turn, "o": np.array([-2, 0.5], np.float32)}
        nodes += [
            helper.make_node("MatMul", ["x", "t"], ["turned"]),
            helper.make_node("Add", ["turned", "o"], ["long"]),
            helper.make_node("LpNormalization", ["long"], ["f"], axis=-1, p=2),
        ]
        outputs.append(helper.make_tensor_value_info("f", TensorProto.FLOAT, [None] * 3 + [2]))
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "known", [x], outputs, weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return model(bytes(made.SerializeToString()), known_scale=0.01, working_size=size)


def sloped(**changes: Any) -> Model:
    """A model whose chroma depends on lightness: blue shadows, orange highlights."""
    return model(network((-0.3, -0.4), (0.7, 0.9), tanh=True), **changes)


def write_model(folder: Path, made: Model) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD_FILE).write_text(made.card.to_json(), encoding="utf-8")
    (folder / NETWORK_FILE).write_bytes(made._network)
    return folder


def write_zip(path: Path, made: Model) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CARD_FILE, made.card.to_json())
        archive.writestr(NETWORK_FILE, made._network)
    return path


def picture_bytes(pixels: np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def exact_luma(rgb: np.ndarray) -> np.ndarray:
    """Return BT.601 luma in float64, not rounded: the reference for tests of exact luma."""
    return np.asarray(rgb, np.float64) @ [0.299, 0.587, 0.114]


def write_pictures(folder: Path, *names: str, side: int = 24) -> list[Path]:
    """Write different grey pictures, in the formats of their suffixes."""
    paths = []
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ramp = np.linspace(10 + number, 240, side * side).astype(np.uint8)
        Image.fromarray(ramp.reshape(side, side)).save(path)
        paths.append(path)
    return paths


def contents(folder: Path) -> list[str]:
    """Return the relative path of every file below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def heed_interrupts() -> None:
    """Let a child process receive SIGINT, which a shell's background jobs ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
