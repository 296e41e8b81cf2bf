"""The tags by which Signalbox finds its way in a registry, whichever it is."""

from typing import Final

#: Tag of a version and of its run: the job that made it.
JOB_TAG: Final = "signalbox.job"
#: Tag of a version: the champion that it replaced; empty when there was none.
PREVIOUS_TAG: Final = "signalbox.previous"
