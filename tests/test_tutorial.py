"""The tutorial, line by line, as its reader would type it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```(sh|text)\n(.*?)```", re.DOTALL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://localhost:{port}/v1/ready", timeout=5)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the service is not ready after a minute")


@pytest.mark.xdist_group("runs")
def test_every_line_runs_and_prints_what_the_page_says(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs" / "tutorial", tmp_path / "docs" / "tutorial")
    port, bin = free_port(), Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "160"}
    service: subprocess.Popen[str] | None = None
    said: list[str] = []

    def run(line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        return done.stdout

    try:
        for kind, block in BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")):
            if kind == "text":
                printed = said[-1].splitlines()
                for line in filter(None, block.splitlines()):
                    assert line in printed, f"{line!r} is not among\n{said[-1]}"
                continue
            for line in block.replace("8000", str(port)).splitlines():
                if line.endswith(" &"):
                    command = line.removesuffix(" &").split()
                    call = [bin / command[0], *command[1:]]
                    service = subprocess.Popen(call, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
                    wait_for(port)
                elif "%1" in line:
                    assert service is not None
                    run(line.replace("%1", str(service.pid)))
                else:
                    said.append(run(line))
        assert service is not None
        assert service.wait(30) == -signal.SIGTERM
        assert "before it" in (service.communicate()[0] or "")
    finally:
        if service is not None and service.poll() is None:
            service.kill()

    ready, first, event, history, second = (json.loads(text) for text in said if text.startswith("{"))
    assert ready == {"status": "ready"}
    assert len(first["items"]) == len(second["items"]) == 5 and event["applied"] == 1
    assert history["events"][0]["item"]["title"] == "Flour"
    assert first["items"] != second["items"]
    assert "Tea" in said[[text.startswith("{") for text in said].index(True) - 1]
