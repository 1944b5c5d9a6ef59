"""Weights in half precision: half the file, and the same answer to three digits."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["halve_weights"]

_SMALL: Final = 256  # values; what has fewer stays as it is
_LARGEST: Final = 65_000  # what float16 can hold


def halve_weights(path: Path) -> None:
    """Store an ONNX network's weights as float16, cast back to float32 when they are used.

    An engine folds the casts away when it loads the network, so it computes in float32 as before.
    """
    model = onnx.load(path)
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _SMALL or np.abs(values).max() > _LARGEST:
            continue
        name = weight.name
        half = numpy_helper.from_array(values.astype(np.float16), f"{name}_half")
        weight.CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)
