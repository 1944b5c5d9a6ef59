"""What runs a network: OpenVINO on a CPU, or ONNX Runtime with whatever accelerator it finds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from photochrom.errors import ConfigError, InvalidModel, MissingExtra

if TYPE_CHECKING:
    from photochrom.color import FloatArray

__all__ = ["ENGINES", "PRECISIONS", "Engine", "core", "make_engine"]

ENGINES: Final = ("openvino", "onnxruntime")
PRECISIONS: Final = ("f32", "bf16")

# of ONNX Runtime's execution providers, the fastest first; the CPU is always there
_PROVIDERS: Final = ("CUDAExecutionProvider", "CoreMLExecutionProvider", "DmlExecutionProvider")


_making = threading.Lock()


def core() -> Any:
    """OpenVINO's, one for the whole process, and never given back.

    Each has a stack for signals put in place of the thread's own, and frees it with itself: with
    two of them, or one that ends in another thread, a later Ctrl-C is handled on freed memory.
    """
    with _making:  # `cache` alone lets two threads in
        return _made_core()


@cache
def _made_core() -> Any:
    import openvino

    return openvino.Core()


class Engine(Protocol):
    """Runs one network; may be shared between threads."""

    @property
    def name(self) -> str:
        """What runs, where, and at which precision: «OpenVINO CPU f32»."""

    def run(self, inputs: FloatArray) -> list[FloatArray]:
        """All that the network answers to (B, H, W, C) float32: arrays (B, h, w, C'), float32.

        Raises:
            InvalidModel: the network cannot be run, or not on this.
        """


def make_engine(
    network: bytes, source: str, engine: str = "openvino", precision: str = "f32"
) -> Engine:
    """An engine for a network; it starts when it is first used.

    Args:
        network: ONNX.
        source: what messages call it.
        engine: one of `ENGINES`.
        precision: one of `PRECISIONS`; bf16 is quicker where the CPU has it, and off by 1 to 2%.

    Raises:
        ConfigError: there is no such engine or precision, or not both together.
        MissingExtra: it is not installed.
    """
    if engine not in ENGINES or precision not in PRECISIONS:
        raise ConfigError(
            f"expected an engine out of {', '.join(ENGINES)} and a precision out of "
            f"{', '.join(PRECISIONS)}; received {engine!r} and {precision!r}"
        )
    if engine == "openvino":
        return _OpenVino(network, source, precision)
    if precision != "f32":
        raise ConfigError(f"expected the precision f32 with onnxruntime; received {precision!r}")
    if not find_spec("onnxruntime"):
        raise MissingExtra("onnxruntime", "running a network through ONNX Runtime")
    return _OnnxRuntime(network, source)


class _OpenVino:
    """One call at a time: two threads in OpenVINO's bindings can wait for one another for ever.

    A call keeps all cores busy by itself, so nothing is lost. The first size that it meets gets a
    network compiled for that size, which is a quarter quicker; all others share one.
    """

    def __init__(self, network: bytes, source: str, precision: str) -> None:
        self._network, self._source, self._precision = network, source, precision
        self._lock = threading.Lock()
        self._first: tuple[tuple[int, ...], Any] | None = None

    @cached_property
    def _model(self) -> Any:
        try:
            return core().read_model(self._network)
        except RuntimeError as error:
            raise InvalidModel(
                f"the network of {self._source} cannot be run: {_last_line(error)}"
            ) from error

    @cached_property
    def _for_any_size(self) -> Any:
        return self._compile(self._model)

    def _compile(self, model: Any) -> Any:
        settings = {"INFERENCE_PRECISION_HINT": self._precision, "PERFORMANCE_HINT": "LATENCY"}
        return core().compile_model(model, "CPU", settings)

    def _for_size(self, shape: tuple[int, ...]) -> Any:
        if self._first is None:
            self._first = shape, self._compile(self._fixed(shape))
        return self._first[1] if shape == self._first[0] else self._for_any_size

    def _fixed(self, shape: tuple[int, ...]) -> Any:
        """For that size alone, if it is one that the network takes."""
        import openvino

        model = self._model.clone()
        if model.input().partial_shape.compatible(openvino.PartialShape(list(shape))):
            model.reshape(list(shape))
        return model

    @property
    def name(self) -> str:
        with self._lock:
            self._model  # noqa: B018  one that cannot be read has no name
            can = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return f"OpenVINO CPU {self._precision if self._precision.upper() in can else 'f32'}"

    def run(self, inputs: FloatArray) -> list[FloatArray]:
        with self._lock:
            try:
                compiled = self._for_size(inputs.shape)
                answers = compiled.create_infer_request().infer(inputs)
                return [np.array(answers[place], np.float32) for place in range(len(answers))]
            except RuntimeError as error:
                raise _refused(self._source, inputs, error) from error


class _OnnxRuntime:
    def __init__(self, network: bytes, source: str) -> None:
        self._network, self._source = network, source
        self._starting = threading.Lock()

    @cached_property
    def _started(self) -> Any:
        import onnxruntime

        there: Sequence[str] = onnxruntime.get_available_providers()
        wanted = [name for name in _PROVIDERS if name in there] + ["CPUExecutionProvider"]
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(self._network, options, providers=wanted)
        except Exception as error:  # its exceptions have no common root
            raise InvalidModel(
                f"the network of {self._source} cannot be run: {_last_line(error)}"
            ) from error

    @property
    def _session(self) -> Any:
        with self._starting:
            return self._started

    @property
    def name(self) -> str:
        provider = self._session.get_providers()[0].removesuffix("ExecutionProvider")
        return f"ONNX Runtime {provider} f32"

    def run(self, inputs: FloatArray) -> list[FloatArray]:
        session = self._session
        try:
            answers = session.run(None, {session.get_inputs()[0].name: inputs})
        except Exception as error:
            raise _refused(self._source, inputs, error) from error
        return [np.asarray(answer, np.float32) for answer in answers]


def _last_line(error: Exception) -> str:
    return (str(error).strip() or "no reason given").splitlines()[-1]


def _refused(source: str, inputs: FloatArray, error: Exception) -> InvalidModel:
    return InvalidModel(
        f"the network of {source} does not take {inputs.shape}: {_last_line(error)}"
    )
