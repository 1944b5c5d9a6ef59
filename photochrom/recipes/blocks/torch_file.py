"""Tensors out of a file that `torch.save` wrote, without torch.

Reads the format from before torch 1.6: pickles one after another (a magic number, the protocol, the
system, the state dict, the storages' keys), then the storages' bytes. Nothing but tensors and plain
containers is built, whatever the pickle asks for.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from photochrom.errors import DataError

__all__ = ["read_tensors"]

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_PICKLES: Final = 3  # before the state dict
_DTYPES: Final = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass
class _Tensor:
    """Where a tensor's values will be found."""

    key: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def within(self, storage: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The values."""
        last = sum(
            (side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True)
        )
        if self.offset < 0 or self.offset + last >= len(storage):
            raise ValueError(f"a tensor of shape {self.shape} leaves its storage")
        steps = [stride * storage.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(
            storage[self.offset :], self.shape, steps, writeable=False
        )


def _rebuild(
    storage: tuple[str, np.dtype[Any]], offset: int, shape: Any, strides: Any, *_: Any
) -> _Tensor:
    return _Tensor(*storage, offset, tuple(shape), tuple(strides))


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise DataError(f"expected nothing but tensors; found {module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        _, dtype, key, *_ = pid
        return key, dtype


def read_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The state dict in a `.pth` file.

    Raises:
        DataError: it is no such file, or holds more than float32 and int64 tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, EOFError, ValueError, pickle.UnpicklingError, struct.error) as error:
        raise DataError(f"expected tensors that torch saved in {path}: {error}") from error


def _read(file: BinaryIO) -> dict[str, npt.NDArray[Any]]:
    if _Unpickler(file).load() != _MAGIC:
        raise ValueError("not torch's format from before 1.6")
    for _ in range(_PICKLES - 1):
        _Unpickler(file).load()
    tensors: dict[str, _Tensor] = _Unpickler(file).load()
    dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
    storages = {}
    for key in _Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        data = file.read(count * dtypes[key].itemsize)
        storages[key] = np.frombuffer(data, dtypes[key], count)
    return {name: tensor.within(storages[tensor.key]) for name, tensor in tensors.items()}
