"""What may be changed, and when: the rules of the control plane, each change at most once."""

from typing import Any

from local.services.scoring.definitions import NAME_PATTERN, Deployment, Endpoint, Wanted
from local.services.scoring.store import ScoringStore
from local.services.scoring.supervisor import Supervisor
from local.services.scoring.traffic import Routes, check, routes_of
from local.services.web import ServiceError


class Control:
    """Changes endpoints, deployments and traffic; a change that is already there is none."""

    def __init__(self, store: ScoringStore, supervisor: Supervisor) -> None:
        self._store = store
        self._supervisor = supervisor

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint.

        Raises:
            ServiceError: 404.
        """
        found = self._store.find_endpoint(name)
        if found is None:
            raise ServiceError(404, "NotFound", f"there is no endpoint {name!r}")
        return found

    def deployment(self, endpoint: str, name: str) -> Deployment:
        """The deployment.

        Raises:
            ServiceError: 404.
        """
        found = self._store.find_deployment(self.endpoint(endpoint).name, name)
        if found is None:
            raise ServiceError(404, "NotFound", f"endpoint {endpoint!r} has no deployment {name!r}")
        return found

    def put_endpoint(self, name: str, tags: dict[str, str]) -> bool:
        """Make sure that the endpoint exists; return whether it is new."""
        _check_name("endpoint", name)
        if self._store.find_endpoint(name) is not None:
            return False
        self._store.create_endpoint(name, tags)
        return True

    async def delete_endpoint(self, name: str) -> bool:
        """Delete the endpoint and its deployments; return False if there is none.

        Raises:
            ServiceError: 409 while a deployment has traffic.
        """
        endpoint = self._store.find_endpoint(name)
        if endpoint is None:
            return False
        if any(endpoint.traffic.values()):
            raise ServiceError(
                409, "HasTraffic", f"endpoint {name!r} has traffic {endpoint.traffic}: set it to 0 first"
            )
        deployments = self._store.deployments(name)
        for deployment in deployments:
            self._store.delete_deployment(deployment)
        self._store.delete_endpoint(name)
        for deployment in deployments:
            await self._supervisor.end(deployment)
        return True

    def put_deployment(self, endpoint: str, name: str, wanted: Wanted) -> tuple[Deployment, bool]:
        """Make sure that the deployment exists; return it and whether it is new.

        Raises:
            ServiceError: 409 when it exists and is another.
        """
        _check_name("deployment", name)
        self.endpoint(endpoint)
        existing = self._store.find_deployment(endpoint, name)
        if existing is None:
            created = self._store.create_deployment(endpoint, name, wanted)
            self._supervisor.start(created)
            return created, True
        if not wanted.is_served_by(existing):
            what = f"the model {existing.model}" if existing.model != wanted.model else "another definition"
            remedy = "deploy under another name, or delete it first"
            raise ServiceError(409, "UserError", f"deployment {name!r} exists with {what}: {remedy}")
        return existing, False

    async def delete_deployment(self, endpoint: str, name: str) -> bool:
        """Delete the deployment; return False if there is none.

        Raises:
            ServiceError: 409 while it has traffic.
        """
        deployment = self._store.find_deployment(endpoint, name)
        if deployment is None:
            return False
        found = self.endpoint(endpoint)
        for what, shares in (("of the traffic", found.traffic), ("of the traffic mirrored to it", found.mirror)):
            if share := shares.get(name, 0):
                raise ServiceError(409, "HasTraffic", f"deployment {name!r} has {share} % {what}: set it to 0 first")
        self._store.delete_deployment(deployment)
        await self._supervisor.end(deployment)
        return True

    def put_traffic(self, endpoint: str, body: dict[str, Any]) -> Routes:
        """Set the traffic split and what is mirrored; return both.

        Raises:
            ServiceError: 400 when the shares are no percentages, or a deployment cannot take traffic.
        """
        present = self.endpoint(endpoint)
        routes = routes_of(body, present)
        if routes != Routes(present.traffic, present.mirror):
            check(routes, endpoint, self._store.deployments(endpoint))
            self._store.set_traffic(endpoint, routes.traffic, routes.mirror)
        return routes


def _check_name(kind: str, name: str) -> None:
    if not NAME_PATTERN.fullmatch(name):
        rule = "3-32 letters, digits or '-', starting with a letter and not ending with '-'"
        raise ServiceError(400, "InvalidName", f"{kind} name {name!r}: {rule}")
