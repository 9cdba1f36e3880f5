"""The named ranking models, one line each. A recipe takes one and changes what it needs.

>>> from dataclasses import replace
>>> replace(DIN, dim=32, features=("item", "item_genres", "history")).dim
32
"""

from taojin.nn.encoders import Capsules, Recurrent
from taojin.nn.transformer import Transformer
from taojin.ranking.boosting import Boosting
from taojin.ranking.crosses.attentional_fm import AttentionalFM
from taojin.ranking.crosses.beside import Beside
from taojin.ranking.crosses.cin import CIN
from taojin.ranking.crosses.cross_net import CrossNet, CrossNetMix
from taojin.ranking.crosses.decay import Decay
from taojin.ranking.crosses.ffm import FFM
from taojin.ranking.crosses.flat import Flat
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.crosses.own import Own
from taojin.ranking.crosses.products import BiInteraction, InnerProduct, OuterProduct, Product
from taojin.ranking.crosses.residual import ResidualMLP
from taojin.ranking.crosses.squeeze import SqueezeExcitation
from taojin.ranking.crosses.stack import Stack
from taojin.ranking.crosses.two_towers import TwoTowers
from taojin.ranking.heads.esmm import ESMM
from taojin.ranking.heads.mmoe import PLE, MMoE
from taojin.ranking.heads.shared_bottom import SharedBottom
from taojin.ranking.interests.bst import BST
from taojin.ranking.interests.dien import Evolution
from taojin.ranking.interests.encoded import Encoded
from taojin.ranking.interests.mean_pool import MeanPool
from taojin.ranking.interests.over import Over
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.model import RankingModel
from taojin.ranking.trees import Trees

LR = RankingModel(crosses=(Linear(),), dim=0)
"""Logistic regression; Richardson, Dominowska and Ragno, WWW 2007, https://doi.org/10.1145/1242572.1242643"""

FACTORISATION_MACHINE = RankingModel(crosses=(Linear(), FM()))
"""Rendle, ICDM 2010, https://doi.org/10.1109/ICDM.2010.127"""

FIELD_AWARE_FM = RankingModel(crosses=(Linear(), FFM(4)), dim=0)
"""FFM; Juan et al., RecSys 2016, https://doi.org/10.1145/2959100.2959134"""

FACTORISATION_SUPPORTED = RankingModel(crosses=(MLP((256, 128)),), start=FACTORISATION_MACHINE)
"""FNN; Zhang, Du and Wang, ECIR 2016, https://arxiv.org/abs/1601.02376. Deviation: its machine's weights of
single values are left out."""

GBDT = Trees()
"""Gradient boosted trees; Friedman, Annals of Statistics 2001, https://doi.org/10.1214/aos/1013203451"""

GBDT_LR = Trees(boosting=Boosting(trees=100, leaves=32), regression_l2=300.0)
"""Logistic regression over the leaves of trees; He et al., ADKDD 2014, https://doi.org/10.1145/2648584.2648589"""

LAMBDA_MART = Trees(learns="order")
"""Trees for the order of a list; Burges, 2010, MSR-TR-2010-82"""

IPNN = RankingModel(crosses=(Stack(Beside((Flat(), InnerProduct())), MLP((256, 128))),))
"""PNN with inner products; Qu et al., ICDM 2016, https://arxiv.org/abs/1611.00144"""

OPNN = RankingModel(crosses=(Stack(Beside((Flat(), OuterProduct())), MLP((256, 128))),))
"""PNN with outer products; as above"""

WIDE_DEEP = RankingModel(crosses=(Linear(), MLP((256, 128))))
"""Cheng et al., 2016, https://arxiv.org/abs/1606.07792; pairs of values that are chosen by hand are
`Wide((("occupation", "genre"),))` beside the others."""

DEEP_FM = RankingModel(crosses=(Linear(), FM(), MLP((256, 128))))
"""Guo et al., IJCAI 2017, https://arxiv.org/abs/1703.04247"""

DEEP_CROSSING = RankingModel(crosses=(ResidualMLP((128, 128)),))
"""Shan et al., KDD 2016, https://doi.org/10.1145/2939672.2939704"""

NEURAL_CF = RankingModel(crosses=(Product(), Own(32, MLP((64, 32)))), features=("user", "item"))
"""NeuMF over the features `user` and `item`; He et al., WWW 2017, https://arxiv.org/abs/1708.05031"""

NFM = RankingModel(crosses=(Linear(), Stack(BiInteraction(), MLP((128, 64)))))
"""He and Chua, SIGIR 2017, https://arxiv.org/abs/1708.05027"""

AFM = RankingModel(crosses=(Linear(), Decay(AttentionalFM(16), 1e-5)))
"""Xiao et al., IJCAI 2017, https://arxiv.org/abs/1708.04617"""

DCN = RankingModel(crosses=(CrossNet(3, matrix=False), MLP((256, 128))))
"""Wang, Fu, Fu and Wang, ADKDD 2017, https://arxiv.org/abs/1708.05123"""

DCN_V2 = RankingModel(crosses=(CrossNet(3), MLP((256, 128))))
"""Wang et al., WWW 2021, https://arxiv.org/abs/2008.13535 (the parallel form)"""

DCN_MIX = RankingModel(crosses=(CrossNetMix(3), MLP((256, 128))))
"""DCN v2 with a mixture of products of low rank; as above, section 3.3"""

XDEEP_FM = RankingModel(crosses=(Linear(), CIN((64, 64)), MLP((256, 128))))
"""Lian et al., KDD 2018, https://arxiv.org/abs/1803.05170"""

MEAN_POOL = RankingModel(interests=(MeanPool(),), crosses=(MLP((200, 80)),))
"""The base model of the DIN paper: embedding, mean pooling, perceptron."""

DIN = RankingModel(interests=(TargetAttention((80, 40)),), crosses=(MLP((200, 80)),))
"""Zhou et al., KDD 2018, https://arxiv.org/abs/1706.06978; its perceptrons bend by ReLU, Dice is an option of both"""

DIEN = RankingModel(interests=(Evolution(),), crosses=(MLP((200, 80)),))
"""Zhou et al., AAAI 2019, https://arxiv.org/abs/1809.03672"""

BEHAVIOUR_TRANSFORMER = RankingModel(interests=(BST(),), crosses=(MLP((256, 128)),))
"""BST; Chen et al., DLP-KDD 2019, https://arxiv.org/abs/1905.06874"""

TRANSFORMER = RankingModel(interests=(Encoded(),), crosses=(MLP((200, 80)),))
"""Attention among the places, at which the candidate then looks: the history is read once per request."""

GRU_RANKER = RankingModel(interests=(Encoded(encoder=Recurrent()),), crosses=(MLP((200, 80)),))
"""As TRANSFORMER, with the recurrent units of GRU4Rec; Hidasi et al., ICLR 2016, https://arxiv.org/abs/1511.06939"""

BERT4REC_RANKER = RankingModel(
    interests=(Encoded(encoder=Transformer(causal=False, heads=2), ask="mask"),), crosses=(MLP((200, 80)),)
)
"""The state at the masked place that comes next; Sun et al., CIKM 2019, https://arxiv.org/abs/1904.06690"""

MIND_RANKER = RankingModel(interests=(Encoded(encoder=Capsules(), ask="end"),), crosses=(MLP((200, 80)),))
"""Several interests by routing; Li et al., CIKM 2019, https://arxiv.org/abs/1904.08030"""

SHARED_BOTTOM = RankingModel(crosses=(Flat(),), head=SharedBottom())
"""Caruana, Machine Learning 1997, https://doi.org/10.1023/A:1007379606734"""

MIXTURE_OF_EXPERTS = RankingModel(crosses=(Flat(),), head=MMoE())
"""MMoE; Ma et al., KDD 2018, https://doi.org/10.1145/3219819.3220007"""

PROGRESSIVE_EXTRACTION = RankingModel(crosses=(Flat(),), head=PLE())
"""PLE; Tang et al., RecSys 2020, https://doi.org/10.1145/3383313.3412236"""

ENTIRE_SPACE = RankingModel(crosses=(Flat(),), head=ESMM())
"""ESMM, for tasks in the order in which they happen; Ma et al., SIGIR 2018, https://arxiv.org/abs/1804.07931"""

DCN_TRANSFORMER_MMOE = RankingModel(
    interests=(Encoded(),), crosses=(CrossNet(3), MLP((256, 128))), head=MMoE(experts=4)
)
"""Crosses, a sequence and several tasks at once."""

TWO_TOWERS = RankingModel(interests=(MeanPool(),), crosses=(TwoTowers(),))
"""For pre-ranking: one product a candidate; Huang et al., CIKM 2013, https://doi.org/10.1145/2505515.2505665"""

SHALLOW_DEEP_FM = RankingModel(crosses=(Linear(), FM(), MLP((32,))), dim=8)
"""For pre-ranking: DeepFM with one small layer; Guo et al., IJCAI 2017, https://arxiv.org/abs/1703.04247"""

COLD = RankingModel(crosses=(Stack(SqueezeExcitation(), MLP((64, 32))),), dim=8)
"""For pre-ranking: a small network over gated fields; Wang et al., DLP-KDD 2020, https://arxiv.org/abs/2007.16122"""

LONG_AND_SHORT = RankingModel(
    interests=(
        Over("history", TargetAttention((80, 40))),
        Over("session", Encoded(encoder=Recurrent(), ask="end")),
    ),
    crosses=(MLP((200, 80)),),
)
"""The whole past and this session as two histories; the idea of SDM, Lv et al., CIKM 2019,
https://arxiv.org/abs/1909.00385"""

if __name__ == "__main__":
    import sys

    from taojin.ranking.listing import listing

    sys.stdout.write(listing(sys.modules[__name__]))
