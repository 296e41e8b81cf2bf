"""Hostile files, each with what must become of it: rows, rejected rows with their place and rule, or a refusal."""

import gzip
from dataclasses import dataclass, field
from typing import Any, Final

from shared.conditioning.recipe.schema import Recipe
from tests.shared.conditioning.engine.joined import recipe_of


@dataclass(frozen=True, eq=False)
class Hostile:
    """A file that is read, as far as it can be.

    Attributes:
        name: What is hostile in it.
        content: Its bytes.
        recipe: What reads it.
        table: The rows kept, as standard texts.
        rejected: Row, line and rule of each row that is not.
        encodings: Whether its text may as well be written in another encoding.
        steps: Bytes of the ranges in which it is read too.
    """

    name: str
    content: bytes
    recipe: Recipe
    table: list[list[str]]
    rejected: list[tuple[int, int, str]] = field(default_factory=list)
    encodings: bool = True
    steps: tuple[int, ...] = (64, 1000, 10_000)


@dataclass(frozen=True, eq=False)
class Refused:
    """A file of which nothing can be used.

    Attributes:
        name: What is hostile in it.
        content: Its bytes.
        recipe: What reads it.
        code: Of the error.
        words: What the message says, the remedy among it.
    """

    name: str
    content: bytes
    recipe: Recipe
    code: str
    words: tuple[str, ...]


def sales(**more: Any) -> Recipe:
    """The recipe of most of these files."""
    columns = {"store": {}, "day": {"type": "date"}, "units": {"type": "integer"}, "note": {"required": False}}
    return recipe_of(**{"columns": columns, "max_record": 4096} | more)


SALES: Final = sales()
HEADER: Final = "store,day,units,note\n"


def _text(name: str, text: str, table: list[list[str]], *rejected: tuple[int, int, str], **dialect: Any) -> Hostile:
    return Hostile(name, text.encode(), sales(**dialect) if dialect else SALES, table, list(rejected))


def _bytes(name: str, content: bytes, table: list[list[str]], *rejected: tuple[int, int, str]) -> Hostile:
    return Hostile(name, content, SALES, table, list(rejected), encodings=False)


def _column(name: str, column: dict[str, Any], became: dict[str, str]) -> Hostile:
    """Values of one column, and what becomes of each: its standard text, or the rule that it breaks, after a star."""
    lines = [f'{row},"{value.replace('"', '""')}"\n' for row, value in enumerate(became, start=1)]
    kept = [[str(row), text] for row, text in enumerate(became.values(), start=1) if not text.startswith("*")]
    rejected = [(row, row + 1, "v." + rule[1:]) for row, rule in enumerate(became.values(), start=1) if rule[:1] == "*"]
    recipe = recipe_of(columns={"n": {}, "v": column}, max_record=4096)
    return Hostile(name, ("n,v\n" + "".join(lines)).encode(), recipe, kept, rejected)


#: What a recipe calls an encoding, Python's name of it, and the byte order mark.
ENCODINGS: Final = [
    ("utf-16", "utf-16-le", b""),
    ("utf-16", "utf-16-le", b"\xff\xfe"),
    ("utf-16", "utf-16-be", b"\xfe\xff"),
    ("latin-1", "latin-1", b""),
    ("utf-8", "utf-8", b"\xef\xbb\xbf"),
]

A: Final = ["a", "2026-01-31", "1", ""]
B: Final = ["b", "2026-02-01", "2", ""]
A_LINE, B_LINE = "a,2026-01-31,1,", "b,2026-02-01,2,"


def _noted(*notes: str) -> list[list[str]]:
    """Rows that differ in their notes only."""
    return [[*A[:3], note] for note in notes]


RAGGED: Final = [
    _text(
        "ragged rows",
        HEADER + f"{A_LINE}\na,2026-01-31,1\na,2026-01-31,1,,\n,,,,,,,,,,,,\na\n{B_LINE}\n",
        [A, B],
        (2, 3, "field_count"),
        (3, 4, "field_count"),
        (4, 5, "field_count"),
        (5, 6, "field_count"),
    ),
    _text("a cut last row", HEADER + f"{A_LINE}\nb,2026-02-0", [A], (2, 3, "field_count")),
    _text("another file's rows", HEADER + "x;y;z\n" + A_LINE, [A], (1, 2, "field_count")),
    _text("a header again", HEADER + A_LINE + "\n" + HEADER + B_LINE, [A, B], (2, 3, "day.not_a_date")),
    _text("a total at the end", HEADER + A_LINE + "\nTotal,,1,\n", [A], (2, 3, "day.missing")),
]

QUOTES: Final = [
    _text(
        "embedded quotes, delimiters and line ends",
        HEADER
        + 'a,2026-01-31,1,"x, y"\na,2026-01-31,1,"said ""no"""\n'
        + 'a,2026-01-31,1,"l1\nl2\r\n\rl5"\n"a","2026-01-31","1",""\n',
        _noted("x, y", 'said "no"', "l1\nl2\r\n\rl5", ""),
    ),
    _text(
        "CSV inside CSV",
        HEADER + 'a,2026-01-31,1,"' + (HEADER + A_LINE).replace('"', '""') + '\n"\na,2026-01-31,1,"x,""y,\nz"",w\n"\n',
        _noted(HEADER + A_LINE, 'x,"y,\nz",w'),
    ),
    _text(
        "CSV inside CSV, many rows of it",
        HEADER + f'a,2026-01-31,1,"{(B_LINE + "\n") * 200}"\n{B_LINE}\n',
        [*_noted((B_LINE + "\n") * 199 + B_LINE), B],
    ),
    _text(
        "stray quotes",
        HEADER + f'a,2026-01-31,1,5" pipe\na,2026-01-31,1,"open" x\na,2026-01-31,1,x"\n{B_LINE}\n',
        [*_noted('5" pipe', 'x"'), B],
        (2, 3, "malformed_quotes"),
    ),
    _text(
        "a quote that never closes",
        HEADER + f'a,2026-01-31,1,"open\n{B_LINE}\n' + f"{B_LINE}\n" * 300,
        [B] * 301,
        (1, 2, "unclosed_quote"),
    ),
    _text(
        "quotes that never close in every other row",
        HEADER + f'a,2026-01-31,1,"open\n{B_LINE}\n' * 50,
        [B] * 50,
        *((2 * row + 1, 2 * row + 2, "unclosed_quote") for row in range(50)),
    ),
    _text("only a quote", HEADER + '"', [], (1, 2, "unclosed_quote")),
    _text("quotes alone", HEADER + '"""",2026-01-31,1,""""""\n', [['"', *A[1:3], '""']]),
    _text("spaces before quotes", HEADER + 'a,2026-01-31,1, "x"\n', _noted('"x"')),
    _text("a backslash is no escape", HEADER + 'a,2026-01-31,1,"x\\"y"\n', [], (1, 2, "malformed_quotes")),
    _text("semicolons", "store;day;units;note\na;2026-01-31;1;x,y\n", _noted("x,y"), delimiter=";"),
    _text("tabs", 'store\tday\tunits\tnote\na\t2026-01-31\t1\t"x\ty"\n', _noted("x\ty"), delimiter="\t"),
    _text("pipes", 'store|day|units|note\na|2026-01-31|1|"x|y"\n', _noted("x|y"), delimiter="|"),
    _text("apostrophes", "store,day,units,note\na,2026-01-31,1,'it''s, \"so\"'\n", _noted('it\'s, "so"'), quote="'"),
    _text(
        "quotes that mean nothing",
        HEADER + 'a,2026-01-31,1,"\n"a",2026-01-31,1,5"x""\na,2026-01-31,1,"x,y"\n',
        [*_noted('"'), ['"a"', *A[1:3], '5"x""']],
        (3, 4, "field_count"),
        quote="none",
    ),
]

LINES: Final = [
    _text("CR LF", (HEADER + f"{A_LINE}\n{B_LINE}\n").replace("\n", "\r\n"), [A, B]),
    _text("CR only", (HEADER + f"{A_LINE}\n{B_LINE}\nx\n").replace("\n", "\r"), [A, B], (3, 4, "field_count")),
    _text("CR only, no end", (HEADER + f"{A_LINE}\n{B_LINE}").replace("\n", "\r"), [A, B]),
    _text(
        "mixed line ends",
        HEADER + f'{A_LINE}\r{B_LINE}\r\na,2026-01-31,1,"x\ry"\n\r{B_LINE}\r\r\nx\n',
        [A, B, *_noted("x\ry"), B],
        (5, 9, "field_count"),
    ),
    _text("blank lines", f"\n\r\n{HEADER}\n\n{A_LINE}\n\n\n\r\n\r{B_LINE}\n\n\n", [A, B]),
    _text(
        "lines of blanks",
        HEADER + f"{A_LINE}\n   \n\t\n,,,\n",
        [A],
        (2, 3, "field_count"),
        (3, 4, "field_count"),
        (4, 5, "store.missing"),
    ),
    _text("no end of the last line", HEADER + A_LINE, [A]),
    _text(
        "what Unicode takes for line ends",
        HEADER + "a,2026-01-31,1,x\u2028y\u2029z\x85w\x0bv\x0cu\x1ct\n",
        _noted("x\u2028y\u2029z\x85w\x0bv\x0cu\x1ct"),
    ),
    _text("what is of no width", HEADER + "a,2026-01-31,1,\u200bx\ufeff\u202e\n", _noted("\u200bx\ufeff\u202e")),
    _text("blanks of all sorts", HEADER + "\u00a0a\t, 2026-01-31 ,\t1,\u00a0 x\u00a0y \x0b\n", _noted("x\u00a0y")),
    _text(
        "signs beyond 16 bits",
        HEADER + "a,2026-01-31,1,\U0001f600\U0001f468\u200d\U0001f469\n" * 9,
        _noted("\U0001f600\U0001f468\u200d\U0001f469") * 9,
    ),
    _text(
        "signs that steer a terminal",
        HEADER + "a,2026-01-31,1,\x1b[2J\x07\x7f\n\x1b]0;x\x07\n",
        _noted("\x1b[2J\x07\x7f"),
        (2, 3, "field_count"),
    ),
    _text("a record of just max_record bytes", HEADER + f"{A_LINE}{'x' * 4081}\n{B_LINE}\n", [*_noted("x" * 4081), B]),
    _text("a record of one byte more", HEADER + f"{A_LINE}{'x' * 4082}\n{B_LINE}\n", [B], (1, 2, "record_too_long")),
    _text(
        "a record that is too long over many lines",
        HEADER + f'{A_LINE}"{"x\n" * 2100}"\n{B_LINE}\n',
        [B],
        (1, 2, "unclosed_quote"),
        *((row, row + 1, "field_count") for row in range(2, 2101)),
        (2101, 2102, "unclosed_quote"),
    ),
    _text("too long a record at the end", HEADER + f"{B_LINE}\n" + "x" * 30_000, [B], (2, 3, "record_too_long")),
]

BYTES: Final = [
    _bytes("a byte order mark", b"\xef\xbb\xbf" + (HEADER + A_LINE).encode(), [A]),
    _bytes("a byte order mark before a quoted header", b'\xef\xbb\xbf"store",day,units,note\n' + A_LINE.encode(), [A]),
    _bytes(
        "a byte order mark of a file that was appended",
        f"{HEADER}\ufeff{A_LINE}\n{A_LINE}".encode(),
        [["\ufeffa", *A[1:]], A],
    ),
    _bytes(
        "a byte order mark before a quoted value",
        f'{HEADER}\ufeff"a",2026-01-31,1,\n'.encode(),
        [['\ufeff"a"', *A[1:]]],
    ),
    _bytes(
        "bytes of Latin-1",
        f"{HEADER}caf\xe9,2026-01-31,1,\n{A_LINE}\na,2026-01-31,1,\xa35\n".encode("latin-1"),
        [A],
        (1, 2, "not_utf8"),
        (3, 4, "not_utf8"),
    ),
    _bytes(
        "what is no UTF-8",
        HEADER.encode()
        + b"".join(
            b"a,2026-01-31,1," + odd + b"\n"
            for odd in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3", b"\xe2\x82", b"\xc3\xa9")
        ),
        _noted("\xe9"),
        *((row, row + 1, "not_utf8") for row in range(1, 7)),
    ),
    _bytes(
        "half a character at the end",
        (HEADER + A_LINE).encode() + b"\n" + "b,2026-02-01,2,\xe9".encode()[:-1],
        [A],
        (2, 3, "not_utf8"),
    ),
    _bytes(
        "NUL bytes",
        f"{HEADER}{A_LINE}\0\n\0\0\n{B_LINE}\n\0{A_LINE}\n{B_LINE}\n{'\0' * 50}".encode(),
        [B, B],
        (1, 2, "nul_byte"),
        (2, 3, "nul_byte"),
        (4, 5, "nul_byte"),
        (6, 7, "nul_byte"),
    ),
    _bytes(
        "a hole of zeros, as a crash leaves it",
        f"{HEADER}{A_LINE}\n".encode() + bytes(3000) + f"\n{B_LINE}\n".encode(),
        [A, B],
        (2, 3, "nul_byte"),
    ),
    _bytes(
        "a long hole of zeros",
        f"{HEADER}{A_LINE}\n".encode() + bytes(50_000) + f"\n{B_LINE}\n".encode(),
        [A, B],
        (2, 3, "record_too_long"),
    ),
    _bytes("gzip", gzip.compress((HEADER + A_LINE).encode()), [A]),
    _bytes(
        "gzip in members, padded",
        b"".join(map(gzip.compress, [b"", HEADER.encode(), A_LINE[:4].encode(), A_LINE[4:].encode()])) + bytes(99),
        [A],
    ),
]

WIDE: Final = [
    Hostile(
        "5,000 columns",
        "\n".join(
            [
                ",".join(f"c{place}" for place in range(5000)),
                ",".join(map(str, range(5000))),
                ",".join(["x"] * 4999),
                ",".join(["x"] * 5000),
            ]
        ).encode(),
        recipe_of(columns={f"c{place}": {"type": "integer"} for place in range(0, 5000, 10)}),
        [[str(place) for place in range(0, 5000, 10)]],
        [(2, 3, "field_count"), (3, 4, "c0.not_an_integer")],
        encodings=False,
        steps=(10_000,),
    ),
    Hostile(
        "5,000 columns, of which two are read",
        (",".join(f"c{place}" for place in range(5000)) + "\n" + (",".join(map(str, range(5000))) + "\n") * 3).encode(),
        recipe_of(columns={"last": {"from": "c4999"}, "first": {"from": "c0", "type": "integer"}}),
        [["4999", "0"]] * 3,
        encodings=False,
    ),
    Hostile("columns that nobody reads, of one name", b"a,x,x,,\n1,2,3,4,5\n", recipe_of(columns={"a": {}}), [["1"]]),
    Hostile(
        "names in quotes, with blanks and line ends",
        b'"a ", "b","c\nd"\n1,2,3\n',
        recipe_of(columns={"a": {}, "b": {"from": '"b"'}, "c": {"from": "c\nd"}}),
        [["1", "2", "3"]],
    ),
    Hostile(
        "one column, and rows without a value",
        b'a\n1\n""\n\n 2\n',
        recipe_of(columns={"a": {"required": False}}),
        [["1"], [""], ["2"]],
    ),
]

VALUES: Final = [
    _column(
        "formulas",
        {},
        {
            text: text
            for text in ("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", '=HYPERLINK("http://x")', "'=1", "=1,=2")
        },
    ),
    _column(
        "days that do not exist",
        {"type": "date"},
        {
            "2026-02-30": "*not_a_date",
            "2025-02-29": "*not_a_date",
            "2024-02-29": "2024-02-29",
            "1900-02-29": "*not_a_date",
            "2000-02-29": "2000-02-29",
            "2026-04-31": "*not_a_date",
            "2026-13-01": "*not_a_date",
            "2026-00-10": "*not_a_date",
            "2026-01-00": "*not_a_date",
            "0000-00-00": "*not_a_date",
            "0000-01-01": "*not_a_date",
            "2026-1-5": "2026-01-05",
            "2026-01-31T00:00": "*not_a_date",
            "20260131": "*not_a_date",
            "31.01.2026": "*not_a_date",
            "\uff12\uff10\uff12\uff16-01-01": "*not_a_date",
            "-2026-01-01": "*not_a_date",
            "12026-01-01": "*not_a_date",
            "2026-01-1 1": "*not_a_date",
            "45000": "*not_a_date",
        },
    ),
    _column(
        "years that are mistyped, or have two digits",
        {"type": "date", "format": "%m/%d/%Y"},
        {
            "02/03/19": "*not_a_date",
            "02/03/2019": "2019-02-03",
            "02/03/0019": "*not_a_date",
            "02/03/1019": "*below_min",
            "12/31/1899": "*below_min",
            "12/31/2199": "2199-12-31",
            "01/01/2200": "*above_max",
            "02/03/20199": "*not_a_date",
            "2/3/2019": "2019-02-03",
            "30/12/2019": "*not_a_date",
        },
    ),
    _column(
        "times that do not exist",
        {"type": "timestamp", "format": "%Y-%m-%d %H:%M", "timezone": "Europe/Berlin"},
        {
            "2026-03-29 02:30": "*nonexistent_time",
            "2026-10-25 02:30": "*ambiguous_time",
            "2026-01-31 24:00": "*not_a_timestamp",
            "2026-01-31 23:60": "*not_a_timestamp",
            "2026-02-30 10:00": "*not_a_timestamp",
            "2026-01-31 10:00": "2026-01-31T09:00:00Z",
            "1811-01-31 10:00": "*below_min",
        },
    ),
    _column(
        "integers that overflow, or are none",
        {"type": "integer"},
        {
            "9223372036854775807": "9223372036854775807",
            "9223372036854775808": "*not_an_integer",
            "-9223372036854775808": "-9223372036854775808",
            "-9223372036854775809": "*not_an_integer",
            "9" * 400: "*not_an_integer",
            "0" * 400 + "7": "7",
            "1.0": "*not_an_integer",
            "1e3": "*not_an_integer",
            "1,000": "*not_an_integer",
            "1_000": "*not_an_integer",
            "0x10": "*not_an_integer",
            "\u0663": "*not_an_integer",
            "--1": "*not_an_integer",
            "1 2": "*not_an_integer",
            "+5": "5",
            "-0": "0",
        },
    ),
    _column(
        "numbers that overflow, or are none",
        {"type": "number"},
        {
            "1e308": "1e+308",
            "1e309": "*not_a_number",
            "-1e999999999": "*not_a_number",
            "9" * 400: "*not_a_number",
            "1e-400": "0.0",
            "inf": "*not_a_number",
            "-Infinity": "*not_a_number",
            "nan": "*not_a_number",
            "1,5": "*not_a_number",
            "0.1": "0.1",
            "1e": "*not_a_number",
            "0x1p3": "*not_a_number",
            "-0.0": "0.0",
        },
    ),
    _column(
        "amounts that overflow, or are of parts of a cent",
        {"type": "money", "currency": "$", "thousands": ","},
        {
            "92233720368547758.07": "9223372036854775807",
            "92233720368547758.08": "*not_money",
            "9" * 60: "*not_money",
            "1.005": "*not_money",
            "1.1": "110",
            "$1,234.50": "123450",
            "($1.00)": "-100",
            "1,23": "*not_money",
            "\u20ac5": "*not_money",
            "1e2": "*not_money",
        },
    ),
    _column(
        "truths", {"type": "boolean"}, {"TRUE": "true", "n": "false", "2": "*not_a_boolean", "null": "*not_a_boolean"}
    ),
    _column(
        "not one of a great many texts",
        {"one_of": [f"store {n}" for n in range(20_000)]},
        {"store 7": "store 7", "x": "*not_one_of"},
    ),
    _column(
        "texts that look like nothing",
        {},
        {"NULL": "NULL", "nan": "nan", "None": "None", " ": "*missing", "\u200b": "\u200b"},
    ),
]

JSON: Final = [
    Hostile(
        "JSON Lines of all sorts",
        b"""{"store":"a","day":"2026-01-31","units":1,"note":"x"}
{"note":"order does not matter","units":1,"day":"2026-01-31","store":"a","more":[1,{"x":"}\\"{"}]}

  {"store" : "a", "day": "2026-01-31", "units": "1", "note": null}\r
{"store":"a","day":"2026-01-31","units":1}
{"store":"a","day":"2026-01-31","units":1,"note":"two\\nlines, \\"quoted\\" \\u00e9 \\ud83d\\ude00"}
{"store":"a","day":"2026-01-31","units":1,"note":{"n":[1.50,1e999,"\xc3\xa9"]}}
{"store":"a","day":"2026-01-31","units":1,"note":12345678901234567890.10}""",
        sales(format="jsonl"),
        _noted(
            "x",
            "order does not matter",
            "",
            "",
            'two\nlines, "quoted" \xe9 \U0001f600',
            '{"n":[1.50,1e999,"\xe9"]}',
            "12345678901234567890.10",
        ),
    ),
    Hostile(
        "lines that are no objects, or hold what no text can",
        b"\n".join(
            [
                b'{"store":"a","day":"2026-01-31","units":1',
                b'{"store":"a","day":"2026-01-31","units":1}{}',
                b'{"store":"a","day":"2026-01-31","units":NaN}',
                b'{"store":"a","store":"b","day":"2026-01-31","units":1}',
                b'["a","2026-01-31",1]',
                b"null",
                b"x",
                b'{"store":"\xff","day":"2026-01-31","units":1}',
                b'{"store":"\\ud800","day":"2026-01-31","units":1}',
                b'{"store":"\\u0000","day":"2026-01-31","units":1}',
                b'{"store":"\0","day":"2026-01-31","units":1}',
                b'{"store":"a","day":"2026-01-31","units":9223372036854775808}',
                b'{"store":"a","day":"2026-01-31","units":1.0}',
                b'{"store":"a","day":"2026-02-30","units":1}',
                b'{"store":"a","day":"2026-01-31","units":1,"note":' + b"[" * 101 + b"]" * 101 + b"}",
                b'{"store":"a","day":"2026-01-31","units":1,"note":' + b"[" * 1900 + b"]" * 1900 + b"}",
                b'{"store":"a","day":"2026-01-31","units":1,"note":' + b"[" * 100 + b"]" * 100 + b"}",
                b'{"store":"a","day":"2026-01-31","units":1,"note":"' + b"x" * 5000 + b'"}',
                b'{"store":"a","day":"2026-01-31","units":1,"note":""}',
            ]
        ),
        sales(format="jsonl"),
        _noted("[" * 100 + "]" * 100, ""),
        [
            *((row, row, "malformed_json") for row in range(1, 8)),
            (8, 8, "not_utf8"),
            (9, 9, "malformed_json"),
            (10, 10, "nul_byte"),
            (11, 11, "nul_byte"),
            (12, 12, "units.not_an_integer"),
            (13, 13, "units.not_an_integer"),
            (14, 14, "day.not_a_date"),
            (15, 15, "malformed_json"),
            (16, 16, "malformed_json"),
            (18, 18, "record_too_long"),
        ],
        encodings=False,
    ),
]

_GZIP: Final = gzip.compress((HEADER + A_LINE).encode())


def _damaged(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def _refused(name: str, content: bytes | str, code: str, *words: str, **dialect: Any) -> Refused:
    return Refused(name, content if isinstance(content, bytes) else content.encode(), sales(**dialect), code, words)


REFUSED: Final = [
    _refused("nothing", "", "EmptyFile", "deliver it again with a header and rows"),
    _refused("a byte order mark alone", "\ufeff", "EmptyFile", "deliver it again"),
    _refused("line ends alone", "\r\n\n\r", "EmptyFile", "deliver it again"),
    _refused("nothing, packed", gzip.compress(b""), "EmptyFile", "deliver it again"),
    _refused("nothing, of JSON Lines", " \n\n", "EmptyFile", "one JSON object per line", format="jsonl"),
    _refused("nothing, without header", "\n\n", "EmptyFile", "with its rows", header=["store", "day", "units", "note"]),
    _refused("a header alone", HEADER, "NoRows", "deliver it again with its rows"),
    _refused("a header without line end", HEADER.rstrip(), "NoRows", "deliver it again with its rows"),
    _refused("a header and blank lines", HEADER + "\n\r\n\r" * 99, "NoRows", "deliver it again with its rows"),
    _refused(
        "rows that are all wrong",
        HEADER + "a,b,c,d\n" * 3,
        "NothingAccepted",
        "3 x day.not_a_date",
        "Compare it with its recipe",
    ),
    _refused(
        "many rows that are wrong",
        HEADER + f"{A_LINE}\n,,,\n",
        "TooManyRejected",
        "1 of 2 rows (50.000%)",
        "1 x store.missing",
        "the recipe allows 10.000%",
        max_rejected=0.1,
    ),
    _refused(
        "gzip cut in its data",
        _GZIP[:-12],
        "TruncatedGzip",
        f"ends at byte {len(_GZIP) - 12}",
        "deliver it again, whole",
    ),
    _refused("gzip cut in its checksum", _GZIP[:-3], "TruncatedGzip", "deliver it again, whole"),
    _refused("gzip cut in its header", _GZIP[:2], "TruncatedGzip", "after 0 unpacked bytes"),
    _refused(
        "gzip with a wrong checksum",
        _damaged(_GZIP, len(_GZIP) - 8),
        "CorruptGzip",
        "incorrect data check",
        "deliver it again",
    ),
    _refused("gzip with damaged data", _damaged(_GZIP, 12), "CorruptGzip", "deliver it again"),
    _refused("gzip with something behind it", _GZIP + A_LINE.encode(), "CorruptGzip", "what follows the end"),
    _refused("gzip in gzip", gzip.compress(_GZIP), "GzipTwice", "unpack it once"),
    _refused("an Excel file", b"PK\x03\x04\x14\0\x06\0" + bytes(99), "ZipFile", "save the sheet as CSV"),
    _refused("an Excel file, packed", gzip.compress(b"PK\x03\x04\x14\0\x06\0"), "ZipFile", "save the sheet as CSV"),
    _refused("a page to sign in", "\n<!DOCTYPE html><html>store,day,units,note", "HtmlPage", "fetch the data again"),
    _refused("a Parquet file", b"PAR1\x15\x04\x15" + bytes(99), "ParquetFile", "write `format: parquet` in the recipe"),
    _refused(
        "CSV instead of Parquet", HEADER + A_LINE, "NotParquet", "correct `format` in the recipe", format="parquet"
    ),
    _refused("Parquet cut short", b"PAR1\x15\x04\x15" + bytes(99), "CorruptParquet", "raw/file.csv", format="parquet"),
    _refused(
        "UTF-16 instead of UTF-8",
        (HEADER + A_LINE).encode("utf-16"),
        "WrongEncoding",
        "write `encoding: utf-16` in the recipe",
    ),
    _refused(
        "UTF-16 without mark instead of UTF-8",
        (HEADER + A_LINE).encode("utf-16-be"),
        "WrongEncoding",
        "write `encoding: utf-16` in the recipe",
    ),
    _refused(
        "UTF-8 instead of UTF-16",
        HEADER + A_LINE,
        "WrongEncoding",
        "write `encoding: utf-8` in the recipe",
        encoding="utf-16",
    ),
    _refused(
        "UTF-16 with its higher bytes first and no mark",
        (HEADER + A_LINE).encode("utf-16-be"),
        "WrongEncoding",
        "deliver it with the mark",
        encoding="utf-16",
    ),
    _refused(
        "UTF-8 with its mark instead of Latin-1",
        "\ufeff" + HEADER + A_LINE,
        "WrongEncoding",
        "write `encoding: utf-8` in the recipe",
        encoding="latin-1",
    ),
    _refused("UTF-32", (HEADER + A_LINE).encode("utf-32"), "NotText", "the byte 0", encoding="utf-16"),
    _refused("zeros alone", bytes(5000), "NotText", "holds nothing but zeros", "deliver it again"),
    _refused(
        "zeros alone, as UTF-16",
        bytes(5000),
        "NotText",
        "holds nothing but zeros",
        "deliver it again",
        encoding="utf-16",
    ),
    _refused(
        "a header in Latin-1",
        "store,day,units,note,gr\xf6\xdfe\n".encode("latin-1"),
        "NotText",
        "file.csv:1: the byte 0xf6",
        "`encoding`",
    ),
    _refused("a NUL in the header", "store,day,un\0its,note\n", "NotText", "file.csv:1", "the byte 0"),
    _refused(
        "a column twice",
        "store,day,units,note, units \n" + A_LINE,
        "DuplicateColumn",
        "the column `units` 2 times",
        "deliver it once",
    ),
    _refused(
        "no such column",
        "store,day,unit,note\n" + A_LINE,
        "MissingColumn",
        "no column `units`",
        "`unit`",
        "correct `from`",
    ),
    _refused("another delimiter", HEADER.replace(",", ";"), "MissingColumn", "no column `store`", "correct `from`"),
    _refused("a line above the header", "sep=,\n" + HEADER + A_LINE, "MissingColumn", "no column `store`"),
    _refused("no header", A_LINE + "\n" + B_LINE, "MissingColumn", "no column `store`"),
    _refused(
        "a header whose quote never closes",
        'store,day,units,"note\n' + A_LINE,
        "NoHeader",
        "file.csv:1: the header cannot be read",
        "mind quote and delimiter",
    ),
    _refused("a header that never ends", "store," * 9000, "NoHeader", "it is longer than `max_record`"),
    _refused(
        "more blank lines than a record may have",
        "\n" * 50_000 + HEADER,
        "NoHeader",
        "blank lines",
        "deliver it without",
    ),
    _refused("a JSON document", '[{"store": "a"}]', "NotJsonLines", "write each object on one line", format="jsonl"),
    _refused(
        "a JSON document over many lines",
        '{\n "store": "a"\n}',
        "NotJsonLines",
        "write each object on one line",
        format="jsonl",
    ),
    _refused("CSV instead of JSON Lines", HEADER + A_LINE, "NothingAccepted", "2 x malformed_json", format="jsonl"),
    _refused("JSON Lines instead of CSV", '{"store": "a"}\n', "MissingColumn", "no column `store`"),
]
