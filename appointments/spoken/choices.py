"""What a caller takes up of the times that were offered just before: "ja", "das zweite", "am Mittwoch um neun".

Words that say more than a choice ("nein", "ja, aber", a day or a time that was not offered) are a new wish and no
choice. A choice that fits several offers leaves it open which one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from appointments.spoken.meaning import Assent, Clock, Day, Hours, Part, Pick, Piece, Problem, Stretch, Weekday, Window
from appointments.spoken.numbers import cardinal, ordinal
from appointments.spoken.sentence import LONGEST_FIELD, Heard, Rule, Setting, hear
from appointments.spoken.settle import choose_day, choose_time, of_kind
from appointments.spoken.tokens import Cursor, rule, tokenise
from appointments.spoken.words import FILLER_SIGNS, vocabulary

# Nobody is offered more; "den 24." is a date.
MOST_OFFERS: Final = 9

YES: Final = vocabulary(
    "ja|ja bitte|bitte ja|ja gern|ja gerne|ja genau|ja klar|ja natürlich|jawohl|yes|yes please|true"
)
ASSENTS: Final = vocabulary(
    "ja|jawohl|jap|jep|jo|sehr gern|sehr gerne|gut|sehr gut|ist gut|wäre gut|klingt gut|okay|ok|in ordnung|"
    "ist in ordnung|alles klar|klar|na klar|natürlich|selbstverständlich|einverstanden|genau|stimmt|richtig|abgemacht|"
    "perfekt|super|prima|wunderbar|toll|passt|passt gut|passt sehr gut|passt mir|passt mir gut|passt für mich|"
    "passt perfekt|würde passen|würde mir passen|geht|geht klar|geht gut|ginge|nehme ich|nehm ich|nehmen wir|ich nehme|"
    "wir nehmen|nehmen|machen wir|machen wir so|so machen wir das|den da|dieser|diesen|dieses|"
    "yes|yeah|yep|yup|sure|certainly|absolutely|definitely|of course|agreed|alright|all right|that's right|fine|"
    "that's fine|that is fine|very good|that's good|sounds good|that sounds good|great|that's great|"
    "perfect|that's perfect|wonderful|excellent|works|works for me|that works|that works for me|it works|would work|"
    "that would work|that'll work|that will work|suits me|that suits me|i'll take|i'll take it|i'll take that|"
    "i'll have|i take|we'll take|let's take|let's do|let's do that|let's go with|take|that one|this one|go ahead|"
    "please do|book it|book that|that's okay|that's ok"
)
GLADLY: Final = vocabulary("gern|gerne|gladly")
RATHER: Final = vocabulary("lieber|dann lieber|doch lieber|eher|dann eher|rather|i'd rather")
NO: Final = vocabulary("nein|nee|no")

ARTICLES: Final = frozenset({"der", "den", "dem", "das", "die", "the"})
# No day of the month is "die zweite" or "das zweite".
UNDATED_ARTICLES: Final = frozenset({"das", "die"})
OFFERS: Final = vocabulary(
    "termin|möglichkeit|option|vorschlag|zeit|uhrzeit|variante|one|appointment|slot|time|choice|suggestion"
)
NUMBERED: Final = vocabulary("nummer|option|möglichkeit|variante|vorschlag|number|option number|choice")
EXTREMES: Final = {
    phrase: pick
    for phrases, pick in {
        "letzte|letzten|letzter|letztes|last": Pick(-1),
        "früheste|frühesten|frühester|frühestes|earliest": Pick(1, by_time=True),
        "späteste|spätesten|spätester|spätestes|latest": Pick(-1, by_time=True),
        "frühere|früheren|früherer|früheres|earlier": Pick(1, by_time=True, of_two=True),
        "spätere|späteren|späterer|späteres|later": Pick(-1, by_time=True, of_two=True),
    }.items()
    for phrase in vocabulary(phrases)
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The place of the offer that is meant; None where it may be any of `several`."""

    index: int | None
    several: tuple[int, ...] = ()


def says_yes(value: object) -> bool:
    """Only an explicit yes: True itself, or the word. An "okay" may mean "I have heard", so it is none."""
    if isinstance(value, str):
        said = (token.text for token in tokenise(value[:LONGEST_FIELD]) if token.text not in {",", ".", "!"})
        return " ".join(said) in YES
    return value is True


def choose(
    date_words: str | None,
    time_words: str | None,
    offered: Sequence[datetime],
    *,
    now: datetime,
    zone: ZoneInfo,
    opening: tuple[time, time],
) -> Choice | None:
    """Which of the times (aware, in the order spoken) is taken; None where the words are not a choice among them."""
    today = now.astimezone(zone).date()
    in_date = _heard(date_words, Setting(today, zone, rules=RULES))
    in_time = _heard(time_words, Setting(today, zone, time_field=True, rules=RULES))
    if in_date.left_over or in_time.left_over:
        return None
    pieces = (*in_date.pieces, *in_time.pieces)
    local = [moment.astimezone(zone) for moment in offered]
    fitting = _fitting(pieces, local, today, opening)
    picks = of_kind(pieces, Pick)
    if picks and fitting:
        around = _fitting([piece for piece in pieces if not isinstance(piece, Clock)], local, today, opening)
        return _picked(picks, fitting, around, local)
    # A day, or a part of one, is rather where to look for other times.
    chosen = any(isinstance(piece, Assent | Clock) for piece in pieces)
    return _any_of(fitting) if chosen else None


def _heard(words: str | None, setting: Setting) -> Heard:
    """After times were offered, a bare "vier" is one of them in the field for dates too."""
    heard = hear(words, setting)
    return hear(words, replace(setting, time_field=True)) if heard.left_over else heard


def _any_of(places: Sequence[int]) -> Choice | None:
    if len(places) == 1:
        return Choice(places[0])
    return Choice(None, tuple(places)) if places else None


def _picked(picks: Sequence[Pick], fitting: Sequence[int], around: Sequence[int], local: Sequence[datetime]) -> Choice:
    """ "den ersten am Mittwoch" counts all offers or those of the day; if neither fits, it is open which is meant."""
    everything = range(len(local))
    counted = {_place(pick, places, local) for pick in picks for places in (everything, around)}
    dated = {place for pick in picks if pick.or_day for place in fitting if local[place].day == pick.place}
    return _any_of([place for place in fitting if place in counted | dated]) or Choice(None, tuple(everything))


def _place(pick: Pick, places: Sequence[int], local: Sequence[datetime]) -> int | None:
    if pick.of_two and len(places) != 2:
        return None
    order = sorted(places, key=lambda place: local[place]) if pick.by_time else places
    index = pick.place - 1 if pick.place > 0 else pick.place
    return order[index] if index < len(order) else None


# Which offers go with the days and times in the words


def _fitting(pieces: Sequence[Piece], local: Sequence[datetime], today: date, opening: tuple[time, time]) -> list[int]:
    on_day, at_time = _day_test(pieces, today), _time_test(pieces, opening)
    return [place for place, moment in enumerate(local) if on_day(moment.date()) and at_time(moment.time())]


def _day_test(pieces: Sequence[Piece], today: date) -> Callable[[date], bool]:
    """A bare weekday is that of the offer, even if the next such day comes before it."""
    weekdays = of_kind(pieces, Weekday)
    if not any(isinstance(piece, Day | Stretch) for piece in pieces):
        return lambda day: all(day.weekday() == weekday.number for weekday in weekdays)
    choice = choose_day(pieces, today)
    if choice.days is not None:
        return Stretch(*choice.days).__contains__
    unclear = choice.candidates if choice.problem is Problem.DATE_UNCLEAR else ()
    return ((choice.day,) if choice.day else unclear).__contains__


def _time_test(pieces: Sequence[Piece], opening: tuple[time, time]) -> Callable[[time], bool]:
    """The offers tell which "vier" is meant, not the opening hours."""
    clocks, parts, hours = of_kind(pieces, Clock), of_kind(pieces, Part), of_kind(pieces, Hours)
    window = choose_time([*parts, *hours], opening).window if hours else Window()

    def fits(moment: time) -> bool:
        in_parts = all(part.includes(moment) for part in parts)
        in_window = window is not None and moment in window
        return in_parts and in_window and all(moment in _readings(clock, parts) for clock in clocks)

    return fits


def _readings(clock: Clock, parts: Sequence[Part]) -> tuple[time, ...]:
    return (clock.literal,) if clock.literal and not parts else clock.readings


# What only means something after an offer


@rule
def _assent(cursor: Cursor) -> Assent | None:
    """A "gerne" is one only at the beginning: "ich hätte gerne …" is a wish."""
    glad = cursor.at == 0 and cursor.phrase(GLADLY) is not None
    return Assent() if glad or cursor.phrase(ASSENTS) else None


@rule
def _demonstrative(cursor: Cursor) -> Assent | None:
    """ "den um vier", "the one on Wednesday"."""
    if not cursor.phrase(ARTICLES):
        return None
    cursor.phrase(OFFERS)
    return Assent() if cursor.peek().text in {"am", "um", "on", "at", "in"} else None


@rule
def _pick(cursor: Cursor) -> Pick | None:
    """ "Nummer zwei", "das zweite", "der letzte Termin", "the earlier one"."""
    if cursor.phrase(NUMBERED):
        return _at_place(cardinal(cursor))
    article = cursor.phrase(ARTICLES)
    extreme = cursor.lookup(EXTREMES)
    found = extreme or _at_place(ordinal(cursor))
    named = cursor.phrase(OFFERS) is not None
    if found is None or extreme:
        return found if article or named else None
    return replace(found, or_day=article not in UNDATED_ARTICLES and not named)


def _at_place(number: int | None) -> Pick | None:
    return Pick(number) if number is not None and 0 < number <= MOST_OFFERS else None


@rule
def _rather(cursor: Cursor) -> tuple[()] | None:
    """ "lieber", "nein, lieber": with a time that was offered it is a choice, and alone it is none."""
    if cursor.phrase(NO):
        cursor.phrase(FILLER_SIGNS)
    return () if cursor.phrase(RATHER) else None


RULES: Final[tuple[Rule, ...]] = (_pick, _demonstrative, _assent, _rather)
