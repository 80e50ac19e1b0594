"""The shop behind the data: its products with a name, a list price and a category; its demand.

The file has no catalogue. A product's name and list price are those of its first priced row; its
category is derived from the words of its name by a small table; demand is counted by 28-day period.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from replay.retail import Invoice, Kind, Line

DAY = 86_400_000
HOUR = 3_600_000
OPENS_AT = 1_290_988_800_000  # 2010-11-29, the Monday before the first row: lists, stock and rules
PERIOD = 28 * DAY

CATEGORIES = {
    "christmas": "CHRISTMAS XMAS SANTA REINDEER ADVENT SNOWFLAKE SNOWMAN NOEL BAUBLE",
    "bags": "BAG BAGS SHOPPER PURSE HANDBAG SATCHEL TOTE RUCKSACK BACKPACK",
    "jewellery": "NECKLACE EARRINGS BRACELET BANGLE BROOCH RING CHARM HAIRCLIP HAIRBAND KEYRING",
    "lighting": "LIGHT LIGHTS T-LIGHT T-LIGHTS CANDLE CANDLES LANTERN LAMP CANDLEHOLDER",
    "kitchen": (
        "MUG CUP PLATE PLATES BOWL TEA CAKE BAKING CUTLERY JAR SPOON TIN LUNCH EGG APRON GLASS JUG "
        "KITCHEN TEAPOT SAUCER NAPKINS RECIPE CAKESTAND BOTTLE TRAY COASTER COASTERS TOWEL"
    ),
    "stationery": "CARD CARDS WRAP PAPER PENCIL PENCILS NOTEBOOK JOURNAL RIBBON TAPE PEN STICKERS",
    "toys": "TOY DOLL GAME PLAYING CHILDRENS CHILDREN'S KIDS SKIPPING JIGSAW SPACEBOY PUPPET",
    "garden": "GARDEN PLANT FLOWER HERB BIRD WATERING PARASOL GARDENERS TROWEL",
    "decoration": "HEART SIGN FRAME CLOCK DRAWER WREATH BUNTING HANGING CUSHION DOORMAT HOOK",
}
CATEGORY_OF = {word: category for category, words in CATEGORIES.items() for word in words.split()}
OTHER = "other"


class Product(NamedTuple):
    """A product as the shop would list it; `listed_at` is a day before its first row at the latest."""

    product_id: str
    name: str
    category: str
    price_minor: int
    listed_at: int


@dataclass(slots=True)
class Shop:
    """What one look over all invoices tells: products, and what went out of stock in each period."""

    products: dict[str, Product] = field(default_factory=dict)
    demand: Counter[tuple[str, int]] = field(default_factory=Counter)
    buyers: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, invoices: Iterable[Invoice]) -> Shop:
        """Look over all invoices, which come in the order of time."""
        shop = cls()
        for invoice in invoices:
            for line in invoice.lines:
                shop._see(invoice, line)
        return shop

    def _see(self, invoice: Invoice, line: Line) -> None:
        known = self.products.get(line.product_id)
        if known is None or (not known.price_minor and line.price_minor):
            listed_at = max(OPENS_AT, invoice.at - DAY) if known is None else known.listed_at
            named = bool(line.price_minor and line.name)
            self.products[line.product_id] = Product(
                line.product_id,
                line.name if named else line.product_id,
                category(line.name) if named else OTHER,
                line.price_minor,
                listed_at,
            )
        moved = stock_moved(invoice.kind, line.quantity)
        if moved < 0:
            self.demand[line.product_id, period(invoice.at)] -= moved
        self.buyers[line.product_id] += invoice.kind is Kind.ORDER


def category(name: str) -> str:
    """The category that the first telling word of a product's name names.

    >>> category("RED RETROSPOT CAKE STAND"), category("JUMBO BAG OWLS"), category("WICKER STAR")
    ('kitchen', 'bags', 'other')
    """
    words = [CATEGORY_OF[word] for word in name.upper().split() if word in CATEGORY_OF]
    return words[0] if words else OTHER


def period(at: int) -> int:
    """The number of the 28-day period, counted from the opening."""
    return (at - OPENS_AT) // PERIOD


def stock_moved(kind: Kind, quantity: int) -> int:
    """How a line of this kind of invoice moves the stock, signed."""
    if kind in (Kind.ORDER, Kind.GUEST_ORDER):
        return -quantity
    return abs(quantity) if kind in (Kind.RETURN, Kind.GUEST_RETURN) else quantity
