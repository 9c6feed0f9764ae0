"""Numbers and amounts in words. Every expected text is written by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.terminal.spelling import LANGUAGES, amount_in_words, spelled

WORDS = [
    (0, "zero", "null", "零"),
    (1, "one", "eins", "一"),
    (2, "two", "zwei", "二"),
    (10, "ten", "zehn", "十"),
    (11, "eleven", "elf", "十一"),
    (16, "sixteen", "sechzehn", "十六"),
    (17, "seventeen", "siebzehn", "十七"),
    (20, "twenty", "zwanzig", "二十"),
    (21, "twenty-one", "einundzwanzig", "二十一"),
    (30, "thirty", "dreißig", "三十"),
    (99, "ninety-nine", "neunundneunzig", "九十九"),
    (100, "one hundred", "einhundert", "一百"),
    (101, "one hundred one", "einhunderteins", "一百零一"),
    (110, "one hundred ten", "einhundertzehn", "一百一十"),
    (121, "one hundred twenty-one", "einhunderteinundzwanzig", "一百二十一"),
    (1_000, "one thousand", "eintausend", "一千"),
    (1_001, "one thousand one", "eintausendeins", "一千零一"),
    (1_010, "one thousand ten", "eintausendzehn", "一千零一十"),
    (1_250, "one thousand two hundred fifty", "eintausendzweihundertfünfzig", "一千二百五十"),
    (10_000, "ten thousand", "zehntausend", "一万"),
    (10_012, "ten thousand twelve", "zehntausendzwölf", "一万零一十二"),
    (15_000, "fifteen thousand", "fünfzehntausend", "一万五千"),
    (100_000, "one hundred thousand", "einhunderttausend", "十万"),
    (100_010, "one hundred thousand ten", "einhunderttausendzehn", "十万零一十"),
    (101_000, "one hundred one thousand", "einhunderteintausend", "十万一千"),
    (150_000, "one hundred fifty thousand", "einhundertfünfzigtausend", "十五万"),
    (1_000_000, "one million", "eine Million", "一百万"),
    (1_000_001, "one million one", "eine Million eins", "一百万零一"),
    (1_001_000, "one million one thousand", "eine Million eintausend", "一百万一千"),
    (2_500_000, "two million five hundred thousand", "zwei Millionen fünfhunderttausend", "二百五十万"),
    (21_000_000, "twenty-one million", "einundzwanzig Millionen", "二千一百万"),
    (100_000_000, "one hundred million", "einhundert Millionen", "一亿"),
    (100_000_001, "one hundred million one", "einhundert Millionen eins", "一亿零一"),
    (100_010_000, "one hundred million ten thousand", "einhundert Millionen zehntausend", "一亿零一万"),
    (1_000_000_000, "one billion", "eine Milliarde", "十亿"),
    (1_200_000_000, "one billion two hundred million", "eine Milliarde zweihundert Millionen", "十二亿"),
    (10**12, "one trillion", "eine Billion", "一万亿"),
    (10**15, "one quadrillion", "eine Billiarde", "一千万亿"),
    (
        2**53 - 1,
        (
            "nine quadrillion seven trillion one hundred ninety-nine billion two hundred fifty-four million "
            "seven hundred forty thousand nine hundred ninety-one"
        ),
        (
            "neun Billiarden sieben Billionen einhundertneunundneunzig Milliarden zweihundertvierundfünfzig Millionen "
            "siebenhundertvierzigtausendneunhunderteinundneunzig"
        ),
        "九千零七万一千九百九十二亿五千四百七十四万零九百九十一",
    ),
]


@pytest.mark.parametrize(("number", "english", "german", "chinese"), WORDS)
def test_a_number_is_said_as_people_say_it(number: int, english: str, german: str, chinese: str) -> None:
    assert [spelled(number, language) for language in ("en", "de", "zh")] == [english, german, chinese]


@pytest.mark.parametrize(
    ("whole", "fraction", "language", "words"),
    [
        (1_250, "00", "en", "one thousand two hundred fifty and 00/100"),
        (1_250, "00", "de", "eintausendzweihundertfünfzig und 00/100"),
        (1_250, "50", "zh", "一千二百五十又 50/100"),
        (0, "05", "en", "zero and 05/100"),
        (12, "500", "de", "zwölf und 500/1000"),
        (1_250, "", "en", "one thousand two hundred fifty"),
        (1_250, "", "zh", "一千二百五十"),
    ],
)
def test_the_minor_digits_of_an_amount_stay_digits(whole: int, fraction: str, language: str, words: str) -> None:
    assert amount_in_words(whole, fraction, language) == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_numbers_of_a_kind_sound_the_same(language: str) -> None:
    """All numbers up to 20,000, and those with two digits other than 0 up to 10^16."""
    sparse = (one * 10**high + other * 10**low for high in range(16) for low in range(high) for one in range(1, 10)
              for other in range(10))  # fmt: skip
    numbers = {*range(20_000), *sparse}
    assert len({spelled(one, language) for one in numbers}) == len(numbers)


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1), st.sampled_from(LANGUAGES))
def test_two_numbers_are_never_said_in_the_same_words(one: int, other: int, language: str) -> None:
    assert (spelled(one, language) == spelled(other, language)) is (one == other)
