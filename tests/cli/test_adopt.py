"""``signalbox adopt``: which model and version it means, and what it asks the app."""

import pytest

from tests.cli.played import Played, play, run

DONE = {"decision": "accepted", "attempt": None, "reason": "operator:ana adopted version 3."}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """The app behind the command's client."""
    monkeypatch.setattr("getpass.getuser", lambda: "ana")
    return play(monkeypatch)


@pytest.mark.parametrize(
    ("arguments", "model", "more"),
    [
        (("models:/demand/3",), "demand", {}),
        (("azureml:demand:3", "--as", "demand-ohio"), "demand-ohio", {}),
        (("models:/demand@champion", "--replace"), "demand", {"replace": True}),
    ],
)
def test_the_model_is_the_uri_s_own_unless_named(
    played: Played, arguments: tuple[str, ...], model: str, more: dict[str, bool]
) -> None:
    """What was written goes to the app, with who and why."""
    played.answers_to(f"POST /api/models/{model}/adopt", DONE)
    result = run("adopt", *arguments, "--reason", "it serves")
    assert (result.exit_code, result.output) == (0, f"{model}: {DONE['reason']}\n")
    (body,) = played.bodies
    del body["request_id"]
    assert body == {"uri": arguments[0], "reason": "it serves", "by": "operator:ana", **more}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("demand", "--reason", "r"), "names no version of a registered model"),
        (("models:/demand/Production", "--reason", "r"), "names a stage"),
        (("models:/demand/3",), "--reason"),
    ],
)
def test_what_is_not_understood_asks_nothing(played: Played, arguments: tuple[str, ...], told: str) -> None:
    """The message shows how it is written."""
    result = run("adopt", *arguments)
    assert (result.exit_code, told in result.output, played.asked) == (2, True, []), result.output
