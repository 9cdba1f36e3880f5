"""Channel: the best items of the tags that a user likes most.

Shapes: I items in the vocabulary, G tags, M (item, tag) pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from taojin.core.events import spread
from taojin.core.units import FIRST, Floats, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.seeds import Of, check_of, seeds
from taojin.features.attributes import attribute
from taojin.retrieval.serve.best import best
from taojin.retrieval.serve.keys import TagsOfItems
from taojin.retrieval.serve.lists import Lists


@dataclass(frozen=True, kw_only=True)
class InterestTags:
    """Items by the sum, over the user's top tags that they have, of the tag's weight times their own events.

    A tag weighs (decayed count among the items of the history) × log(1 + items ÷ items that have it): TF-IDF, Spärck
    Jones, Journal of Documentation 1972, https://doi.org/10.1108/eb026526

    column          column of the items: lists of words, or words
    event           the kind that makes an item one of the best of its tags
    tags            so many tags of a user are asked
    items_per_tag   so many items stand in the list of a tag
    of              tags of the user's history, or of the item that the request starts from
    decay           weight of each place of the history against the next newer one
    """

    column: str = "genres"
    event: str = "like"
    tags: int = 5
    items_per_tag: int = 20
    of: Of = "user"
    history: str = "history"
    decay: float = 1.0
    needs_clock: bool = False
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_of(self.of, "InterestTags")

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Lists:
        """Rank the items of each tag by their training events; items without any are not listed."""
        tagged = tags_of_items(view, self.column)
        item, at = spread(tagged.offsets[:-1], tagged.offsets[1:])
        count = view.counts(view.kinds.bits(self.event))[item]
        listed = count > 0
        lists = best(
            tagged.tag[at][listed],
            item[listed],
            count[listed],
            groups=len(tagged.rarity),
            k=self.items_per_tag,
        )
        keys = TagsOfItems(
            seeds=seeds(self.of, history=self.history, decay=self.decay),
            offsets=tagged.offsets,
            tag=tagged.tag,
            rarity=tagged.rarity,
            most=self.tags,
        )
        return Lists(keys=keys, offsets=lists.offsets, item=lists.key, score=lists.score)


class Tagged(NamedTuple):
    """The tags of all items.

    offsets     int64[I+1]  tags of item i are tag[offsets[i]:offsets[i+1]]
    tag         int64[M]
    rarity      float32[G]  log(1 + items ÷ items that have the tag)
    """

    offsets: Ints
    tag: Ints
    rarity: Floats


def tags_of_items(view: TrainView, column: str) -> Tagged:
    """Number the words of a column of the items; a word that an item has twice counts once."""
    words = attribute(view, "item", column, "InterestTags")
    if pa.types.is_list(words.type) or pa.types.is_large_list(words.type):
        item, word = np.asarray(words.flatten().is_valid()), words.flatten()
        item = np.asarray(pa.compute.list_parent_indices(words))[item]
    else:
        item, word = np.flatnonzero(np.asarray(words.is_valid())), words
    code = word.drop_null().dictionary_encode()
    if not pa.types.is_string(code.dictionary.type) and not pa.types.is_large_string(code.dictionary.type):
        raise ValueError(f"InterestTags: column {column!r} must hold words or lists of words, not {words.type}")
    tags = len(code.dictionary)
    pairs = np.unique((item + FIRST) * max(tags, 1) + np.asarray(code.indices))
    row, tag = np.divmod(pairs, max(tags, 1))
    holders = np.bincount(tag, minlength=tags)
    rarity = np.log1p(view.n_items / np.maximum(holders, 1)).astype(np.float32)
    return Tagged(np.searchsorted(row, np.arange(view.n_items + 1)), tag, rarity)
