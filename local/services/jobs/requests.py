"""Bodies of requests, and the service's refusals as answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from local.services.jobs.assets import VersionTakenError
from local.services.jobs.batch import BatchConflictError, BatchNotFoundError
from local.services.jobs.definitions import JobError
from local.services.jobs.submission import ConflictError
from local.services.web import ServiceError, read_object


async def read_model[Body: BaseModel](request: Request, body: type[Body]) -> Body:
    """The body of a request.

    Raises:
        ServiceError: 400 when it is not of that form.
    """
    try:
        return body.model_validate(await read_object(request))
    except ValidationError as error:
        raise ServiceError(400, "InvalidRequest", _first_problem(error)) from error


@contextmanager
def refusals() -> Iterator[None]:
    """Answer 400 to what cannot be, 404 to what is not there and 409 to what contradicts what is there."""
    try:
        yield
    except JobError as error:
        raise ServiceError(400, error.code, error.message) from error
    except VersionTakenError as error:
        raise ServiceError(409, error.code, str(error)) from error
    except (ConflictError, BatchConflictError) as error:
        raise ServiceError(409, "UserError", str(error)) from error
    except BatchNotFoundError as error:
        raise ServiceError(404, "NotFound", str(error)) from error


def _first_problem(error: ValidationError) -> str:
    problem = max(error.errors(), key=lambda one: len(one["loc"]))  # of a union's many, the one that got furthest
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
