"""The page for people in a real Chromium, over a real stack on which the example's models were released."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.e2e.running import FAST, SLOW, Running, eventually
from tests.local.services.live_service import free_port

ROOT = Path(__file__).parents[2]

#: Wide in light, and as narrow as a telephone in dark.
LOOKS = {"wide and light": ("light", 1280), "narrow and dark": ("dark", 360)}
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Chromium; on Debian: apt-get install chromium")

#: The least contrast of any text with what lies behind it, and what that is.
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (one) => one.slice(0, 3).map((c) => c / 255)
    .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  let worst = [99, ''];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.getClientRects().length) continue;
    const [one, other] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < worst[0]) worst = [ratio, element.outerHTML.slice(0, 200)];
  }
  return worst;
}"""
#: What is focused now: its text, and whether one sees that.
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  const name = one.textContent.trim() || one.getAttribute('aria-label') || one.name || one.tagName;
  return [one.tagName, name, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a screen."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Watched:
    """A browser's window, with all that went wrong in it.

    Attributes:
        wrong: Errors of the console, what a policy has refused, requests that failed or went elsewhere.
    """

    def __init__(self, browser: Browser, origin: str, look: str) -> None:
        scheme, width = LOOKS[look]
        options: Any = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
        self.context: BrowserContext = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self._origin = origin
        self.page.on("console", lambda said: self.wrong.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("requestfailed", self._fail)
        self.page.on("request", lambda request: self._see(request.url))

    def open(self, path: str) -> int:
        """Go there; the answer's status."""
        answer = self.page.goto(f"{self._origin}/api/dashboard{path}", wait_until="networkidle")
        assert answer is not None
        return answer.status

    def _fail(self, request: Request) -> None:
        """A picture whose page is left before it has come is not asked for any more: that is no fault."""
        if "ERR_ABORTED" not in (request.failure or ""):
            self.wrong.append(f"failed: {request.url} {request.failure}")

    def _see(self, url: str) -> None:
        if not url.startswith((f"{self._origin}/api/dashboard", "data:image/svg+xml,")):
            self.wrong.append(f"asked for {url}")


@pytest.fixture(scope="module")
def paths(released: Running) -> dict[str, str]:
    """Every page of the real fleet."""
    version = released.model(FAST).row["dataset"]
    release = next(row["entry"]["by"] for row in reversed(released.observer.ledger(FAST)))
    happened = {"version": "1", "period": "2014-01", "figures": {"mape": 0.11}, "reference": {"mape": 0.2}}
    released.http.post(f"/api/observations/{SLOW}", json=happened).raise_for_status()
    asked = released.http.post("/api/datafactory/train", json={"fleet": "flights", "request_id": "page-1"})
    run = asked.json()["id"]
    released.finished(asked.json()["statusQueryGetUri"])
    return {
        "home": "",
        "home by other labels": "?rows=movement&columns=origin",
        "models": "/models",
        "online model": f"/models/{FAST}",
        "batch model": f"/models/{SLOW}",
        "datasets": "/datasets",
        "dataset": f"/datasets/departures/{version}",
        "runs": "/runs",
        "run of the fleet": f"/runs/{run}",
        "release": f"/runs/{release}",
        "arrivals": "/arrivals",
    }


@pytest.fixture
def locked(released: Running, tmp_path: Path) -> Iterator[str]:
    """Another host of the same app, which asks for keys as Azure does; where it is. Its key is `a key/+`."""
    keys = {"masterKey": "master", "functionKeys": {"default": "a key/+"}, "systemKeys": {}}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    port = free_port()
    command = [
        sys.executable, "-m", "local.host", "--app", str(ROOT), "--port", str(port), "--enforce-auth",
        "--state", str(tmp_path / "durable.db"),
    ]  # fmt: skip
    with (tmp_path / "log").open("w") as log:
        env = {**os.environ, **released.stack.settings()}
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
    origin = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: httpx.get(f"{origin}/api/dashboard").status_code, lambda status: status == 401, "the host")
        yield origin
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(params=LOOKS)
def watched(request: pytest.FixtureRequest, browser: Browser, released: Running) -> Iterator[Watched]:
    """A window of each size and scheme."""
    found = Watched(browser, released.stack.host_url, request.param)
    yield found
    found.context.close()


def test_every_page_is_whole(watched: Watched, paths: dict[str, str]) -> None:
    """No error, nothing refused or from elsewhere, no text hard to read, nothing wider than the window, no blank."""
    from PIL import Image

    for name, path in paths.items():
        assert watched.open(path) == 200, name
        assert watched.wrong == [], name
        width = watched.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1], f"{name} is {width[0]} wide"
        least, where = watched.page.evaluate(CONTRAST)
        assert least >= 4.5, f"{name}: contrast {least:.2f} of {where}"
        assert watched.page.evaluate("[...document.images].every((one) => one.complete && one.naturalWidth > 0)"), name
        shot = Image.open(io.BytesIO(watched.page.screenshot()))
        colours = shot.convert("RGB").getcolors(shot.width * shot.height)
        assert colours is not None
        assert len(colours) > 50, f"{name} is blank"


def test_a_model_shows_its_figures_and_its_pictures(watched: Watched, paths: dict[str, str]) -> None:
    """MAPE over versions, forecast against actual, and the lineage as a graph; the forecasts of a batch model."""
    watched.open(paths["batch model"])
    sources = watched.page.evaluate("[...document.images].map((one) => new URL(one.src).pathname.split('/').pop())")
    assert {"chart.svg", "forecast.svg", "lineage.svg"} <= set(sources)
    text = watched.page.inner_text("main")
    assert "in production" in text
    assert "has published" in text
    assert re.search(r"2014-01\s+1\s+MAPE\s+11.0 %\s+20.0 %\s+better", text)
    assert "the ledger’s chain is unbroken" in text


def test_the_trace_of_a_release_is_on_its_page(watched: Watched, paths: dict[str, str]) -> None:
    """From its first step to its last, as bars of time."""
    watched.open(paths["release"])
    assert watched.page.locator(".trace .span").count() > 5
    assert "release_model" in watched.page.inner_text(".trace")


def test_the_page_is_walked_with_the_keyboard(watched: Watched, paths: dict[str, str]) -> None:
    """The first key leads past the navigation, every link is reached in turn, and one sees where one is."""
    watched.open(paths["home"])
    watched.page.keyboard.press("Tab")
    assert watched.page.evaluate(FOCUSED) == ["A", "Skip to the content", True]
    watched.page.keyboard.press("Enter")
    assert watched.page.evaluate("document.activeElement.id") == "main"
    reached = []
    reachable = ("a", "select", "button", "summary", "[tabindex='0']")
    for _ in range(watched.page.locator(", ".join(f"main {one}:visible" for one in reachable)).count()):
        watched.page.keyboard.press("Tab")
        tag, name, seen = watched.page.evaluate(FOCUSED)
        assert seen, f"one does not see that {tag} {name} is focused"
        reached.append(tag)
    assert reached.count("A") == watched.page.locator("main a:visible").count()


def test_one_gets_from_page_to_page_by_links(watched: Watched, paths: dict[str, str]) -> None:
    """From the fleet to a model, to its data, and to the run that released it."""
    watched.open(paths["home"])
    watched.page.click(f".heat a[href$='{FAST}']")
    assert watched.page.inner_text("h1") == FAST
    watched.page.click("a[href*='/datasets/departures/']")
    assert "Quality report" in watched.page.inner_text("main")
    watched.page.click(f"main a[href$='/models/{FAST}']")
    watched.page.click(".story a >> nth=0")
    assert watched.page.inner_text("h2#trace") == "Trace"
    watched.page.click("nav >> text=Home")
    watched.page.select_option("select[name=rows]", "movement")
    watched.page.click("text=Show")
    assert "rows=movement" in watched.page.url
    assert watched.wrong == []


def test_with_a_key_every_page_and_picture_is_reached_by_links(browser: Browser, locked: str) -> None:
    """The address has it once, and from there on every link, form and picture; nobody reads it on the screen."""
    window = Watched(browser, locked, "wide and light")
    assert window.open("?code=a+key%2F%2B") == 200
    window.page.click("text=Show")
    window.page.click(f".heat a[href*='/models/{SLOW}']")
    window.page.wait_for_load_state("networkidle")
    assert window.page.inner_text("h1") == SLOW
    assert window.page.evaluate("[...document.images].every((one) => one.complete && one.naturalWidth > 0)")
    assert "a key" not in window.page.inner_text("html")
    window.page.click("nav >> text=Models")
    assert window.page.inner_text("h1") == "Models"
    assert window.wrong == []
    window.context.close()


def test_what_does_not_exist_is_a_page_that_leads_on(watched: Watched) -> None:
    """Names the nearest model; the console says 404 and nothing else."""
    assert watched.open(f"/models/{FAST[:-1]}") == 404
    assert watched.page.locator(f"main a[href$='/models/{FAST}']").count() == 1
    assert [one for one in watched.wrong if "404" not in one] == []
