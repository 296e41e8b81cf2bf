"""The interlock under any order of events: duplicates, delays and losses included."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from shared.contracts.interlock import AnyInterlockEvent
from shared.interlock.commands import StartRelease, StartTraining
from shared.interlock.decide import receive
from shared.interlock.state import InterlockState, upcast
from tests.shared.interlock.builders import published, registered, released, requested, trained


class World(RuleBasedStateMachine):
    """Feeds the interlock what a lossy, repeating, reordering world would, and runs what it starts."""

    events = Bundle("events")

    def __init__(self) -> None:
        """A model to which nothing has happened."""
        super().__init__()
        self.state = InterlockState()
        self.trainings: dict[int, str] = {}
        self.releases: list[tuple[int, str]] = []
        self.open_trainings: set[int] = set()
        self.open_releases: set[int] = set()
        self.datasets_trained: list[str] = []
        self.passed: set[str] = set()
        self.told: set[str] = set()

    def _feed(self, event: AnyInterlockEvent) -> None:
        decision = receive(self.state, event.to_wire())
        assert decision.state.revision == self.state.revision + 1
        assert decision.state.decisions[-1].reason
        self.state = upcast(decision.state.to_wire())
        for command in decision.commands:
            if isinstance(command, StartTraining):
                assert not self.open_trainings, "two trainings in flight"
                self.trainings[command.input.attempt] = command.input.dataset.version
                self.open_trainings.add(command.input.attempt)
            elif isinstance(command, StartRelease):
                assert not self.open_releases, "two releases in flight"
                assert command.input.version in self.passed & self.told, "released without verdict and registration"
                self.releases.append((command.input.attempt, command.input.version))
                self.open_releases.add(command.input.attempt)

    @rule(target=events, version=st.integers(1, 6))
    def a_dataset(self, version: int) -> AnyInterlockEvent:
        """A dataset version is published; the event may come any number of times."""
        return published(f"d{version}")

    @rule(target=events, version=st.integers(1, 9))
    def a_registration(self, version: int) -> AnyInterlockEvent:
        """A version is registered, by us or by somebody else."""
        return registered(str(version))

    @rule(event=events)
    def deliver(self, event: AnyInterlockEvent) -> None:
        """Any event so far comes, for the first time or again."""
        if event.kind == "version_registered":
            self.told.add(event.version)
        if event.kind == "dataset_published" and event.dataset.version not in self.trainings.values():
            self.datasets_trained.append(event.dataset.version)
        self._feed(event)

    @rule(version=st.integers(1, 6))
    def a_request(self, version: int) -> None:
        """A person asks for a training."""
        self._feed(requested(f"d{version}"))

    @rule(target=events, outcome=st.sampled_from([True, False, None]), data=st.data())
    def a_training_ends(self, outcome: bool | None, data: st.DataObject) -> AnyInterlockEvent:
        """The training in flight, or one long ended, reports; its event can come again later."""
        if not self.trainings:
            return registered("1")
        attempt = data.draw(st.sampled_from(sorted(self.trainings)))
        in_flight = attempt in self.open_trainings
        event = trained(attempt, str(attempt) if outcome is not None else None, outcome)
        if in_flight:
            self.open_trainings.discard(attempt)
            if outcome:
                self.passed.add(str(attempt))
            self._feed(event)
        return event

    @rule(success=st.booleans(), event=consumes(events))
    def a_release_ends(self, success: bool, event: AnyInterlockEvent) -> None:
        """The release in flight reports; one event of the past is lost."""
        if not self.open_releases:
            return
        attempt = self.open_releases.pop()
        version = dict(self.releases)[attempt]
        self._feed(released(attempt, version, success))

    @invariant()
    def a_version_is_released_once(self) -> None:
        """No version is released twice."""
        versions = [version for _, version in self.releases]
        assert len(versions) == len(set(versions))

    @invariant()
    def attempts_are_unique(self) -> None:
        """Numbers are never given twice."""
        assert len(self.trainings) == self.state.attempts
        assert len(self.releases) == self.state.releases

    @invariant()
    def the_champion_was_released(self) -> None:
        """What is called champion has passed, was registered, and was released."""
        if self.state.champion is not None:
            assert self.state.champion.version in {version for _, version in self.releases} & self.passed & self.told


World.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyOrder = World.TestCase
