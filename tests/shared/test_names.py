"""Ids and names fit the services, are readable, and are the same for the same content."""

import hashlib
import json
import string

import hypothesis.strategies as st
from hypothesis import given

from shared.names import content_hash, fitted, instance_id, release_deployments, slug

PRINTABLE = set(string.ascii_letters + string.digits + "-_.")


@given(st.text(), st.text(), st.integers(min_value=0, max_value=10**9))
def test_instance_ids_fit_the_scheduler(prefix: str, content: str, attempt: int) -> None:
    """Any Unicode prefix gives at most 100 printable ASCII characters without a leading @."""
    made = instance_id(prefix, content, attempt=attempt)
    assert 0 < len(made) <= 100
    assert set(made) <= PRINTABLE
    assert not made.startswith("@")
    assert made == instance_id(prefix, content, attempt=attempt)


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_content_gives_different_ids(one: str, other: str) -> None:
    """Ids differ when the content does, however alike the readable part is."""
    assert (instance_id("train", one) == instance_id("train", other)) == (one == other)


def test_the_attempt_is_readable_at_the_end() -> None:
    """A person sees which attempt an instance is."""
    assert instance_id("train Nachfrage Süd", "v1", attempt=3).startswith("train-nachfrage-s-d-")
    assert instance_id("train", "v1", attempt=3).endswith("-3")


@given(st.text(min_size=1, max_size=80))
def test_fitted_names_fit_azure_ml(name: str) -> None:
    """Any name becomes 3-32 lower-case letters, digits and hyphens, starting with a letter."""
    made = fitted(name)
    assert 3 <= len(made) <= 32
    assert made == slug(made)
    assert made[0].isalpha()


def test_a_name_that_fits_is_kept() -> None:
    """Nothing is hashed without need."""
    assert fitted("departures-jfk-mainline-fast") == "departures-jfk-mainline-fast"


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    """Two dictionaries of the same content count as the same content."""
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


_MODELS = st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True)
_NUMBERS = st.integers(min_value=1, max_value=10**6)
_RELEASES = st.tuples(_MODELS, _NUMBERS, _NUMBERS)


@given(_RELEASES, _RELEASES)
def test_no_two_releases_behind_a_shared_endpoint_have_one_name(
    one: tuple[str, int, int], other: tuple[str, int, int]
) -> None:
    """Whatever models, versions and attempts there are: each deployment is one release's, for testing or serving."""
    made = {
        name
        for model, version, attempt in {one, other}
        for name in release_deployments(str(version), attempt, sharing=model)
    }
    assert len(made) == 2 * len({one, other})
    assert all(3 <= len(name) <= 32 for name in made)
    testing, serving = release_deployments(str(one[1]), one[2], sharing=one[0])
    assert testing.startswith(f"qa-v{one[1]}-")  # retention tells them apart by this
    assert serving.startswith(f"v{one[1]}-")


def test_an_endpoint_of_its_own_needs_no_model_in_its_names() -> None:
    """Deployments there are called as they always were."""
    assert release_deployments("3", 2) == ("qa-v3-2", "v3-2")


@given(st.lists(st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.dictionaries(st.text(), st.text()))))
def test_a_hash_is_of_the_json_of_its_parts(parts: list[object]) -> None:
    """However it is written: ids of instances that run must not change with the code."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert content_hash(*parts, length=64) == hashlib.sha256(text.encode()).hexdigest()
