"""torch -> ONNX."""

import io
import warnings
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

OPSET = 17


def to_onnx(
    module: nn.Module,
    example: Sequence[Tensor],
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    dynamic: Mapping[str, Mapping[int, str]],
) -> bytes:
    """The graph of `module(*example)` as ONNX bytes, in eval mode, on the CPU.

    example     arguments; their shapes decide between paths in the module, and axes of one entry may become constants
    inputs      a name per argument; those that the graph does not read are dropped from it
    dynamic     input or output -> axis -> name of the axes that vary from call to call
    """
    module = module.to("cpu").eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The older exporter is the faster one; tests hold every network to what torch says.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        # Where shapes decide on a path, the example's is the right one: see `example`.
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]
        # Of recurrent layers; the contracts ask every network for batches of other sizes.
        warnings.filterwarnings("ignore", message="Exporting a model to ONNX with a batch_size", category=UserWarning)
        torch.onnx.export(
            module,
            tuple(example),
            buffer,  # type: ignore[arg-type]  # this exporter writes into files
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in dynamic.items()},
            opset_version=OPSET,
            dynamo=False,
        )
    return buffer.getvalue()
