"""Where a run keeps what it knows, in the data container."""


def run_folder(fleet: str, run: str) -> str:
    """All documents of a run, and nothing else."""
    return f"runs/{fleet}/{run}/"


def plan_path(fleet: str, run: str) -> str:
    """The cells, as they were found."""
    return f"{run_folder(fleet, run)}plan.json"


def cells_path(fleet: str, run: str) -> str:
    """How each cell stands, while the run goes on."""
    return f"{run_folder(fleet, run)}cells.json"


def digest_path(fleet: str, run: str) -> str:
    """What it came to; written once."""
    return f"{run_folder(fleet, run)}digest.json"


def waiting_folder(fleet: str, run: str) -> str:
    """Requests for approval that were kept for the run's digest."""
    return f"{run_folder(fleet, run)}waiting/"


def waiting_path(fleet: str, run: str, key: str) -> str:
    """One of them."""
    return f"{waiting_folder(fleet, run)}{key}.json"
