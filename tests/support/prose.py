"""Sentences that a reader has to read twice: riddling turns of phrase, each with a plain one, and too many words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MOST_WORDS: Final = 30
"""A sentence ends at a full stop, a colon or a semicolon too; a code span counts as one word."""
_NOUN_PHRASE: Final = 8
"""A text that only begins with "What" and is no longer than this is a heading, not a sentence."""

_TIMES: Final = r"(?:second|minute|hour|day|week)"
_UNIT: Final = (
    r"(?:event|step|group|series|booth|exhibit|exhibitor|panel|record|request|query|partition|worker|person|people|"
    r"visitor|terminal|line|row|column|chunk|hall|gate|lane|KPI|member|batch|fair|topic|machine|badge|deal|answer|"
    r"window|file|process|round|run|user|stage|phase|alert|case|key|node|broker|client|core|label|question|pixel)"
)
_AMOUNT: Final = (
    r"(?:one|each|events?|bytes?|bits?|numbers?|values?|series|rows?|lines?|columns?|steps?|samples?|microseconds|"
    r"milliseconds|minutes?|seconds?|hours?|us|ms|s|[KMG]i?B|files?|words|messages|keys?|entries|exits|passages|cells?|"
    r"objects?|offsets?|folders?|tasks?|modules?|badges|persons|people|[0-9][0-9.,]*)"
)
_DEED: Final = r"(?:answers|kills|queries|records|requests|results|scans|updates|visits|writes)"
"""Amounts that are verbs too: "he scans a visitor", but "two scans a visitor"."""
_DRAWN: Final = re.compile(r"[├└→▁]")
"""Signs of a tree, a path or a picture."""
_END: Final = (
    r"(?=$|\s?[^\w\s-]|\s(?:and|as|at (?:most|least)|by|from|if|in all|on|or|over|until|when|while|with)\b(?! its\b))"
)
"""After "300 bytes a record"; not after "within 5 minutes a record that ..."."""
_NEVER_NO: Final = r"(?:longer|more|later|less|sooner|earlier|better|worse)\b"


@dataclass(frozen=True, slots=True)
class Riddle:
    """A turn of phrase that stops a reader.

    Attributes:
        name: what a complaint calls it.
        pattern: finds it in one sentence, on one line.
        instead: what to write.
        wrong: a sentence in which it is found.
        right: a sentence that is nearly the same, and plain.
    """

    name: str
    pattern: re.Pattern[str]
    instead: str
    wrong: str
    right: str


def _riddle(name: str, pattern: str, instead: str, wrong: str, right: str) -> Riddle:
    return Riddle(name, re.compile(pattern, re.IGNORECASE), instead, wrong, right)


RIDDLES: Final = (
    _riddle(
        "is no",
        r"(?<!there )(?<!there has )(?<!there have )(?<!there may )(?<!there can )(?<!there must )(?<!there will )"
        rf"(?:\b(?:is|are|was|were|be|been)|'s) no (?!{_NEVER_NO})",
        '"is not a"; or "there is no"',
        "A retry is no new event.",
        "A retry is not a new event; there is no limit, and it is no longer counted.",
    ),
    _riddle(
        "of ours",
        r"\b(?:of|beside|from|to|with|and) ours\b|^ours\b",
        "name the thing, or use our",
        "A program of ours",
        "One of our programs; its settings win over ours, which are larger than theirs",
    ),
    _riddle(
        "a for per",
        rf"\b(?:{_AMOUNT} an? (?:{_UNIT}|{_TIMES})|{_DEED} an? {_TIMES}|(?<=[0-9] ){_DEED} an? {_UNIT}){_END}",
        '"per": events per second, one line per event',
        "It writes one line an event: 20,000 records a second, 3 scans a booth.",
        "A worker answers a query; after five minutes a worker sends the events a second time.",
    ),
    _riddle(
        "once for per",
        rf"\b(?:once|twice|times) an? {_UNIT}{_END}",
        '"once per": once per fair; "once a day" is right',
        "A visitor counts once an exhibitor.",
        "A visitor counts once per exhibitor, and the file is read once a minute.",
    ),
    _riddle(
        "so many",
        r"\bso (?:many|much|long|few)\b(?! (?:as|that)\b)",
        'the name of the number: "this many", "at most N seconds"',
        "It waits so many seconds.",
        "There are so many that it waits as long as it must.",
    ),
    _riddle("such a one", r"\bsuch an? one\b", "name the thing", "Such a one is refused.", "Such an event is refused."),
    _riddle("as it were", r"\bas it were\b", "leave it out", "It is, as it were, full.", "It is as it was."),
    _riddle(
        "whoever",
        r"\bwho(?:so)?ever\b",
        '"the one who", or name the person',
        "The page is for whoever reads it.",
        "The page is for the person who reads it.",
    ),
    _riddle(
        "Whatever",
        r"^Whatever\b(?! (?:\w+ )*\w+, )",
        '"everything that", or name the thing',
        "Whatever is refused goes to the drawer.",
        "Whatever the permit says, close the doors.",
    ),
    _riddle(
        "how lately",
        r"\bhow lately\b",
        '"how long ago"',
        "It shows how lately Kafka answered.",
        "It shows how long ago Kafka answered.",
    ),
    _riddle(
        "lies in",
        r"\b(?:lie|lies|lay) (?:there\b|in (?:Kafka|it|them|files|(?:the|a|one|its) (?:topic|drawer|spool|journal)|`))",
        '"is in", "is stored in"',
        "Refused events lie in Kafka.",
        "Refused events are in Kafka, and the instant lies in opening hours.",
    ),
    _riddle(
        "bears",
        r"\bbears? (?:a|an|the|no|its|one|it|them)\b",
        '"has", "shows"',
        "An event bears a number.",
        "An event has a number; bear in mind that it may come twice.",
    ),
    _riddle(
        "makes of",
        r"\bmakes? of (?:it|them|an?|the)\b",
        '"does with", "computes from"',
        "It shows the numbers that the fold makes of it.",
        "It shows the numbers that the fold computes from it; a set is made of them.",
    ),
    _riddle(
        "knows no",
        r"\bknows? (?:no|nobody|nothing)\b",
        '"does not know"',
        "A volume made without users knows nobody.",
        "A volume made without users does not know any user.",
    ),
    _riddle(
        "in the place of",
        r"\bin the place of\b",
        '"instead of", "in place of"',
        "It stands in the place of the broker.",
        "It is used instead of the broker.",
    ),
    _riddle(
        "be it",
        r",? \bbe (?:it|they|he|she)\b",
        '"even if", "whether"',
        "It is closed, be it full or not.",
        "It is closed, whether full or not.",
    ),
    _riddle(
        "for want of",
        r"\bfor want of\b",
        '"because there is none", "without"',
        "It is grey for want of data.",
        "It is grey because there are no data.",
    ),
)


def words(sentence: str) -> int:
    """Return how many words a sentence has; a code span is one."""
    return len(re.findall(r"[A-Za-z][A-Za-z'-]*", re.sub(r"`[^`]*`", " X ", sentence)))


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text, each on one line, without Markdown; its code blocks are left out.

    The parts before and after a colon or a semicolon, the items of a list and the cells of a table stand alone.
    """
    text = re.sub(r"(?ms)^ *```.*?^ *```", "\n", text)
    text = re.sub(r"\n[ \t]*\n(?:[ \t]{2,}.*(?:\n|$))+", "\n\n", text)
    text = "\n".join("" if "  " in line.strip() or _DRAWN.search(line) else line for line in text.splitlines())
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    for part in re.split(r"\n\s*\n|\n\s*(?:[*#>-]+|\d+\.)\s|^\s*(?:[*#>-]+|\d+\.)\s|\n(?=\||\s*\w+: )", text):
        flat = " ".join(part.split())
        for cell in flat.split("|") if flat.startswith("|") else [flat]:
            yield from (one.strip() for one in re.split(r"(?<=[.!?;:])\s+(?=\S)", cell) if one.strip())


def line_of(sentence: str, text: str) -> int:
    """Return how many lines of a text come before a sentence of it."""
    beginning = r"\s+".join(map(re.escape, sentence.split()[:5]))
    found = re.search(beginning, text)
    return text.count("\n", 0, found.start()) if found else 0


def complaints(text: str) -> Iterator[tuple[str, str]]:
    """Yield every sentence of a text that a reader has to read twice, and what to do about it."""
    for sentence in sentences(text):
        for riddle in RIDDLES:
            if riddle.pattern.search(sentence):
                yield sentence, f"{riddle.name}: write {riddle.instead}"
        if re.match(r"What\b(?!.*\?)", sentence) and words(sentence) > _NOUN_PHRASE:
            yield sentence, 'What as a subject: name the thing, as in "the events that", or begin with a noun'
        if words(sentence) > MOST_WORDS:
            yield sentence, f"{words(sentence)} words: make two sentences of it, each with at most {MOST_WORDS}"
