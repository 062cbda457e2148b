"""A true `make run` of its own state directory, with the real local model, and a real Chromium."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "ruche-demo"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# What tests/servers.py set for the other tests; this run makes its own.
OTHERS = re.compile(r"^(DATABASE|REDIS|OPENAI|ANTHROPIC|RUCHE|STRIPE|SECRET_KEY|DJANGO|LOG_LEVEL)")


@dataclass
class Site:
    """A running Ruche: `public` and `demo` are addresses without a final slash."""

    port: int
    state: Path
    process: subprocess.Popen[bytes]

    @property
    def public(self) -> str:
        return f"http://localhost:{self.port}"

    def of(self, slug: str) -> str:
        return f"http://{slug}.localhost:{self.port}"

    @property
    def demo(self) -> str:
        return self.of("demo")

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`manage.py` typed beside the run, in an environment that knows only its state directory."""
        environment = clean_environment() | {"RUCHE_STATE_DIR": str(self.state)}
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not OTHERS.match(name)}


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with running() as running_site:
        yield running_site


@contextmanager
def running(**variables: str) -> Iterator[Site]:
    """A platform of its own with these variables, ready; gone afterwards."""
    port, state = free_port(), Path(tempfile.mkdtemp(prefix="ruche-browser-"))
    environment = clean_environment() | {"RUCHE_STATE_DIR": str(state)} | variables
    log = (state / "run.out").open("wb")
    command = [sys.executable, "-m", "embedded", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    running_site = Site(port, state, process)
    try:
        _wait_until_ready(running_site)
        yield running_site
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        log.close()
        shutil.rmtree(state, ignore_errors=True)


def _wait_until_ready(site: Site) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until and site.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{site.public}/readyz", timeout=2) as answer:
                if json.load(answer)["status"] == "ready":
                    return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"Ruche did not start:\n{(site.state / 'run.out').read_text()[-3000:]}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        if os.environ.get("RUCHE_REQUIRE_BROWSER"):
            pytest.fail("Chromium is not installed, and this run requires it.")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def errors() -> list[str]:
    """What the console of any page said was wrong; each test ends by finding it empty."""
    return []


@pytest.fixture
def new_page(chromium: Browser, errors: list[str]) -> Iterator[Callable[..., Page]]:
    """A page of a new browser profile. `width` 390 is a phone."""
    contexts = []

    def make(*, width: int = 1280, height: int = 860, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        return page

    yield make
    for context in contexts:
        context.close()


def sign_in(page: Page, address: str, email: str, password: str = PASSWORD) -> None:
    page.goto(f"{address}/accounts/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
