"""How long something lasted, in the same words on the page and in a terminal."""


def lasted(seconds: float) -> str:
    """A time that is read at a glance: `12 ms`, `3.4 s`, `5 min 7 s`, `2 h 30 min`, `3 d 4 h`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, below, size, part in (("min", "s", 60, 1), ("h", "min", 3600, 60), ("d", "h", 86400, 3600)):
        if whole < size * (60 if unit == "min" else 24) or unit == "d":
            return f"{whole // size} {unit} {whole % size // part} {below}"
    raise AssertionError("days are the last")
