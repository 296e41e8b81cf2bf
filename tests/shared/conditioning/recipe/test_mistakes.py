# ruff: noqa: E501 - messages are compared whole
"""Recipe files: what is said of mistakes, as data engineers make them."""

from pathlib import Path
from typing import Final

import pytest

from tests.shared.conditioning.recipe.files import told, write_recipe

type Mistakes = list[tuple[list[tuple[str, str]], list[str]]]

DIALECT: Final[Mistakes] = [
    ([("format: csv", "fromat: csv")], ["1: unknown key `fromat`; did you mean `format`?"]),
    ([("format: csv", "format: json")], ["1: `format` cannot be `json`; did you mean `jsonl`?"]),
    (
        [("format: csv", "format: jsonl\nheader: [a, b]\ndelimiter: ';'")],
        [
            "2: `header` is of CSV, and the format is JSON Lines; remove it",
            "3: `delimiter` is of CSV, and the format is JSON Lines; remove it",
        ],
    ),
    (
        [("format: csv", "format: parquet\nquote: none\nencoding: utf-8\nmax_record: 100")],
        [
            "2: `quote` is of CSV, and the format is Parquet; remove it",
            "3: `encoding` is of CSV and JSON Lines, and the format is Parquet; remove it",
            "4: `max_record` is of CSV and JSON Lines, and the format is Parquet; remove it",
        ],
    ),
    ([("format: csv", "quote: ','")], ["1: `,` cannot both quote and separate values; use another one, or `none`"]),
    ([("format: csv", "quote: ab")], ["1: `ab` cannot quote values; use one character, such as ', or `none`"]),
    ([("format: csv", "delimiter: tab")], ['1: `tab` is text to YAML; write a tab as "\\t", in double quotes']),
    (
        [("format: csv", 'delimiter: "||"')],
        ['1: `||` cannot separate values; use one character, such as , or ; or a tab ("\\t")'],
    ),
    (
        [("format: csv", "header: false")],
        [
            "1: without a header the columns need names; list all of them in order, such as `header: [day, store, units]`"
        ],
    ),
    (
        [("format: csv", "header: [Day, Store, Units, Prize, Mail]")],
        ["7: `header` has no column `Price`; did you mean `Prize`?"],
    ),
    (
        [("format: csv", "header: [Day, 1]")],
        ["1: item 2 of `header` must be a name, not a number; write a text, in quotes"],
    ),
    (
        [("format: csv", "header: []")],
        ["1: `header` is empty; list the columns' names in order, such as `header: [day, store, units]`"],
    ),
    (
        [("format: csv", "header: [a, a]")],
        ["1: `header` names `a` twice; let the names differ, also those that are not read"],
    ),
    (
        [("format: csv", "header: yes please")],
        ["1: `header` is true, or the columns' names in order, not text; write `header: [day, store, units]`"],
    ),
    ([("format: csv", "encoding: utf8")], ["1: `encoding` cannot be `utf8`; did you mean `utf-8`?"]),
    (
        [("format: csv", "max_record: 10")],
        ["1: `max_record` must be at least 64, not 10; write for example `max_record: 1048576`"],
    ),
    (
        [("format: csv", "thousands: '.'")],
        ['1: `.` cannot both group digits and stand before the fraction; write `decimal: ","`, or remove one of them'],
    ),
    (
        [("format: csv", "quote: none\ndecimal: ','")],
        ["2: `,` separates values, and no value is quoted, so a number with `,` would be two; correct one of them"],
    ),
    ([("format: csv", "decimal: ';'\nthousands: '.'")], ["1: `decimal` cannot be `;`; known here: ,, ."]),
    (
        [('nulls: ["", NA]', 'nulls: ["", " NA ", ""]')],
        [
            "2: ` NA ` is never met, since blanks are cut off before; write `NA`",
            "2: `` is listed twice; keep one of them",
        ],
    ),
    ([('nulls: ["", NA]', "nulls: [NA, no]")], ["2: item 2 of `nulls` must be text, not false; put it in quotes"]),
    ([('nulls: ["", NA]', "nulls: NA")], ["2: `nulls` must be a list, not text; write `[NA]`"]),
]

COLUMNS: Final[Mistakes] = [
    (
        [('type: date, format: "%m/%d/%Y"', 'type: timestamp, format: "%m/%d/%Y"')],
        [
            "4: a timestamp says its hour, and `%m/%d/%Y` does not; add %H, or write `type: date`",
            "12: `week(date)`, character 6: value 1 of week(date) must be a date, and this is a timestamp; write date_of(…)",
        ],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'type: timestamp, format: "%m/%d/%Y %H:%M"')],
        [
            "4: nobody can tell in which zone these times are; add for example `timezone: America/Chicago`, or %z",
            "12: `week(date)`, character 6: value 1 of week(date) must be a date, and this is a timestamp; write date_of(…)",
        ],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'type: timestamp, format: "%m/%d/%Y %H:%M%z", timezone: UTC')],
        [
            "4: `timezone` is of times that do not say their zone, and %z reads it; remove one of them",
            "12: `week(date)`, character 6: value 1 of week(date) must be a date, and this is a timestamp; write date_of(…)",
        ],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'type: timestamp, format: "%m/%d/%Y %H:%S", timezone: UTC')],
        [
            "4: `%m/%d/%Y %H:%S` has %S and no %M; add %M",
            "12: `week(date)`, character 6: value 1 of week(date) must be a date, and this is a timestamp; write date_of(…)",
        ],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', "type: timestamp")],
        [
            '4: a timestamp needs its format; write for example `format: "%Y-%m-%d %H:%M:%S"`',
            "12: `week(date)`, character 6: value 1 of week(date) must be a date, and this is a timestamp; write date_of(…)",
        ],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'type: timestamp, format: "%m/%d/%Y %H:%M", timezone: Chicago')],
        ["4: `Chicago` is no time zone; did you mean `America/Chicago`?"],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'type: date, format: "%m/%d/%Y %H"')],
        ["4: `%H` is of a time, and a date has none; write `type: timestamp`, or leave it out"],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', "type: date, format: MM/DD/YYYY")],
        ["4: `MM/DD/YYYY` has no directives; write `%m/%d/%Y`"],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'type: date, format: "%m/%d/%y"')],
        ["4: `%y` in `%m/%d/%y` is not supported; a year has four digits, %Y: nobody can tell of which century 07 is"],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'type: date, format: "%m/%Y"')],
        ["4: `%m/%Y` must say year, month and day once each, such as %m/%d/%Y"],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'type: date, format: "%m/%d/%Y %Y"')],
        ["4: `%m/%d/%Y %Y` must say year, month and day once each, such as %m/%d/%Y"],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'format: "%m/%d/%Y"')],
        [
            "4: `format` is for dates and timestamps, and this column is text; remove it, or add for example `type: date`",
            "12: `week(date)`, character 6: value 1 of week(date) must be a date, and this is a text; write date'2026-01-31', or give the column `type: date`",
        ],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', "type: date, timezone: UTC")],
        ["4: `timezone` is for timestamps, and this column is date; remove it"],
    ),
    (
        [('type: date, format: "%m/%d/%Y"', 'type: date, min: "2013-01-01"')],
        ["4: a limit is a number, or a date as YYYY-MM-DD without quotes, not text"],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "pattern: '[A-Z'")],
        [
            "5: `[A-Z` is no regular expression: unclosed character class; put \\ before a character that is meant as it stands, and close each bracket"
        ],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "pattern: '(?=a)b'")],
        [
            "5: `(?=a)b` is no regular expression: look-around, including look-ahead and look-behind, is not supported; say it as a rule with `check`"
        ],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "pattern: '(a)\\1'")],
        ["5: `(a)\\1` is no regular expression: backreferences are not supported; say it without \\1 and the like"],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "pattern: '(a{1000}){1000}'")],
        [
            "5: `(a{1000}){1000}` is no regular expression: the regex exceeds size limit of 10485760 bytes; repeat fewer times"
        ],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", 'pattern: "\\d"')],
        ["5: not YAML: found unknown escape character 'd'; put a text with \\ in single quotes"],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "currency: EUR")],
        [
            "5: `currency` is for money and numbers, and this column is text; remove it, or add for example `type: money`"
        ],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "min: 3")],
        [
            "5: `min` is for integers, numbers, money, dates and timestamps, and this column is text; remove it, or add for example `type: integer`"
        ],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "type: text, unit: {from: km, to: mi}")],
        ["5: `unit` is for integers and numbers, and this column is text; remove it"],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "case: lower, one_of: [JFK, na, NA, ' x', a, a]")],
        [
            "5: ` x` is never met: blanks are cut off before; write `x`",
            "5: `JFK` is never met: `case: lower` comes before; write `jfk`",
            "5: `NA` is never met: it is one of `nulls`; remove it, or write `required: false`",
            "5: `a` is listed twice; keep one of them",
        ],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "one_of: [NY, no]")],
        ["5: item 2 of `one_of` must be text, not false; put it in quotes"],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "lookup: {file: ref/stores.csv, key: store_id, value: regio_name}")],
        ["5: `ref/stores.csv`: it has no column `regio_name`; did you mean `region_name`?"],
    ),
    (
        [("pattern: '[A-Z][0-9]+'", "lookup: {file: ref/store.csv, key: store_id, value: region_name, missing: null}")],
        [
            "5: `missing: null` makes a value null, and a row without a value is rejected; write `required: false` or `missing: reject`",
            "5: `ref/store.csv` does not exist; did you mean `ref/stores.csv`?",
        ],
    ),
    ([("pattern: '[A-Z][0-9]+'", "typ: text")], ["5: unknown key `typ`; did you mean `type`?"]),
    ([("type: integer, min: 0", "type: int")], ["6: `type` cannot be `int`; did you mean `integer`?"]),
    (
        [("type: integer, min: 0", "type: integer, lookup: {file: ref/stores.csv, key: store_id, value: region_name}")],
        ["6: `lookup` is for texts, and this column is integer; remove it"],
    ),
    (
        [("type: integer, min: 0", 'type: integer, min: "0"')],
        ["6: a limit is a number, or a date as YYYY-MM-DD without quotes, not text"],
    ),
    (
        [("type: integer, min: 0", "type: integer, min: true")],
        ["6: a limit is a number, or a date as YYYY-MM-DD without quotes, not true"],
    ),
    (
        [("type: integer, min: 0", "type: integer, min: .nan")],
        ["6: a limit must be finite; leave it out if there is none"],
    ),
    (
        [("type: integer, min: 0", "type: integer, min: 0.5")],
        ["6: `min: 0.5` is no integer; write for example `min: 0`"],
    ),
    (
        [("type: integer, min: 0", "type: integer, min: 5, max: 4")],
        ["6: no value is between min 5 and max 4; exchange them"],
    ),
    (
        [("type: integer, min: 0", "type: integer, one_of: [a]")],
        ["6: `one_of` is for texts, and this column is integer; remove it, or use min and max"],
    ),
    (
        [("type: integer, min: 0", "type: integer, unit: {from: kmh, to: mph}")],
        ["6: the unit `kmh` is unknown; did you mean `km/h`?"],
    ),
    (
        [("type: integer, min: 0", "type: integer, pattern: x, decimal: ',', thousands: ','")],
        [
            "6: `pattern` is for texts, and this column is integer; remove it",
            "6: `thousands: ,` is `decimal` as well, so nobody can tell what it means; let them differ",
        ],
    ),
    ([('currency: "$"', "currency: 5")], ["7: `currency` must be text, not a number; put it in quotes"]),
    (
        [('currency: "$"', 'currency: "5"')],
        ["7: `5` is no sign or code of a currency; write for example `$` or `EUR`, in quotes"],
    ),
    (
        [('currency: "$"', 'currency: ",", decimal: ","')],
        ["7: `,` is part of a number already; write the currency's sign or code"],
    ),
    (
        [('currency: "$"', "min: 0.125")],
        ["7: `min: 0.125` is not a whole number of cents; write for example `min: 0.12`"],
    ),
    (
        [("from: Mail, required: false", "from: Mail, type: present, required: true")],
        ["8: `required` says nothing of a `present` column, which is never null; remove it"],
    ),
    (
        [("units: {", "Units: {")],
        [
            "6: `Units` is no name for a standard column; use a-z, 0-9 and _, a-z first",
            "13: `units * price`, character 1: there is no column `units`; did you mean `Units`?",
            "17: `units > 0`, character 1: there is no column `units`; did you mean `Units`?",
        ],
    ),
    (
        [("  date: {from: Day", "  date: Day\n  day: {from: Day")],
        ["4: `date` must be a mapping, not text; write for example `columns: {date: {from: Date, type: date}}`"],
    ),
    ([("from: Day", "from: 7")], ["4: `from` must be text, not a number; put it in quotes"]),
    (
        [("  store: {from: Store", "  date: {from: Store")],
        ["5: `date` appears twice (first in line 4); keep one of them"],
    ),
]

STEPS: Final[Mistakes] = [
    ([('week: "week(date)"', 'units: "week(date)"')], ["12: there is a column `units` already; use another name"]),
    (
        [('week: "week(date)"', 'Week: "week(dat)"')],
        [
            "12: `Week` is no name for a standard column; use a-z, 0-9 and _, a-z first",
            "12: `week(dat)`, character 6: there is no column `dat`; did you mean `date`?",
        ],
    ),
    ([('revenue: "units * price"', "revenue: 5")], ["13: `revenue` must be text, not a number; put it in quotes"]),
    (
        [('revenue: "units * price"', 'revenue: "units * store"')],
        ["13: `units * store`, character 7: `*` takes numbers, and this is a text; write number(…)"],
    ),
    (
        [("take: {region: region_name}", "take: {units: region_name}")],
        ["10: there is a column `units` already; use another name"],
    ),
    ([("on: {store: store_id}", "on: {stor: store_id}")], ["10: there is no column `stor`; did you mean `store`?"]),
    (
        [("ref/stores.csv", "../ref/stores.csv")],
        [
            "10: `../ref/stores.csv` leads out of the fleet's folder; keep the file beside the fleet file, and use / in its path"
        ],
    ),
    (
        [('filter: "units > 0"', 'filter: "units"')],
        ["17: `units` is an integer, and must be true or false; write for example `(units) > 0`"],
    ),
    (
        [('filter: "units > 0"', 'filter: "unit > 0"')],
        ["17: `unit > 0`, character 1: there is no column `unit`; did you mean `units`?"],
    ),
    ([('filter: "units > 0"', "filter: true")], ["17: `filter` must be text, not true; put it in quotes"]),
    (
        [('filter: "units > 0"', 'filter: "true"')],
        ["17: `true` looks at no column, so it says the same of every row; remove it"],
    ),
    ([('filter: "units > 0"', "filter:")], ["17: `filter` is empty; write a value, or remove it"]),
    (
        [("order: [store, date]", "order: [store, date desc, -date, xx]")],
        [
            "18: `date desc` is no column; write `-date`",
            "18: there is no column `xx`; known here: date, email, price, region, revenue, store, units, week",
        ],
    ),
    ([("order: [store, date]", "order: store")], ["18: `order` must be a list, not text; write `[store]`"]),
    ([("drop: [email]", "drop: [emial]")], ["19: there is no column `emial`; did you mean `email`?"]),
    (
        [("drop: [email]", "drop: [email, date, store, units, price, region, week, revenue]")],
        ["19: no column is left to be written; drop fewer of them"],
    ),
    (
        [("drop: [email]", "deduplicate: [store, date]")],
        ["19: `deduplicate` must be a mapping, not a list; write for example `deduplicate: {by: [store, date]}`"],
    ),
    (
        [("drop: [email]", "deduplicate: {by: [store, dat], keep: any}")],
        ["19: `keep` cannot be `any`; known here: first, last"],
    ),
    (
        [
            (
                "drop: [email]",
                "aggregate: {by: [store, date], values: {a: avg(units), n: count(units), r: median(units), u: units}}",
            )
        ],
        [
            "19: `count(units)`: count() counts rows and takes no column; write count(), or count_distinct(units) counts its values",
            "19: `median` needs all values of a group at once, so it is not offered; known here: count, count_distinct, first, last, max, mean, min, sum",
            "19: `units` is no aggregate; write for example sum(units), or count()",
            "19: there is no aggregate `avg`; did you mean `mean`?",
        ],
    ),
    (
        [
            (
                "drop: [email]",
                "drop: [email]\naggregate: {by: [store, week], values: {units: sum(units), week: count(), s: sum(stor), t: sum(store)}}",
            )
        ],
        [
            "18: there is no column `date` after `aggregate`; known here: s, store, t, units, week",
            "19: there is no column `email` after `aggregate`; known here: s, store, t, units, week",
            "20: `sum(store)`: sum is for integer, number, and the column is text; derive a column of these",
            "20: there is a column `week` already; use another name",
            "20: there is no column `stor`, of which `sum(stor)` would be; did you mean `store`?",
        ],
    ),
    (
        [
            (
                "drop: [email]",
                "custom: [{step: clean, from: steps.py}, {step: clean, from: ref/steps.py}, {step: clan, from: ref/steps.py}]",
            )
        ],
        [
            "19: `ref/steps.py` registers no step `clan`; did you mean `clean`?",
            "19: `steps.py` does not exist; write it, or correct the path",
        ],
    ),
    (
        [("drop: [email]", "custom: [{step: clean, from: ref/stores.csv}]")],
        ["19: `ref/stores.csv` registers no step `clean`; none are known here"],
    ),
    ([("drop: [email]", "max_rejected: 5")], ["19: `max_rejected: 5` would be 500 %; write 5% or 0.05"]),
]

RULES: Final[Mistakes] = [
    ([("unique: [store, date]", "unique: [store, dat]")], ["16: there is no column `dat`; did you mean `date`?"]),
    ([("unique: [store, date]", "unique: [store, store]")], ["16: `store` is listed twice; keep one of them"]),
    ([("unique: [store, date]", "not_null: [stor]")], ["16: there is no column `stor`; did you mean `store`?"]),
    (
        [("unique: [store, date]", "unique: [store]\n    monotonic: date")],
        ["16: a rule says one thing, and this one `unique` and `monotonic`; make two rules of it"],
    ),
    (
        [("unique: [store, date]", "name: x")],
        [
            '16: the rule says nothing; write one of check, not_null, range, set, pattern, unique, monotonic, rows_vs_last, fresh, for example `check: "units >= 0"`'
        ],
    ),
    ([("unique: [store, date]", "units > 0")], ['16: a rule says its kind; write for example `check: "units > 0"`']),
    (
        [("unique: [store, date]", "monotonic: store")],
        ["16: `order` puts the rows in order by `store`, so this always holds; remove it"],
    ),
    (
        [
            (
                'rules:\n  - {name: rich, check: "revenue >= 0 or price is null", else: warn}\n  - unique: [store, date]\n',
                "rules: [{monotonic: date}]\n",
            ),
            ("order: [store, date]", "order: [-date]"),
        ],
        ["14: the rows are put in order by falling `date`; write `date` in `order`, or remove the rule"],
    ),
    (
        [("unique: [store, date]", "monotonic: date\n    else: reject")],
        ["17: of `monotonic` no single row is at fault, so none can be rejected; write `else: warn` or `else: fail`"],
    ),
    (
        [("unique: [store, date]", "fresh: {column: email, within: 10 days}")],
        ["16: `within: 10 days` is no age; write for example 10d, 36h or 90m"],
    ),
    (
        [("unique: [store, date]", "fresh: {column: email, within: 10d}")],
        [
            "16: there is no column `email` that is written; known here: date, price, region, revenue, store, units, week"
        ],
    ),
    (
        [("unique: [store, date]", "fresh: {column: units, within: 10d}")],
        ["16: `units` is integer, and has no age; name a date or a timestamp"],
    ),
    (
        [("unique: [store, date]", "range: {units: {min: 2013-01-01}, date: {min: 5}, store: {}, unit: {min: 1}}")],
        [
            "16: `min: 2013-01-01` is no integer; write for example `min: 0`",
            "16: `min: 5` is no date; write for example `min: 2013-01-31`",
            "16: `store` has no limits; write for example `store: {min: 0}`",
            "16: there is no column `unit`; did you mean `units`?",
        ],
    ),
    (
        [("unique: [store, date]", "range: {units: {min: 2, max: 1}}")],
        ["16: no value is between min 2 and max 1; exchange them"],
    ),
    (
        [("unique: [store, date]", "set: {store: [no], units: [a]}")],
        ["16: item 1 of `store` must be text, not false; put it in quotes"],
    ),
    (
        [("unique: [store, date]", "set: {store: [a, a], units: [a]}")],
        [
            "16: `a` is listed twice; keep one of them",
            "16: `set` is for texts, and `units` is integer; write a `range`, or a `check`",
        ],
    ),
    (
        [("unique: [store, date]", "pattern: {store: '('}")],
        [
            "16: `(` is no regular expression: unclosed group; put \\ before a character that is meant as it stands, and close each bracket"
        ],
    ),
    ([("unique: [store, date]", "rows_vs_last: 20")], ["16: `rows_vs_last: 20` would be 2000 %; write 20% or 0.2"]),
    (
        [("unique: [store, date]", "rows_vs_last: 20%\n    name: rich")],
        ["17: `rich` is also the name of item 1; let the names differ"],
    ),
    (
        [("unique: [store, date]", "rows_vs_last: 20%\n    name: field_count")],
        ["17: `field_count` is what records are counted under that cannot be read; use another name"],
    ),
    (
        [("unique: [store, date]", "rows_vs_last: 20%\n    name: Not Good")],
        ["17: `Not Good` is no name of a rule; use up to 63 of a-z, 0-9, _ and -, a-z first"],
    ),
    (
        [("unique: [store, date]", "unique: [store]\n  - unique: [store]")],
        ["17: this is what item 2 of `rules` says; keep one of them"],
    ),
    (
        [('check: "revenue >= 0 or price is null"', "check: \"revenue >= 'a'\"")],
        [
            "15: `revenue >= 'a'`, character 9: `>=` compares values of one type, and these are an integer and a text; write integer(…)"
        ],
    ),
    (
        [('check: "revenue >= 0 or price is null"', "check: \"matches(store, '(?=a)')\"")],
        [
            "15: `matches(store, '(?=a)')`, character 16: `(?=a)` is no regular expression of the kind used here, without look-around and back-references: look-around, including look-ahead and look-behind, is not supported"
        ],
    ),
]


#: What is personal or money stays so in the steps that follow.
FOLLOWING: Final[Mistakes] = [
    (
        [
            ("week(date)", "add_days(date, length(email))"),
            ("unique: [store, date]", "fresh: {column: week, within: 10d}"),
        ],
        ["16: `week` is personal, and the report would show its newest value; name another column"],
    ),
    (
        [("unique: [store, date]", "range: {price: {min: 0.005}}")],
        ["16: `min: 0.005` is not a whole number of cents; write for example `min: 0.01`"],
    ),
    ([("unique: [store, date]", "range: {price: {min: 0.05}, revenue: {max: 100}}")], []),
    (
        [("unique: [store, date]", "range: {revenue: {max: 0.05}}")],
        ["16: `max: 0.05` is no integer; write for example `max: 0`"],
    ),
    (
        [("drop: [email]", "deduplicate: {by: [store, dat]}")],
        ["19: there is no column `dat`; did you mean `date`?"],
    ),
]

#: Several mistakes at once: none of them hides another, and none makes up one that is not there.
SEVERAL: Final[Mistakes] = [
    (
        [("type: integer, min: 0", "type: int"), ("drop: [email]", "drop: [emial]"), ("format: csv", "quote: ','")],
        [
            "1: `,` cannot both quote and separate values; use another one, or `none`",
            "6: `type` cannot be `int`; did you mean `integer`?",
            "19: there is no column `emial`; did you mean `email`?",
        ],
    ),
    (
        [
            ("take: {region: region_name}", "take: {region: region_name}, mising: null"),
            ("drop: [email]", "drop: [region]"),
        ],
        ["10: unknown key `mising`; did you mean `missing`?"],
    ),
    (
        [("on: {store: store_id}, take", "tkae"), ("drop: [email]", "drop: [region, emial]")],
        [
            "10: `on` is missing; write for example `on: {store: store_id}`",
            "10: unknown key `tkae`; did you mean `take`?",
        ],
    ),
    (
        [('revenue: "units * price"', "revenue: 5"), ('check: "revenue >= 0', 'check: "revenues >= 0')],
        [
            "13: `revenue` must be text, not a number; put it in quotes",
            "15: `revenues >= 0 or price is null`, character 1: there is no column `revenues`; did you mean `revenue`?",
        ],
    ),
    (
        [("unique: [store, date]", "unique: []"), ("name: rich, ", "name: Rich, ")],
        [
            "15: `Rich` is no name of a rule; use up to 63 of a-z, 0-9, _ and -, a-z first",
            "16: `unique` is empty; write for example `unique: [store, date]`",
        ],
    ),
]


@pytest.mark.parametrize(("edits", "messages"), [*DIALECT, *COLUMNS, *STEPS, *RULES, *FOLLOWING, *SEVERAL])
def test_a_mistake_is_shown_at_its_line_with_its_remedy(
    edits: list[tuple[str, str]], messages: list[str], tmp_path: Path
) -> None:
    """Each mistake gives exactly these messages: its line, what is wrong, what would be right, and nothing besides."""
    assert told(write_recipe(tmp_path, *edits)) == messages


@pytest.mark.parametrize(
    ("stores", "message"),
    [
        ("S1,x\n", "line 4: `S1` has other values in line 2; keep one of them"),
        ("S3\n", "line 4: 1 values, and the header has 2; correct it"),
        (",x\n", "line 4: `store_id` is empty; fill it, or remove the row"),
        ('"S\n', "line 4: unexpected end of data; mind its quotes"),
    ],
)
def test_a_mistake_in_a_reference_is_shown_with_its_line(stores: str, message: str, tmp_path: Path) -> None:
    """The recipe's line says who needs the reference, and the message where in it the mistake is."""
    path = write_recipe(tmp_path, stores=f"store_id,region_name\nS1,north\nS2,south\n{stores}")
    assert told(path) == [f"10: `ref/stores.csv`: {message}"]


@pytest.mark.parametrize(
    ("stores", "message"),
    [
        (b"", "it is empty; write a header and rows"),
        (b"store_id,region\n", "it has no column `region_name`; did you mean `region`?"),
        (b"a,a\n", "line 1: the column `a` is twice there; let the names differ"),
        (b"store_id,region_name\nS1,\xe9\n", "line 2: it is not UTF-8; save it as UTF-8"),
        (b"x" * ((64 << 20) + 1), "it has 67,108,865 bytes, and at most 67,108,864 are read; make it a source"),
    ],
)
def test_a_reference_that_is_no_table_is_refused(stores: bytes, message: str, tmp_path: Path) -> None:
    """Its header, its encoding and its size are looked at before any data is."""
    path = write_recipe(tmp_path)
    (tmp_path / "ref/stores.csv").write_bytes(stores)
    assert told(path) == [f"10: `ref/stores.csv`: {message}"]
