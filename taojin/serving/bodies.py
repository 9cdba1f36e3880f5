"""What goes over the wire: the bodies of requests and answers."""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    StringConstraints,
    Tag,
)

MOST_ITEMS = 200
MOST_IDS = 1_000
MOST_EVENTS = 1_000
LONGEST_ID = 200


def _digits(value: Any) -> Any:
    """Integer ids are written as their decimal digits."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _writable(value: str) -> str:
    """JSON may hold half of a pair of surrogates, which no file and no database takes."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("text that UTF-8 can write") from error
    return value


def _no_truth(value: Any) -> Any:
    """True and false are numbers to Python, and to nobody who sends them."""
    if isinstance(value, bool):
        raise ValueError("a number, neither true nor false")
    return value


Bare = Annotated[str, StringConstraints(strip_whitespace=True)]
"""An id in an address; without the space around it, as in the tables that are read."""
Text = Annotated[str, Field(max_length=LONGEST_ID), AfterValidator(_writable)]
Id = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_ID),
    BeforeValidator(_digits),
    AfterValidator(_writable),
]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_ID), AfterValidator(_writable)]
Word = Text | bool | int | FiniteFloat
Many = Annotated[int, Field(ge=1, le=MOST_ITEMS), BeforeValidator(_no_truth)]


class Body(BaseModel):
    """A body with these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class RecommendBody(Body):
    """The question of `POST /v1/recommend`; see `Recommender.recommend` for the meaning of each field."""

    user: Id | None = Field(None, description="external id; leave it out for a stranger")
    history: list[Id] = Field([], max_length=MOST_IDS, description="items a stranger liked, oldest first")
    item: Id | None = Field(None, description="where the scene `similar` starts from")
    scene: Name = "for_you"
    n: Many = 10
    only: dict[Name, list[Word]] = Field(
        {}, max_length=20, description="field -> values, one of which an item must have"
    )
    exclude: list[Id] = Field([], max_length=MOST_IDS, description="items that must not come")
    fields: list[Name] = Field([], max_length=100, description="of the catalogue, to be told of each item")
    channels: list[Name] = Field([], max_length=100, description="ask these channels of the scene alone")
    context: dict[Name, Word] = Field({}, max_length=20, description="device, region, ...: what is known of the moment")
    explain: bool = Field(False, description="tell what each part of the funnel did")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user": "42", "scene": "for_you", "n": 10, "fields": ["genres"]}]}
    )


class EventBody(Body):
    """One event."""

    user: Id
    item: Id
    event: Name = Field(description="a kind of event that the data knows: `GET /v1/catalogue` names them")
    value: Annotated[FiniteFloat, BeforeValidator(_no_truth)] | None = Field(
        None, description="rating, seconds watched, quantity, ..."
    )
    time: Annotated[int, Field(ge=0, lt=1 << 53), BeforeValidator(_no_truth)] | None = Field(
        None, description="milliseconds since 1970-01-01 UTC; now"
    )
    id: Id | None = Field(None, description="the same id again is the same event")

    model_config = ConfigDict(json_schema_extra={"examples": [{"user": "42", "item": "31", "event": "like"}]})


EventsBody = Annotated[
    Annotated[EventBody, Tag("one")]
    | Annotated[list[EventBody], Field(min_length=1, max_length=MOST_EVENTS), Tag("many")],
    Discriminator(lambda body: "many" if isinstance(body, list) else "one"),
]


class ReasonAnswer(BaseModel):
    """What the item has in common with another one that the user liked or looks at."""

    id: str
    title: str
    shared: dict[str, list[str]]


class RecommendedAnswer(BaseModel):
    """One item; `places` and `scores` where `explain` was asked for."""

    id: str
    title: str
    score: float
    channels: list[str]
    reason: ReasonAnswer | None
    fields: dict[str, Any]
    places: dict[str, int] | None = None
    scores: dict[str, float] | None = None


class StepAnswer(BaseModel):
    """What one part of the funnel did."""

    stage: str
    part: str
    before: int
    after: int
    ms: float
    failure: str
    moved: int


class RecommendAnswer(BaseModel):
    """Items, best first.

    `bundle` is the version that answered; `degraded` names the parts that failed and were left out; `exhausted` says
    that the catalogue, or the channels that were asked, have no more that may be shown; `unknown` are items of the
    question that the catalogue does not have; `stranger` says that nothing is known of who asks.
    """

    items: list[RecommendedAnswer]
    request_id: str
    bundle: str
    degraded: list[str]
    exhausted: bool
    unknown: list[str]
    stranger: bool
    trace: list[StepAnswer] | None = None


class ItemAnswer(BaseModel):
    """An item as it is shown."""

    id: str
    title: str
    fields: dict[str, Any]


class ItemsAnswer(BaseModel):
    """Items that were found."""

    items: list[ItemAnswer]


class HistoryEntryAnswer(BaseModel):
    """One event of a user; `time` is a position where the data knows only the order."""

    item: ItemAnswer | None
    events: list[str]
    value: float | None
    time: int
    live: bool


class HistoryAnswer(BaseModel):
    """A user's events, newest first."""

    user: str
    events: list[HistoryEntryAnswer]


class UserAnswer(BaseModel):
    """A user, how many events are known, and whether the models have learned from this user."""

    id: str
    events: int
    trained: bool


class UsersAnswer(BaseModel):
    """Some users."""

    users: list[UserAnswer]


class ReceiptAnswer(BaseModel):
    """Events on disk: newly applied, and there already by their ids."""

    applied: int
    duplicates: int
    ids: list[str]


class CatalogueAnswer(BaseModel):
    """What can be asked for: fields of items, values to filter by, kinds of event, and each scene's channels."""

    name: str
    items: int
    users: int
    clock: str
    positive: str
    fields: list[str]
    values: dict[str, list[Any]]
    kinds: list[str]
    scenes: dict[str, list[str]]


class VersionAnswer(BaseModel):
    """Which program serves which bundle; a refresh is created later than its models were trained.

    name    of the bundle; answers name its version
    """

    taojin: str
    name: str
    version: str
    created: str
    trained: str


class SwapAnswer(BaseModel):
    """The version that answered before, and the one that answers now."""

    before: str | None
    version: str


class StateAnswer(BaseModel):
    """Whether the service lives, or is ready."""

    status: str


class ErrorParts(BaseModel):
    """What was wrong: where, what was expected, what came, and what to do."""

    where: str
    expected: str
    got: str
    remedy: str


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorParts
