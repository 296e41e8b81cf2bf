"""The command ``signalbox``, and ``python -m cli``: Ctrl-C ends it in order from its first moment on."""

import io
import sys


def main() -> None:
    """Run the command line; the process ends with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode is told what it cannot show
    try:
        from cli.main import app  # noqa: PLC0415 - whoever is impatient sees no traceback of an import

        app(prog_name="signalbox")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
