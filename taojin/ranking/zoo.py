"""The named ranking models, one line each. A recipe takes one and changes what it needs.

>>> from dataclasses import replace
>>> replace(DIN, dim=32, features=("item", "item_genres", "history")).dim
32
"""

from taojin.ranking.crosses.cross_net import CrossNet
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.interests.mean_pool import MeanPool
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.model import RankingModel

LR = RankingModel(crosses=(Linear(),), dim=0)
"""Logistic regression; Richardson, Dominowska and Ragno, WWW 2007, https://doi.org/10.1145/1242572.1242643"""

FACTORISATION_MACHINE = RankingModel(crosses=(Linear(), FM()))
"""Rendle, ICDM 2010, https://doi.org/10.1109/ICDM.2010.127"""

DEEP_FM = RankingModel(crosses=(Linear(), FM(), MLP((256, 128))))
"""Guo et al., IJCAI 2017, https://arxiv.org/abs/1703.04247"""

DCN = RankingModel(crosses=(CrossNet(3, matrix=False), MLP((256, 128))))
"""Wang, Fu, Fu and Wang, ADKDD 2017, https://arxiv.org/abs/1708.05123"""

DCN_V2 = RankingModel(crosses=(CrossNet(3), MLP((256, 128))))
"""Wang et al., WWW 2021, https://arxiv.org/abs/2008.13535 (the parallel form)"""

MEAN_POOL = RankingModel(interests=(MeanPool(),), crosses=(MLP((200, 80)),))
"""The base model of the DIN paper: embedding, mean pooling, perceptron."""

DIN = RankingModel(interests=(TargetAttention((80, 40)),), crosses=(MLP((200, 80)),))
"""Zhou et al., KDD 2018, https://arxiv.org/abs/1706.06978"""
