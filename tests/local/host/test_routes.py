"""Route templates, without a host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.errors import AppLoadError
from local.host.functions import Function
from local.host.routes import Route, decode_path, find_route, make_route


def route(template: str, *methods: str, prefix: str = "api") -> Route:
    """The route of a function with this template."""
    trigger = {"type": "httpTrigger", "name": "req", "route": template, "methods": methods}
    return make_route(Function(template, template, trigger, ()), prefix)


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("models/{name}", "api/models/m1", {"name": "m1"}),
        ("models/{name}", "api/models", None),
        ("models/{name}", "api/models/a/b", None),
        ("models/{name?}", "api/models", {}),
        ("models/{name=all}", "api/models", {"name": "all"}),
        ("m/{id:int}", "api/m/-12", {"id": "-12"}),
        ("m/{id:int}", "api/m/9999999999", None),
        ("m/{id:long}", "api/m/9999999999", {"id": "9999999999"}),
        ("m/{id:int?}", "api/m", {}),
        ("m/{id:guid}", "api/m/7f9c0a3e-2b60-4d0e-9c3b-0d9a9ad2f1aa", {"id": "7f9c0a3e-2b60-4d0e-9c3b-0d9a9ad2f1aa"}),
        ("m/{id:guid}", "api/m/7f9c", None),
        ("m/{a:alpha:minlength(3)}", "api/m/abc", {"a": "abc"}),
        ("m/{a:alpha:minlength(3)}", "api/m/ab", None),
        ("m/{a:length(2,3)}", "api/m/abc", {"a": "abc"}),
        ("m/{a:range(1,5)}", "api/m/6", None),
        ("m/{a:bool}", "api/m/True", {"a": "True"}),
        ("m/{a:double}", "api/m/1.5", {"a": "1.5"}),
        ("{year:int}-{month:int}/x", "api/2026-11/x", {"year": "2026", "month": "11"}),
        ("file.{extension}", "api/file.csv", {"extension": "csv"}),
        ("{*rest}", "api/a/b", {"rest": "a/b"}),
        ("a.b", "api/aXb", None),
    ],
)
def test_templates(template: str, path: str, expected: dict[str, str] | None) -> None:
    """What ASP.NET's templates match, and the parameters that come out."""
    assert route(template).match(path) == expected


def test_a_function_without_a_route_is_reached_by_its_name() -> None:
    """The default template is the function's name, under the prefix."""
    trigger = {"type": "httpTrigger", "name": "req"}
    assert make_route(Function("ping", "1", trigger, ()), "api").match("api/ping") == {}


def test_an_empty_prefix_leaves_the_template_alone() -> None:
    """As with ``"routePrefix": ""``."""
    assert route("ping", prefix="").match("ping") == {}


def test_the_most_literal_route_is_found_first() -> None:
    """Literal before constrained before bare before catch-all, whatever the order of registration."""
    routes = sorted((route(t) for t in ("{*any}", "{name}", "{id:int}", "new")), key=lambda r: r.rank)
    found = [find_route(routes, "GET", path) for path in ("/api/new", "/api/7", "/api/x", "/api/x/y")]
    assert [match[0].function.name for match in found if match] == ["new", "{id:int}", "{name}", "{*any}"]


def test_another_method_finds_another_route() -> None:
    """Methods are part of the match; a route without methods takes any."""
    routes = [route("x", "GET"), route("x/", "POST")]
    assert [r.template for r in routes] == ["api/x", "api/x"]
    found = find_route(routes, "POST", "/api/x")
    assert found is not None
    assert found[0].function.name == "x/"
    assert find_route(routes, "PUT", "/api/x") is None


@pytest.mark.parametrize("template", ["m/{id:prime}", "m/{", "m/}x", "m/{a b}"])
def test_what_is_no_template_is_refused_by_name(template: str) -> None:
    """The error names the function."""
    with pytest.raises(AppLoadError, match="function "):
        route(template)


@given(value=st.text(min_size=1).filter(lambda text: "/" not in text))
def test_any_text_travels_through_a_path(value: str) -> None:
    """Percent-encoded by a caller, a segment arrives as it was."""
    from urllib.parse import quote

    assert route("m/{value}").match(decode_path(f"/api/m/{quote(value, safe='', errors='surrogatepass')}")) is not None
