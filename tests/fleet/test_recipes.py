"""What docs/fleet.md recommends for Kubernetes and Google's store, without either of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fleet import Fleet, environment
from support.paths import ROOT

pytestmark = pytest.mark.usefixtures("full")


def without_nothing(value: Any) -> Any:
    """The server takes a field that is null for one that is not there."""
    if isinstance(value, dict):
        return {name: without_nothing(each) for name, each in value.items() if each is not None}
    return [without_nothing(each) for each in value] if isinstance(value, list) else value


def plain(schema: Any) -> Any:
    """As JSON Schema has it: what may be a number or a text has no type."""
    if isinstance(schema, dict):
        free = schema.get("x-kubernetes-int-or-string")
        return {name: plain(each) for name, each in schema.items() if not (free and name == "type")}
    return [plain(each) for each in schema] if isinstance(schema, list) else schema


def unknown(value: Any, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Fields that the schema does not know, and that the server would leave out."""
    if isinstance(value, list):
        for each in value:
            yield from unknown(each, schema.get("items", {}), f"{path}[]")
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, each in value.items() if isinstance(value, dict) else ():
        if name in known:
            yield from unknown(each, known[name], f"{path}.{name}")
        elif known and not others:
            yield f"{path}.{name}"


def test_the_manifest_for_kubernetes() -> None:
    """By the CRD of dask-kubernetes, and the models of Kubernetes' own client."""
    dask_kubernetes = pytest.importorskip("dask_kubernetes", reason="pip install dask-kubernetes")
    import jsonschema
    import yaml
    from kubernetes.client import ApiClient

    text = (ROOT / "docs/fleet.md").read_text()
    recipe = re.search(r"\*\*Kubernetes\*\*.*?```python\n(.*?)with KubeCluster", text, re.DOTALL)
    assert recipe
    names: dict[str, Any] = {}
    exec(recipe[1], names)
    spec = without_nothing(names["spec"])
    (found,) = Path(dask_kubernetes.__file__).parent.rglob("crds/daskcluster.yaml")
    (version,) = yaml.safe_load(found.read_text())["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    jsonschema.Draft7Validator(plain(schema)).validate(spec)
    assert list(unknown(spec["spec"], schema["properties"]["spec"])) == []
    client = ApiClient()
    for part in ("worker", "scheduler"):
        pod = spec["spec"][part]["spec"]
        model = client.deserialize(json.dumps(pod), "V1PodSpec", "application/json")
        assert client.sanitize_for_serialization(model) == pod
    args = spec["spec"]["worker"]["spec"]["containers"][0]["args"]
    assert args[:2] == ["dask", "worker"]


def test_gcs(dumps: list[Path]) -> None:
    """Inputs, labels and results; again, nothing is done."""
    pytest.importorskip("gcsfs", reason="pip install gcsfs gcp-storage-emulator")
    server_module = pytest.importorskip("gcp_storage_emulator.server")
    server = server_module.create_server("127.0.0.1", 0, in_memory=True, default_bucket="crashes")
    server.start()
    port = server._api._httpd.server_address[1]
    here = {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*next(iter(here.items())))
        try:
            look_at_gcs(dumps[0], here)
        finally:
            server.stop()


def look_at_gcs(dump: Path, here: dict[str, str]) -> None:
    import fsspec

    store = fsspec.filesystem("gs")
    store.mkdir("leaks")
    place = "crashes/2026-11-28/shop/web-2/8.core.zst"
    store.pipe_file(place, dump.read_bytes())
    store.pipe_file(f"{place}.labels.json", b'{"zone": "eu"}')
    fleet = Fleet("gs://leaks/november")
    words = ("gs://crashes/2026-11-28/**/*.core*", "--path-pattern", "{service}/{host}/*")
    done = fleet.analyze(*words, env=environment(**here))
    assert done.stdout.startswith("1 inputs: 1 ok; "), done.stdout + done.stderr
    again = fleet.analyze(*words, env=environment(**here))
    assert again.stdout.startswith("1 inputs: 1 done before; "), again.stdout + again.stderr
    row = fleet.targets()["8.core.zst"]
    assert (row["host"], row["zone"], row["program"]) == ("web-2", "eu", "decisions")
