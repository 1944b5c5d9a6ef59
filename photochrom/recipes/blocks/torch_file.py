"""Read tensors from a file that `torch.save` wrote, without torch.

Supports the format from before torch 1.6: several pickles (a magic number, the protocol, the
system, the state dict, the storages' keys), then the storages' bytes. The unpickler creates only
tensors and plain containers, so that a malicious file cannot run code.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from photochrom.errors import DataError

__all__ = ["Values", "read_tensors"]

Values: TypeAlias = npt.NDArray[np.float32 | np.int64]
DType: TypeAlias = np.dtype[np.float32] | np.dtype[np.int64]

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_HEADER_PICKLES: Final = 3  # magic number, protocol and system, before the state dict
_DTYPES: Final[dict[str, DType]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass
class _Tensor:
    """The position of a tensor's values in a storage, in elements."""

    key: str
    dtype: DType
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def values(self, storage: Values) -> Values:
        """Return the tensor as a view of its storage.

        Raises:
            ValueError: the tensor exceeds the storage.
        """
        # A damaged file must not make the view reach outside of the storage.
        last = sum(
            (side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True)
        )
        if self.offset < 0 or self.offset + last >= len(storage):
            raise ValueError(f"a tensor of shape {self.shape} exceeds its storage")
        steps = [stride * storage.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(
            storage[self.offset :], self.shape, steps, writeable=False
        )


def _rebuild(
    storage: tuple[str, DType],
    offset: int,
    shape: Sequence[int],
    strides: Sequence[int],
    *_: object,
) -> _Tensor:
    """Stand in for `torch._utils._rebuild_tensor_v2`."""
    return _Tensor(*storage, offset, tuple(shape), tuple(strides))


class _Unpickler(pickle.Unpickler):
    """An unpickler that knows only tensors, storages and ordered dictionaries."""

    def find_class(self, module: str, name: str) -> Callable[..., object] | DType:
        """Return the stand-in for a class; reject all others."""
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise DataError(f"expected only tensors; found {module}.{name}")

    def persistent_load(self, pid: tuple[str, DType, str]) -> tuple[str, DType]:
        """Return the key and dtype of a storage."""
        _, dtype, key, *_ = pid
        return key, dtype


def read_tensors(path: Path) -> dict[str, Values]:
    """Return the state dict in a `.pth` file.

    Raises:
        DataError: the file is not in this format, or contains more than float32 and int64 tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, EOFError, ValueError, pickle.UnpicklingError, struct.error) as error:
        raise DataError(
            f"expected tensors that torch saved; cannot read {path}: {error}"
        ) from error


def _read(file: BinaryIO) -> dict[str, Values]:
    """Read the pickles, then the storages, and return the tensors by name."""
    # Each `load` reads one pickle and leaves the file at the start of the next.
    if _Unpickler(file).load() != _MAGIC:
        raise ValueError("it is not in torch's format from before 1.6")
    for _ in range(_HEADER_PICKLES - 1):  # the magic number is read already
        _Unpickler(file).load()
    tensors: dict[str, _Tensor] = _Unpickler(file).load()
    dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
    storages: dict[str, Values] = {}
    for key in _Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        data = file.read(count * dtypes[key].itemsize)
        storages[key] = np.frombuffer(data, dtypes[key], count)
    return {name: tensor.values(storages[tensor.key]) for name, tensor in tensors.items()}
