"""What layers of DeepCTR-Torch 0.3.0 say of random inputs with random weights; runs in its own environment.

    PEER/bin/python -m benchmarks.fits.deepctr_layers tests/ranking/deepctr_layers.npz

Every array is float32. `inputs/NAME` is what layers read, `LAYER/said` what one answered and `LAYER/PARAMETER` its
weights, by the names that the peer gives them. `tests/ranking/test_against_deepctr.py` reads the file.

Shapes: N rows, F fields, D vector size, L history length, E = 2 D, W width of what a head reads.
"""

import sys

import numpy as np
import torch
from deepctr_torch.inputs import DenseFeat
from deepctr_torch.layers import DNN
from deepctr_torch.layers.activation import Dice
from deepctr_torch.layers.interaction import (
    CIN,
    FM,
    AFMLayer,
    BiInteractionPooling,
    CrossNet,
    CrossNetMix,
    InnerProductLayer,
)
from deepctr_torch.layers.sequence import AttentionSequencePoolingLayer, AUGRUCell, SequencePoolingLayer
from deepctr_torch.models.multitask import ESMM, MMOE, PLE, SharedBottom
from torch import Tensor, nn

N, F, D, L, W = 7, 5, 4, 5, 9
E = 2 * D
OF_REQUEST = 2
"""So many of the fields, the first ones, are the same in all rows, as those of one request are."""

Arrays = dict[str, np.ndarray]


def drawn_inputs(random: torch.Generator) -> dict[str, Tensor]:
    """Vectors of fields, histories of 0 to L places (zero behind the last one), candidates and what a head reads."""
    fields = torch.randn(N, F, D, generator=random)
    fields[:, :OF_REQUEST] = fields[:1, :OF_REQUEST].clone()
    length = torch.arange(N) % (L + 1)
    known = torch.arange(L) < length.unsqueeze(1)
    return {
        "fields": fields,
        "wide": torch.randn(N, W, generator=random),
        "candidate": torch.randn(N, E, generator=random),
        "history": torch.randn(N, L, E, generator=random) * known.unsqueeze(2),
        "length": length.unsqueeze(1).float(),
        "attention": torch.rand(N, L, generator=random) * known,
    }


def randomise(layer: nn.Module, random: torch.Generator) -> nn.Module:
    """Weights and running moments of size one, and no start value that hides a mistake."""
    with torch.no_grad():
        for name, weight in layer.state_dict().items():
            if weight.is_floating_point():
                weight.copy_(torch.randn(weight.shape, generator=random) / max(weight.shape[-2:], default=1) ** 0.5)
            if name.endswith("running_var"):
                weight.abs_().add_(0.5)
        for norm in (part for part in layer.modules() if isinstance(part, nn.BatchNorm1d)):
            # What Dice multiplies and adds behind its norm is no part of the paper's formula: as the peer starts.
            norm.weight.fill_(1)
            norm.bias.zero_()
    return layer.eval()


def crosses(x: Tensor, random: torch.Generator) -> Arrays:
    """Layers over the fields."""
    found: Arrays = {}
    fields, flat = list(x.split(1, 1)), x.flatten(1)
    keep(found, "fm", FM(), x)
    keep(found, "bi_interaction", BiInteractionPooling(), x)
    keep(found, "inner_product", InnerProductLayer(), fields)
    keep(found, "afm", randomise(AFMLayer(D, attention_factor=6), random), fields)
    for kind in ("vector", "matrix"):
        keep(found, f"cross_{kind}", randomise(CrossNet(F * D, layer_num=3, parameterization=kind), random), flat)
    mix = CrossNetMix(F * D, low_rank=3, num_experts=2, layer_num=2)
    keep(found, "cross_mix", randomise(mix, random), flat)
    cin = randomise(CIN(F, layer_size=(4, 3), activation="linear", split_half=False), random)
    for layer in cin.conv1ds:  # the paper's maps have no bias
        nn.init.zeros_(layer.bias)
    keep(found, "cin", cin, x)
    for activation in ("relu", "prelu", "dice"):
        dnn = randomise(DNN(F * D, (6, 3), activation=activation, dice_dim=2), random)
        keep(found, f"dnn_{activation}", dnn, flat)
    return found


def interests(given: dict[str, Tensor], random: torch.Generator) -> Arrays:
    """Layers over histories and candidates; each attention once more with one history for all rows, as in a request."""
    found: Arrays = {}
    history, length, query = given["history"], given["length"], given["candidate"].unsqueeze(1)
    one = [whole[4:5].expand_as(whole) for whole in (history, length)]
    keep(found, "dice_learning", randomise(Dice(E, dim=2), random).train(), given["candidate"], before=True)
    keep(found, "mean_pool", SequencePoolingLayer("mean"), [history, length])
    for activation in ("relu", "prelu", "dice"):
        for softmax in (False, True):
            name = f"attention_{activation}{'_softmax' if softmax else ''}"
            layer = AttentionSequencePoolingLayer(
                (6, 3), att_activation=activation, weight_normalization=softmax, embedding_dim=E
            )
            keep(found, name, randomise(layer, random), query, history, length)
            with torch.no_grad():
                found[f"{name}/said_of_one"] = layer(query, *one).numpy()
    cell = randomise(AUGRUCell(E, E), random)
    with torch.no_grad():
        # One bias has both names in the peer; nothing is added to that map.
        cell.bias_hh = nn.Parameter(cell.bias_ih.roll(1))
        cell.bias_hh[2 * E :] = 0
        state = torch.zeros(N, E)
        for place in range(L):
            state = cell(history[:, place], state, given["attention"][:, place])
    found |= {f"augru/{name}": weight.numpy() for name, weight in cell.state_dict().items()}
    return found | {"augru/said": state.numpy()}


def heads(x: Tensor, random: torch.Generator) -> Arrays:
    """Models of several tasks over dense inputs alone, so that nothing stands before their heads."""
    found: Arrays = {}
    dense, tasks = [DenseFeat("x", W)], {"task_types": ("binary", "binary"), "task_names": ("click", "like")}
    keep(found, "shared_bottom", randomise(SharedBottom(dense, (6, 5), (3,), **tasks), random), x)
    keep(found, "esmm", randomise(ESMM(dense, (4, 3), **tasks), random), x)
    mmoe = MMOE(dense, 3, (6, 5), gate_dnn_hidden_units=(), tower_dnn_hidden_units=(4,), **tasks)
    keep(found, "mmoe", randomise(mmoe, random), x)
    ple = PLE(dense, 2, 2, 2, (5,), gate_dnn_hidden_units=(), tower_dnn_hidden_units=(4,), **tasks)
    keep(found, "ple", randomise(ple, random), x)
    return found


def keep(found: Arrays, name: str, layer: nn.Module, *inputs: object, before: bool = False) -> None:
    """Note a layer's weights and its answer; `before`: the weights as they were before it learned from the rows."""
    weights = {key: weight.clone() for key, weight in layer.state_dict().items()}
    with torch.no_grad():
        found[f"{name}/said"] = layer(*inputs).numpy()
    if before:
        found |= {f"{name}/after/{key}": weight.numpy() for key, weight in layer.state_dict().items()}
    found |= {f"{name}/{key}": weight.numpy() for key, weight in weights.items()}


def main() -> None:
    """Write the file that the command line names."""
    random = torch.Generator().manual_seed(0)
    given = drawn_inputs(random)
    found = {f"inputs/{name}": values.numpy() for name, values in given.items()}
    found |= crosses(given["fields"], random) | interests(given, random) | heads(given["wide"], random)
    np.savez_compressed(
        sys.argv[1], **{name: values for name, values in found.items() if values.dtype == np.float32 and values.size}
    )


if __name__ == "__main__":
    main()
