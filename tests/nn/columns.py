"""Columns of every form, for networks of tests."""

from taojin.features.feature import Category, Column, History, Level, Number
from tests.ranking.conftest import Given

LENGTH = 4
COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Given("user", Level.REQUEST, Category(6)),
        Given("age", Level.REQUEST, Number()),
        Given("item", Level.CANDIDATE, Category(8)),
        Given("genres", Level.CANDIDATE, Category(7, values=3)),
        Given("price", Level.CANDIDATE, Number(width=2)),
        Given("history", Level.REQUEST, History(LENGTH, ("item",))),
    )
}
