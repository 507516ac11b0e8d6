"""Inputs and results in stores: S3 as moto serves it, HTTP, and stores that are slow or fail."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.building import build_target
from support.fleet import Fleet, environment
from support.matrix import Build
from support.running import Running, need_kernel_cores

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """An S3 server on loopback; the environment of who asks it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "parked",
            "AWS_SECRET_ACCESS_KEY": "parked",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }
    finally:
        server.stop()


def died(go: str, folder: Path) -> tuple[Path, Path]:
    """An executable, and a core of it that has another path to it."""
    ran = folder / f"ran-{go}" / "decisions"
    ran.parent.mkdir()
    shutil.copy(build_target("decisions", Build(go, "default")), ran)
    with Running(ran, ran.parent, "2") as target:
        core = target.abort().core
    return ran.rename(folder / f"moved-{go}"), core


def test_s3(s3: dict[str, str], dumps: list[Path], tmp_path: Path) -> None:
    """Cores, executables and results; again, nothing is done."""
    import boto3

    need_kernel_cores()
    binary, core = died("1.27", tmp_path)
    options = {name.lower(): value for name, value in s3.items() if "KEY" in name}
    client = boto3.client(
        "s3", endpoint_url=s3["AWS_ENDPOINT_URL"], region_name="eu-central-1", **options
    )
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
    for bucket in ("crashes", "builds", "leaks"):
        client.create_bucket(Bucket=bucket, **place)
    client.upload_file(str(core), "crashes", "2026-11-28/shop/web-1/7.core")
    client.upload_file(str(dumps[0]), "crashes", "2026-11-28/shop/web-2/8.core.zst")
    client.put_object(
        Bucket="crashes", Key="2026-11-28/shop/web-2/8.core.zst.labels.json", Body=b'{"zone": "eu"}'
    )
    client.upload_file(str(binary), "builds", "shop/any-name")
    fleet = Fleet("s3://leaks/november")
    words = ["s3://crashes/2026-11-28/**/*.core*", "--binaries", "s3://builds/"]
    words += ["--path-pattern", "{service}/{host}/*"]
    done = fleet.analyze(*words, env=environment(**s3))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("2 inputs: 2 ok; ")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.items():
            patch.setenv(name, value)
        again = {"binaries": ("s3://builds/",), "path_pattern": "{service}/{host}/*"}
        assert fleet.look(words[0], **again) == {}, fleet.outcomes
        targets = fleet.targets()
        assert len(fleet.table("findings")) >= 2
    assert targets["7.core"]["host"] == "web-1" and targets["7.core"]["program"] == "decisions"
    assert (targets["8.core.zst"]["zone"], targets["8.core.zst"]["kind"]) == ("eu", "dump")
    # Its time in the store is no time of its death.
    assert targets["7.core"]["uptime_seconds"] < 60 and targets["7.core"]["observed_at"]

    # Another build in the place of the one that workers have fetched already.
    binary, core = died("1.26", tmp_path)
    client.upload_file(str(core), "crashes", "2026-11-29/shop/web-1/9.core")
    client.upload_file(str(binary), "builds", "shop/any-name")
    words[0] = "s3://crashes/2026-11-29/**/*.core*"
    done = fleet.analyze(*words, env=environment(**s3))
    assert done.returncode == 0, done.stdout + done.stderr


class Store(ThreadingHTTPServer):
    """Serves /good, fails twice of /twice, and gives of /slow a byte now and then."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.asked = 0
        self.closing = threading.Event()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Store

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name == "twice":
            self.server.asked += 1
            if self.server.asked <= 2:
                self.send_error(503)
                return
        self.do_HEAD()
        if name != "slow":
            self.wfile.write(self.server.content)
            return
        while not self.server.closing.wait(0.2):
            self.wfile.write(b"\x7f")
            self.wfile.flush()


@pytest.fixture
def store(dumps: list[Path]) -> Iterator[Store]:
    server = Store(dumps[0].read_bytes())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_http_that_is_slow_or_fails(fleet: Fleet, store: Store) -> None:
    """What does not answer is tried again; what takes too long costs itself alone."""
    urls = [store.url(name) for name in ("good", "twice", "slow")]
    done = fleet.analyze(*urls, "--timeout", "12", "--workers", "1")
    assert done.returncode == 3, done.stdout + done.stderr
    targets = fleet.targets()
    assert targets["slow"]["problem"] == "it takes longer than 12 s"
    # The other two have the same content: one target.
    assert sorted(row["status"] for row in targets.values()) == ["failed", "ok"]
    assert done.stdout.startswith("3 inputs: 1 failed, ")
    assert store.asked >= 3


def test_a_store_that_is_not_there(fleet: Fleet) -> None:
    done = fleet.analyze("http://127.0.0.1:9/core")
    assert done.returncode in (2, 3) and "Traceback" not in done.stderr, done.stdout + done.stderr
    assert "127.0.0.1" in done.stdout + done.stderr
