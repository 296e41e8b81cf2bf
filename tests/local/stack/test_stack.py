"""Order, errors and ends of a stack, with small services in place of the real ones."""

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.services.process import LocalServiceError, Port, PortInUse, Service, ServiceFailed, port_is_free
from local.stack.plan import Step
from local.stack.ports import Ports
from local.stack.stack import NAMES, Change, ServiceName, Stack
from local.stack.state import StackRunning
from tests.local.services.polling import eventually

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
AFTER: dict[ServiceName, tuple[str, ...]] = {
    "jobs": ("azurite",),
    "host": ("azurite", "jobs"),
    "blob_events": ("host",),
}
SMALL: tuple[ServiceName, ...] = ("azurite", "jobs", "host", "blob_events")


@dataclass
class Story:
    """What happened to the services, in order."""

    told: list[tuple[ServiceName, Change]] = field(default_factory=list)

    def __call__(self, name: ServiceName, change: Change) -> None:
        """Note a change."""
        self.told.append((name, change))

    def of(self, change: Change) -> list[ServiceName]:
        """The services that went through a change, in order."""
        return [name for name, one in self.told if one == change]


class SmallStack(Stack):
    """A stack of tiny HTTP servers; ``broken`` ones end at once, ``finish`` runs when one is ready."""

    broken: tuple[ServiceName, ...] = ()
    finish: Callable[[ServiceName], None] = staticmethod(lambda _name: None)

    def _make_steps(self, lock: int) -> dict[ServiceName, Step]:
        return {name: self._step(name, lock) for name in NAMES if name in SMALL}

    def _step(self, name: ServiceName, lock: int) -> Step:
        number = getattr(self.ports, "azurite_blob" if name == "azurite" else name)
        code = "raise SystemExit('out of luck')" if name in self.broken else SERVER
        service = Service(
            name,
            (sys.executable, "-c", code, str(number)),
            self.state.logs / f"{name}.log",
            f"http://127.0.0.1:{number}/",
            (Port(number, f"SETTING_{name}"),),
            grace=2.0,
            holds=(lock,),
        )
        return Step(service, AFTER.get(name, ()), finish=lambda: self.finish(name))


def all_free(ports: Ports) -> bool:
    """Whether nothing listens on the ports of the small services."""
    return all(port_is_free(one) for one in (ports.azurite_blob, ports.jobs, ports.host, ports.blob_events))


def test_services_start_after_what_they_need_and_end_before_it(tmp_path: Path) -> None:
    """Ready in the order of need; stopped in the other direction; ports free and state released afterwards."""
    story = Story()
    with SmallStack(tmp_path, ports=Ports.free(), on_event=story) as stack:
        stack.check()
        with pytest.raises(StackRunning):
            SmallStack(tmp_path).up()
    assert story.of("ready") == ["azurite", "jobs", "host", "blob_events"]
    assert story.told.index(("azurite", "ready")) < story.told.index(("jobs", "starting"))
    stopped = story.of("stopped")
    assert stopped.index("blob_events") < stopped.index("host") < stopped.index("azurite")
    assert all_free(stack.ports)
    with SmallStack(tmp_path, ports=Ports.free()) as again:
        assert again.ports == stack.ports


def test_a_service_that_fails_takes_the_others_down(tmp_path: Path) -> None:
    """up() raises the error of the service that failed, what needs it never starts, and nothing keeps running."""
    story = Story()
    stack = SmallStack(tmp_path, ports=Ports.free(), on_event=story)
    stack.broken = ("host",)
    with pytest.raises(ServiceFailed, match=r"(?s)host ended before it was ready \(exit code 1\).*out of luck"):
        stack.up()
    assert story.of("failed") == ["host"]
    assert "blob_events" not in story.of("starting")
    assert all_free(stack.ports)
    stack.broken = ()
    with stack:
        stack.check()


def test_an_error_after_a_start_ends_the_stack_too(tmp_path: Path) -> None:
    """What is done once a service is ready (containers, webhooks) is part of the start."""

    def refuse(name: ServiceName) -> None:
        if name == "jobs":
            raise LocalServiceError("no containers today")

    stack = SmallStack(tmp_path, ports=Ports.free())
    stack.finish = refuse
    with pytest.raises(LocalServiceError, match="no containers today"):
        stack.up()
    assert all_free(stack.ports)


def test_a_taken_port_is_found_before_anything_starts(tmp_path: Path) -> None:
    """PortInUse for a late service, and not one process was started."""
    story, ports = Story(), Ports.free()
    taken = socket.create_server(("127.0.0.1", ports.blob_events))
    with taken, pytest.raises(PortInUse, match="SETTING_blob_events"):
        SmallStack(tmp_path, ports=ports, on_event=story).up()
    assert story.told == []
    assert not (tmp_path / "ports.json").exists()


def test_a_killed_service_is_noticed_and_can_be_restarted(tmp_path: Path) -> None:
    """check() names the service that ended; restart brings it back on the same port, the others stay."""
    with SmallStack(tmp_path, ports=Ports.free()) as stack:
        others = {name: stack.service(name).pid for name in SMALL if name != "host"}
        stack.kill("host")
        with pytest.raises(ServiceFailed, match=r"host ended by itself \(killed by SIGKILL\)"):
            stack.check()
        stack.restart_host()
        stack.check()
        assert others == {name: stack.service(name).pid for name in others}


def test_the_host_is_restarted_with_other_settings(tmp_path: Path) -> None:
    """What is given is the app's environment from then on, and what the stack says of its settings."""
    with SmallStack(tmp_path, ports=Ports.free()) as stack:
        stack.restart_host({"SIGNALBOX_SETTLE_SECONDS": "7"})
        assert stack.service("host").service.env["SIGNALBOX_SETTLE_SECONDS"] == "7"
        assert stack.settings()["SIGNALBOX_SETTLE_SECONDS"] == "7"
        stack.restart_host()
        assert stack.service("host").service.env["SIGNALBOX_SETTLE_SECONDS"] == "7"
        stack.check()


def test_callers_settings_come_first(tmp_path: Path) -> None:
    """A caller adds settings of the app and replaces those of the stack."""
    stack = Stack(tmp_path, settings={"SIGNALBOX_FLEET": "mine.yaml", "SIGNALBOX_SETTLE_SECONDS": "1"})
    settings = stack.settings()
    assert (settings["SIGNALBOX_FLEET"], settings["SIGNALBOX_SETTLE_SECONDS"]) == ("mine.yaml", "1")
    assert settings["SIGNALBOX_JOBS_URL"] == stack.jobs_url
    assert settings["SIGNALBOX_TELEMETRY"] == f"file:{tmp_path / 'traces.jsonl'}"


def test_ports_are_free_soon_after_a_stack(tmp_path: Path) -> None:
    """down() may be called twice, and before up()."""
    stack = SmallStack(tmp_path, ports=Ports.free())
    stack.down()
    stack.up()
    stack.down()
    stack.down()
    assert eventually(lambda: all_free(stack.ports), 5.0)
