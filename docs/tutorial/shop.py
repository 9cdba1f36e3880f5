"""Writes the two files of a small shop that the tutorial begins with: orders.csv and goods.csv.

Every customer likes two of the six shelves and goes on from one thing to what belongs with it, now and then buying
something else; a few things are bought by everybody. Same file on every machine.
"""

import csv
import random
from datetime import UTC, datetime, timedelta

SHELVES = {
    "Tea": ("Assam", "Darjeeling", "Sencha", "Rooibos", "Chai", "Oolong", "Mint", "Earl Grey"),
    "Coffee": ("Espresso", "Filter Roast", "Decaf", "Cold Brew", "Grinder", "Moka Pot", "Paper Filters", "Scale"),
    "Baking": ("Flour", "Yeast", "Baking Tin", "Vanilla", "Cocoa", "Whisk", "Rolling Pin", "Icing Sugar"),
    "Garden": ("Trowel", "Tomato Seeds", "Gloves", "Watering Can", "Twine", "Compost", "Secateurs", "Pots"),
    "Paper": ("Notebook", "Fountain Pen", "Ink", "Sketch Pad", "Pencils", "Envelopes", "Stamps", "Ruler"),
    "Candles": ("Beeswax", "Holder", "Matches", "Tealights", "Lantern", "Snuffer", "Vanilla Candle", "Pillar"),
}
MAKERS = ("Alder & Co", "Blue Door", "Norrland", "Petit")
START = datetime(2025, 1, 1, 8, tzinfo=UTC)


def main() -> None:
    """Write both files into the current folder."""
    draw = random.Random(7)
    goods = [
        (f"P{shelf:02}{place:02}", name, kind, draw.choice(MAKERS), f"{draw.uniform(2, 60):.2f}")
        for shelf, (kind, names) in enumerate(SHELVES.items(), start=1)
        for place, name in enumerate(names, start=1)
    ]
    with open("goods.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("sku", "name", "shelf", "maker", "price"), *goods])
    by_shelf = {kind: [row[0] for row in goods if row[2] == kind] for kind in SHELVES}
    orders = []
    for customer in range(1, 401):
        liked = draw.sample(list(SHELVES), 2)
        place = {kind: draw.randrange(8) for kind in liked}
        when = START + timedelta(minutes=draw.randrange(60 * 24 * 200))
        for _ in range(draw.randrange(6, 22)):
            kind = draw.choice(liked) if draw.random() < 0.85 else draw.choice(list(SHELVES))
            place[kind] = (place.get(kind, draw.randrange(8)) + draw.choice((1, 1, 1, 2))) % 8
            orders.append((when, f"C{customer:03}", by_shelf[kind][place[kind]], draw.choice((1, 1, 1, 2, 3))))
            when += timedelta(minutes=draw.randrange(60 * 24 * 12))
    orders.sort()
    with open("orders.csv", "w", newline="", encoding="utf-8") as file:
        write = csv.writer(file)
        write.writerow(("ordered_at", "customer", "sku", "quantity"))
        write.writerows((f"{when:%Y-%m-%d %H:%M:%S}", *rest) for when, *rest in orders)


if __name__ == "__main__":
    main()
