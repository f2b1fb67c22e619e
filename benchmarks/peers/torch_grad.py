"""The gradient in PyTorch: eager by autograd's tape, the fastest there; `functional` for torch.compile to trace."""

from collections.abc import Callable
from typing import Any


def grad(objective: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """Like `jax.grad`; its attribute `functional` is that of torch.func."""
    import torch

    places = argnums if isinstance(argnums, tuple) else (argnums,)

    def eager(*args: Any) -> Any:
        moved = list(args)
        for place in places:
            moved[place] = args[place].detach().requires_grad_()
        found = torch.autograd.grad(objective(*moved), [moved[place] for place in places])
        return found if isinstance(argnums, tuple) else found[0]

    eager.functional = torch.func.grad(objective, argnums)  # type: ignore[attr-defined]
    return eager
