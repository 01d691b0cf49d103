"""What records the operations on a tensor, and whether its values may be looked at meanwhile.

Autograd, ``torch.func`` (``grad``, ``vmap``, ``jvp`` …), ``torch.jit.trace``, ``torch.compile`` and
``torch.export`` write down what is done to a tensor. A shortcut that leaves tensors for Python
numbers would be lost on all of them: the gradient would be zero, a traced graph would hold the
numbers of the picture it was traced with.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError

T = TypeVar("T")

_is_wrapped: Callable[[Tensor], bool] = torch._C._functorch.is_functorch_wrapped_tensor


def is_tracing() -> bool:
    """Return whether a graph is being made that will be run with other values."""
    return torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None


def is_transformed(*tensors: Tensor) -> bool:
    """Return whether ``torch.func`` or a tracer records what is done to these tensors."""
    return is_tracing() or any(_is_wrapped(tensor) for tensor in tensors)


def is_recording(*tensors: Tensor) -> bool:
    """Return whether anything, autograd too, records what is done to these tensors."""
    wanted = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    return wanted or is_transformed(*tensors)


def has_gradient(tensor: Tensor) -> bool:
    """Return whether a gradient of this tensor is wanted, on any level of ``torch.func``."""
    while not tensor.requires_grad:
        if not _is_wrapped(tensor):
            return False
        tensor = torch._C._functorch.get_unwrapped(tensor)
    return True


def visible(tensor: Tensor) -> Tensor | None:
    """Return the values of a tensor for a check, detached; ``None`` where there are none yet.

    Under ``torch.func`` they are those of all examples together, in a shape of their own; while a
    graph is traced nothing can be checked.
    """
    if is_tracing() or tensor.device.type == "meta":
        return None
    while _is_wrapped(tensor):
        tensor = torch._C._functorch.get_unwrapped(tensor)
    return tensor.detach()


def need_values(tensor: Tensor, why: str) -> None:
    """Raise :class:`OptionError` where Python numbers are needed but only a graph is made.

    Parameters
    ----------
    tensor
        Whose values are needed.
    why
        What for and what to do instead, for the message.
    """
    found, values = visible(tensor), tensor
    while found is not None and _is_wrapped(values):
        if torch._C._functorch.is_batchedtensor(values):
            found = None
        values = torch._C._functorch.get_unwrapped(values)
    if found is None:
        raise OptionError(f"not while tracing, compiling or under torch.func.vmap: {why}")


def constants(
    maxsize: int, *, numpy: bool = False
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Keep the tensors that a function makes of hashable arguments alone.

    What is made inside ``inference_mode``, ``torch.func`` or a compiler's trace would not serve
    later calls: it is made outside them, or not kept.

    Parameters
    ----------
    maxsize
        How many results are kept, the latest used.
    numpy
        Whether they are computed by NumPy, whose calls ``torch.compile`` cannot follow.
    """

    def decorate(make: Callable[..., T]) -> Callable[..., T]:
        @functools.lru_cache(maxsize=maxsize)
        def kept(*arguments: Any) -> T:
            with unrecorded():
                return make(*arguments)

        def constant(*arguments: Any) -> T:
            return kept(*arguments)

        # What torch.compiler.assume_constant_result does, without loading the compiler.
        constant._dynamo_marked_constant = True  # type: ignore[attr-defined]

        @functools.wraps(make)
        def get(*arguments: Any) -> T:
            if torch.compiler.is_compiling() and not (
                numpy and torch.compiler.is_dynamo_compiling()
            ):
                return make(*arguments)
            # While torch.jit traces, sizes are tensors of one number.
            return constant(*(int(a) if isinstance(a, Tensor) else a for a in arguments))

        return get

    return decorate


@contextmanager
def unrecorded() -> Iterator[None]:
    """Make inside what serves any later call, whoever asks first.

    It is made outside ``inference_mode``, ``torch.func`` and the trace of ``torch.jit``.

    Examples
    --------
    >>> with torch.inference_mode(), unrecorded():
    ...     torch.ones(1).is_inference()
    False
    """
    tracing = torch._C._get_tracing_state()
    torch._C._set_tracing_state(None)  # type: ignore[attr-defined]
    try:
        with torch.inference_mode(False), _outside_transforms():
            yield
    finally:
        torch._C._set_tracing_state(tracing)  # type: ignore[attr-defined]


def _outside_transforms() -> AbstractContextManager[Any]:
    if torch._C._functorch.peek_interpreter_stack() is None:
        return nullcontext()
    from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack

    return temporarily_clear_interpreter_stack()
