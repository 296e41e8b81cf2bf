"""One record of CSV into its values, in plain Python: of headers, and where polars would read it otherwise."""

from shared.conditioning.reading.csv_quotes import Marks


def split(record: str, marks: Marks) -> list[str]:
    """The values of one well-formed record without its line end."""
    delimiter, quote = chr(marks.delimiter), None if marks.quote is None else chr(marks.quote)
    values, place = [], 0
    while True:
        if quote is not None and record.startswith(quote, place):
            end = record.index(quote, place + 1)
            while record.startswith(quote, end + 1):
                end = record.index(quote, end + 2)
            values.append(record[place + 1 : end].replace(quote * 2, quote))
            end += 1
        else:
            end = record.find(delimiter, place)
            end = len(record) if end < 0 else end
            values.append(record[place:end])
        if end == len(record):
            return values
        place = end + 1
