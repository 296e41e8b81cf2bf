"""What a release in flight is told."""

from shared import names
from shared.contracts.release import ReleaseWord, TellReleaseInput
from shared.interlock.commands import TellRelease
from shared.interlock.runs import Release


def tell_release(release: Release, word: ReleaseWord, trace: str | None) -> TellRelease:
    """Tell a release; the same word twice is one orchestration."""
    said = names.instance_id(f"tell {release.instance}", word.to_wire(), release.stepped_at)
    return TellRelease(instance=said, input=TellReleaseInput(instance=release.instance, word=word, trace=trace))
