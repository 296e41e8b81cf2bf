"""What is answered with a status that more than one operation has, and what such a status means."""

from typing import Final

from functions.api.answers.orchestrations import Begun

BEGUN: Final = {202: (Begun,)}

BAD: Final = "The body or a parameter is wrong; `errors` says where."
NO_MODEL: Final = "No fleet has such a model."
NO_MODEL_YET: Final = "No fleet has such a model, or nothing has happened to it yet."
NO_RUN: Final = "There is no such run."
NOTHING_SELECTED: Final = "There is no such fleet, or nothing with such labels."
