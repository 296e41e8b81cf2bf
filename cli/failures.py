"""How a command ends that could not do what was asked: a code, what is wrong, what to do; for people, or as JSON."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

#: The app refused, or what was looked at is not well; the command line itself was right.
FAILED: Final = 1
#: The command line was not understood.
MISUSED: Final = 2
#: No Signalbox app has answered.
UNANSWERED: Final = 3
#: Somebody pressed Ctrl-C.
INTERRUPTED: Final = 130


class CommandError(Exception):
    """Why a command ends.

    Args:
        code: For programs: `unknown-model`, `nobody-there`.
        detail: What is wrong, in a sentence.
        remedy: What to do about it; empty where the sentence says so already.
        exit_code: One of those above.
    """

    def __init__(self, code: str, detail: str, remedy: str = "", *, exit_code: int = FAILED) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.exit_code = exit_code


def interrupted(detail: str, remedy: str = "") -> CommandError:
    """Somebody pressed Ctrl-C; `detail` says what goes on all the same."""
    return CommandError("interrupted", detail, remedy, exit_code=INTERRUPTED)


def tell(error: CommandError, *, as_json: bool) -> int:
    """Print why a command ends, to stdout as JSON or to stderr in words; gives the exit code.

    Where nothing can be written to stdout, programs find the words on stderr, too.
    """
    text = ""
    if as_json:
        told = {"code": error.code, "detail": error.detail, "remedy": error.remedy, "exit_code": error.exit_code}
        text = json.dumps({"error": told}, indent=2, ensure_ascii=False) + "\n"
    if not printed(text) or not as_json:
        sign = "" if error.exit_code == INTERRUPTED else "error: "
        sys.stderr.write(f"{sign}{_plain(error.detail)}\n")
        sys.stderr.writelines(f"  {_plain(line)}\n" for line in error.remedy.splitlines())
    return error.exit_code


def printed(text: str) -> bool:
    """Whether a text and all before it is on stdout; where that is not possible, nothing more is tried."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        with suppress(OSError), Path(os.devnull).open("w") as nowhere:  # else the interpreter tries again as it ends
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return False
    return True


def _plain(text: str) -> str:
    """What came from elsewhere must not steer the terminal; its lines stay lines."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)
