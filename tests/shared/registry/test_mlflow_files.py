"""Where a version's files may be read from: whoever registers a version writes that."""

import pytest

from shared.errors import PermanentError
from shared.registry.mlflow_files import require_shared, require_trusted

SERVER = "https://mlflow.example/base"


@pytest.mark.parametrize(
    "source",
    [
        "mlflow-artifacts:/0/abc/artifacts/model",
        "mlflow-artifacts://mlflow.example/0/abc",
        "https://mlflow.example/api/2.0/mlflow-artifacts/artifacts/0",
        "https://MLFLOW.example:443/0",
        "s3://bucket/0/abc",
        "gs://bucket/0/abc",
        "wasbs://container@account.blob.core.windows.net/0",
        "abfss://files@account.dfs.core.windows.net/0",
    ],
)
def test_the_servers_own_host_and_a_clouds_storage_are_asked(source: str) -> None:
    """No token goes anywhere that it does not belong."""
    require_trusted(source, SERVER)


@pytest.mark.parametrize(
    "source",
    [
        "https://other.example/0",
        "http://mlflow.example/0",
        "https://mlflow.example:8443/0",
        "https://mlflow.example@other.example/0",
        "https://other.example\\@mlflow.example/0",
        "https://mlflow.example.other.example/0",
        "https://mlflow.example:port/0",
        "mlflow-artifacts://other.example/0",
        "mlflow-artifacts://mlflow.example:81/0",
        "abfss://files@other.example/0",
        "abfss://files@account.dfs.core.windows.net.other.example/0",
        "ftp://other.example/0",
        "sftp://other.example/0",
        "hdfs://other.example/0",
        "file:///etc",
        "/etc",
        "../secrets",
        "models:/other/1",
        "",
    ],
)
def test_another_host_and_this_machine_are_not(source: str) -> None:
    """The server's token would go there, or files of this machine would be read."""
    with pytest.raises(PermanentError, match="which is not read; let the server hand the artifacts out") as caught:
        require_trusted(source, SERVER)
    assert caught.value.code == "SourceRefused"


@pytest.mark.parametrize("place", ["/var/mlruns/0/abc/artifacts", "file:///var/mlruns/0/abc/artifacts", "mlruns/0"])
def test_a_server_that_has_clients_keep_files_themselves_is_refused(place: str) -> None:
    """Each would write to a disk of its own, and the version would have files that nobody else can read."""
    with pytest.raises(PermanentError, match="start it without `--no-serve-artifacts`, or with") as caught:
        require_shared(place, SERVER)
    assert caught.value.code == "ArtifactsNotShared"
    require_shared("mlflow-artifacts:/0/abc/artifacts", SERVER)
    require_shared("s3://bucket/0/abc", SERVER)
