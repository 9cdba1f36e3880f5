"""What stands between the layers of a perceptron.

Shapes: N rows, W units.
"""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

Activation = Literal["relu", "prelu", "dice"]


MOMENTUM = 0.1
"""Share of a batch's mean and variance in those that serving takes."""
TINY = 1e-8
"""Added to a variance that is divided by."""


def activation(name: Activation, units: int) -> nn.Module:
    """A module float32[N, W] -> float32[N, W]; with weights of each unit for "prelu" and "dice".

    PReLU: He et al., ICCV 2015, https://arxiv.org/abs/1502.01852; Dice: Zhou et al., KDD 2018,
    https://arxiv.org/abs/1706.06978, section 5.3

    >>> activation("relu", 2)(torch.tensor([[-1.0, 2.0]]))
    tensor([[0., 2.]])
    """
    match name:
        case "relu":
            return nn.ReLU(inplace=True)
        case "prelu":
            return nn.PReLU(units)
        case "dice":
            return Dice(units)
    raise ValueError(f"activation: expected {', '.join(get_args(Activation))}; got {name!r}")


class Dice(nn.Module):
    """x where it is above its mean over the rows, a learned share of x below, and a soft step between the two."""

    mean: Tensor
    variance: Tensor

    def __init__(self, units: int) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.zeros(units))
        self.mean, self.variance = nn.Buffer(torch.zeros(units)), nn.Buffer(torch.ones(units))

    def forward(self, x: Tensor) -> Tensor:
        """float32[N, W]."""
        mean, variance = self.mean, self.variance
        if self.training and len(x) > 1:  # one row has no variance to learn: it is taken as in serving
            mean, variance = x.mean(0), x.var(0, correction=0)
            with torch.no_grad():
                self.mean.lerp_(mean.float(), MOMENTUM)
                self.variance.lerp_(variance.float(), MOMENTUM)
        above = ((x - mean) * (variance + TINY).rsqrt()).sigmoid()
        return x * (above + self.share * (1 - above))
