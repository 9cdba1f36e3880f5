"""Channel: the best items of the tags that a user likes most.

Shapes: I items in the vocabulary, G tags of all levels, M (item, tag) pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from taojin.core.bounds import Count
from taojin.core.events import spread
from taojin.core.units import Floats, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.features.words import words_of
from taojin.retrieval.seeded import Seeded
from taojin.retrieval.serve.best import best
from taojin.retrieval.serve.keys import TagsOfItems
from taojin.retrieval.serve.lists import Lists


@dataclass(frozen=True, kw_only=True)
class InterestTags(Seeded):
    """Items by the sum, over the user's top tags that they have, of the tag's weight times their own events.

    A tag weighs (decayed count among the items of the history) × log(1 + items ÷ items that have it): TF-IDF, Spärck
    Jones, Journal of Documentation 1972, https://doi.org/10.1108/eb026526

    column          column of the items: lists of words, or words
    finer           further columns of ever finer tags (category, then type); an item of the history counts for its tags
                    of the finest level on which one of them has `support`, else for those of `column`
    support         so many items of the history must have a finer tag
    event           the kind that makes an item one of the best of its tags
    tags            so many tags of a user are asked
    items_per_tag   so many items stand in the list of a tag
    """

    column: str = "genres"
    finer: tuple[str, ...] = ()
    support: Count = 2
    event: str = "like"
    tags: Count = 5
    items_per_tag: Count = 20
    needs_clock: bool = False

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Lists:
        """Rank the items of each tag by their training events; items without any are not listed."""
        tagged = tags_of_items(view, (self.column, *self.finer))
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
            seeds=self.seeds,
            offsets=tagged.offsets,
            tag=tagged.tag,
            rarity=tagged.rarity,
            level=tagged.level,
            # One item has each of its tags once.
            support=self.support if self.of == "user" else 1,
            most=self.tags,
        )
        return Lists(keys=keys, offsets=lists.offsets, item=lists.key, score=lists.score)


class Tagged(NamedTuple):
    """The tags of all items.

    offsets     int64[I+1]  tags of item i are tag[offsets[i]:offsets[i+1]]
    tag         int64[M]
    rarity      float32[G]  log(1 + items ÷ items that have the tag)
    level       int64[G]    place of the tag's column, from 0 for the coarsest
    """

    offsets: Ints
    tag: Ints
    rarity: Floats
    level: Ints


def tags_of_items(view: TrainView, columns: tuple[str, ...]) -> Tagged:
    """Number the words of some columns of the items; a word that an item has twice counts once."""
    levels = [words_of(view, "item", column, "InterestTags") for column in columns]
    before = np.cumsum([0, *(len(words.names) for words in levels)])
    item = np.concatenate([np.repeat(np.arange(view.n_items), np.diff(words.offsets)) for words in levels])
    tag = np.concatenate([words.word + start for words, start in zip(levels, before, strict=False)])
    order = np.argsort(item, kind="stable")
    return Tagged(
        offsets=np.searchsorted(item[order], np.arange(view.n_items + 1)),
        tag=tag[order],
        rarity=np.concatenate([words.rarity for words in levels]),
        level=np.repeat(np.arange(len(levels)), np.diff(before)),
    )
