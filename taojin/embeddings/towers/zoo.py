"""Every named tower on one page: an encoder, a loss and what a wanted item is told from.

Each is a spec whose settings a recipe may change: `SASRec(dim=32)`, `DSSM(features=("item", "genres"))`.
"""

from functools import partial

from taojin.embeddings.towers.events import TwoTowerModel
from taojin.embeddings.towers.losses import BinaryCrossEntropy
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.sequential import SequenceModel
from taojin.embeddings.towers.windows import Masked
from taojin.nn.encoders import Capsules, Recurrent
from taojin.nn.training import Training
from taojin.nn.transformer import Transformer

DSSM = TwoTowerModel
"""A tower for each side, over features. Huang et al., CIKM 2013, https://doi.org/10.1145/2505515.2505665, with the
features and the loss of Yi et al., RecSys 2019, https://doi.org/10.1145/3298689.3346996."""

YouTubeDNN = partial(
    TwoTowerModel,
    hidden=(128,),
    cosine=False,
    temperature=1.0,
    negatives=Negatives(uniform=1000, popular=1000),
    example_age=True,
    # It says for a few epochs who is popular before it says what who likes.
    training=Training(batch=512, learning_rate=5e-3, epochs=60, patience=6, drop=0.7),
)
"""The mean of the watched vectors, the features of who asks (sets such as search tokens are means, too) and the age of
the example, through a deep user tower; an item is its vector. Covington et al., RecSys 2016,
https://doi.org/10.1145/2959100.2959190. Deviation: a watched and a recommended item share a row of the table."""

MIND = partial(TwoTowerModel, encoder=Capsules(interests=4))
"""Several interests of each user by capsule routing, each with the user's features through the user tower; the best
counts. Li et al., CIKM 2019, https://arxiv.org/abs/1904.08030."""

NeuralCF = partial(
    TwoTowerModel,
    features=("user", "item"),
    hidden=(128,),
    item_hidden=(128,),
    cosine=False,
    temperature=1.0,
    loss=BinaryCrossEntropy(weight=4.0),
    negatives=Negatives(uniform=1024),
)
"""A perceptron over ids on either side, yes or no. He et al., WWW 2017, https://arxiv.org/abs/1708.05031. Deviations:
the perceptrons meet in an inner product, or no index could serve them; the user tower reads the history beside the id,
so that it has something to say of a user whom training did not meet."""

SASRec = SequenceModel
"""Attention to all that was done before. Kang and McAuley, ICDM 2018, https://arxiv.org/abs/1808.09781. Deviation: full
cross-entropy in place of one negative, which decides (Klenitskiy and Vasilev, RecSys 2023,
https://arxiv.org/abs/2309.07602)."""

BERT4Rec = partial(SequenceModel, encoder=Transformer(causal=False, heads=2, widen=4), objective=Masked(), forget=0.0)
"""Masked items guessed from both sides. Sun et al., CIKM 2019, https://arxiv.org/abs/1904.06690."""

GRU4Rec = partial(
    SequenceModel,
    encoder=Recurrent(),
    # With the rate of the transformers it stays for long where it only knows who is popular.
    training=Training(learning_rate=5e-3, batch=128, epochs=200, patience=10, drop=0.8, embedding_l2=0.0),
)
"""Gated recurrent units. Hidasi et al., ICLR 2016, https://arxiv.org/abs/1511.06939, with the loss of the others."""
