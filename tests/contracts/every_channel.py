"""Every channel there is, with settings for a small data set; the contracts run on all of them."""

from taojin.core.units import DAY
from taojin.embeddings.content import TfIdf
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.factors.bpr import BPR
from taojin.embeddings.factors.lightgcn import LightGCN
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.joined import Joined
from taojin.embeddings.knowledge.trans_e import TransE
from taojin.embeddings.towers.losses import GBCE
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.zoo import DSSM, MIND, BERT4Rec, GRU4Rec, NeuralCF, SASRec, YouTubeDNN
from taojin.embeddings.walks.deepwalk import DeepWalk
from taojin.embeddings.walks.eges import EGES
from taojin.embeddings.walks.node2vec import Node2Vec
from taojin.nn.training import Training
from taojin.retrieval.again import Again
from taojin.retrieval.association import Association
from taojin.retrieval.campaign import Campaign
from taojin.retrieval.content import Content
from taojin.retrieval.ease import EASE
from taojin.retrieval.follow import Follow
from taojin.retrieval.fresh import Fresh
from taojin.retrieval.hot import Hot
from taojin.retrieval.interest_tags import InterestTags
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.latest import Latest
from taojin.retrieval.meta_paths import MetaPaths
from taojin.retrieval.owners import Owners
from taojin.retrieval.popular import Popular
from taojin.retrieval.region import Region
from taojin.retrieval.segments import Segments
from taojin.retrieval.social import Social
from taojin.retrieval.spectral import Spectral
from taojin.retrieval.swing import Swing
from taojin.retrieval.top_rated import TopRated
from taojin.retrieval.user_cf import UserCF
from taojin.retrieval.vectors import Nearest

SHORT = Training(learning_rate=1e-2, batch=128, epochs=2, device="cpu")
FEW = Negatives(in_batch=True, uniform=16)
EMBEDDERS = {
    "item2vec": Item2Vec(dim=8, training=SHORT),
    "dssm": DSSM(features=("item", "genres"), dim=8, negatives=FEW, training=SHORT),
    "youtube_dnn": YouTubeDNN(dim=8, hidden=(16,), negatives=FEW, training=SHORT),
    "mind": MIND(features=("item", "genres"), dim=8, negatives=FEW, training=SHORT),
    "neural_cf": NeuralCF(features=("item",), dim=8, negatives=FEW, training=SHORT),
    "sasrec": SASRec(dim=8, training=SHORT),
    "bert4rec": BERT4Rec(dim=8, training=SHORT),
    "gru4rec": GRU4Rec(dim=8, loss=GBCE(), negatives=FEW, training=SHORT),
    "als": ALS(dim=8, iterations=3),
    "bpr": BPR(dim=8, training=SHORT),
    "lightgcn": LightGCN(dim=8, training=SHORT),
    "deepwalk": DeepWalk(dim=8, walks=2, length=8, training=SHORT),
    "node2vec": Node2Vec(dim=8, walks=2, length=8, training=SHORT),
    "eges": EGES(side=("genres",), dim=8, walks=2, length=8, training=SHORT),
    "tf_idf": TfIdf(columns=("genres", "studio"), dim=4),
    "joined": Joined(parts={"item2vec": Item2Vec(dim=8, training=SHORT), "content": TfIdf(columns=("genres",), dim=4)}),
    "trans_e": TransE(dim=8, training=SHORT),
}
CHANNELS = {
    "hot": Hot(window=40 * DAY),
    "popular": Popular(),
    "again": Again(),
    "top_rated": TopRated(),
    "tags": InterestTags(),
    "tags_of_item": InterestTags(of="item"),
    "tags_of_levels": InterestTags(column="studio", finer=("genres",)),
    "latest": Latest(),
    "fresh": Fresh(age=60 * DAY),
    "follow": Follow(),
    "social": Social(),
    "campaign": Campaign(slot="slot"),
    "segments": Segments(columns=("gender", "region"), at_least=10),
    "region": Region(at_least=10),
    "user_cf": UserCF(),
    "user_cf_newest": UserCF(newest=0.5, window=20 * DAY),
    "item_cf": ItemCF(),
    "item_cf_of_item": ItemCF(of="item"),
    "swing": Swing(),
    "swing_of_item": Swing(of="item"),
    "association": Association(),
    "association_of_item": Association(of="item", gap=DAY, half_life=20 * DAY, popularity=0.5),
    "ease": EASE(l2=(10.0,)),
    "ease_of_item": EASE(of="item", neighbours=5),
    "content": Content(texts=("blurb",)),
    "content_of_item": Content(of="item"),
    "content_of_known": Content(cold=False),
    "item2vec": Nearest("item2vec"),
    "item2vec_of_item": Nearest("item2vec", of="item"),
    "dssm": Nearest("dssm"),
    "dssm_of_item": Nearest("dssm", of="item"),
    "youtube_dnn": Nearest("youtube_dnn"),
    "mind": Nearest("mind"),
    "neural_cf": Nearest("neural_cf"),
    "sasrec": Nearest("sasrec"),
    "bert4rec": Nearest("bert4rec"),
    "gru4rec": Nearest("gru4rec"),
    "sasrec_of_item": Nearest("sasrec", of="item"),
    "dssm_cold": Nearest("dssm", cold=True),
    "als": Nearest("als"),
    "als_of_item": Nearest("als", of="item"),
    "bpr": Nearest("bpr"),
    "lightgcn": Nearest("lightgcn"),
    "spectral": Spectral(rank=8),
    "spectral_of_item": Spectral(rank=8, of="item"),
    "deepwalk": Nearest("deepwalk"),
    "deepwalk_of_item": Nearest("deepwalk", of="item"),
    "node2vec": Nearest("node2vec"),
    "eges": Nearest("eges"),
    "tf_idf": Nearest("tf_idf"),
    "tf_idf_of_item": Nearest("tf_idf", of="item"),
    "joined": Nearest("joined"),
    "joined_of_item": Nearest("joined", of="item"),
    "trans_e": Nearest("trans_e"),
    "meta_paths": MetaPaths(),
    "meta_paths_of_item": MetaPaths(of="item"),
    "meta_paths_for_owners": MetaPaths(owners=Owners(brand="studio", category="studio", event="like")),
}
FOR_EVERYBODY = (
    *("hot", "popular", "top_rated", "latest", "fresh", "campaign", "segments", "region"),
    *("dssm", "dssm_cold", "youtube_dnn", "mind", "neural_cf"),
)
"""Channels that have something for a stranger without a history."""
REACHES_COLD = ("latest", "fresh", "follow", "campaign", "content", "content_of_item", "dssm_cold")
"""Channels that propose items without a training event: they know them by attributes, dates or orders."""
