"""The supervisor, PostgreSQL and Redis are the real ones; Ruche itself is a stand-in."""

from __future__ import annotations

import http.client
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

from tests.run.conftest import Starter
from tests.run.people import Started, stand_in


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def named(started: Started, words: str) -> psutil.Process:
    return next(process for process in started.seen if words in " ".join(process.cmdline()))


def test_it_says_where_to_go_in_both_languages(running: Started, port: int) -> None:
    text = running.text()
    assert "Ruche est prête." in text
    assert "Ruche is ready." in text
    for address in (f"http://localhost:{port}/admin/", f"http://demo.localhost:{port}/"):
        assert address in text
    for login in ("operator@ruche.test / ruche-demo", "owner@demo.test / ruche-demo"):
        assert login in text


def test_every_line_says_who_wrote_it_on_screen_and_in_the_file(running: Started) -> None:
    assert "web      | web speaks" in running.text()
    assert "web      | web speaks" in (running.state / "log" / "ruche.log").read_text()


def test_secrets_are_for_their_owner_only(running: Started) -> None:
    for name in ("secret_key", "postgres/passwords.json", "redis/password", "redis/redis.conf"):
        assert (running.state / name).stat().st_mode & 0o777 == 0o600, name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_leaves_nothing(running: Started, number: signal.Signals) -> None:
    begun = time.monotonic()
    running.signal(number)
    assert running.ended() == 0
    assert running.left() == []
    assert time.monotonic() - begun < 10
    assert list((running.state / "run").iterdir()) == []


def test_a_second_signal_hurries(running: Started) -> None:
    begun = time.monotonic()
    running.signal(signal.SIGINT)
    time.sleep(0.3)
    running.signal(signal.SIGINT)
    running.ended()
    assert time.monotonic() - begun < 3
    assert running.left() == []


def test_a_stop_while_starting_leaves_nothing(state: Path, port: int, keep: Starter) -> None:
    started = keep(stand_in(state, port))
    started.wait_for("starting")
    time.sleep(0.1)
    started.look()
    started.signal(signal.SIGTERM)
    assert started.ended() == 0
    assert started.left() == []


def test_state_survives_and_a_later_start_is_quick(running: Started, port: int, keep: Starter) -> None:
    secret = (running.state / "secret_key").read_text()
    running.signal(signal.SIGTERM)
    running.ended()
    begun = time.monotonic()
    again = keep(stand_in(running.state, port))
    again.wait_for("Ruche is ready")
    assert time.monotonic() - begun < 6
    assert (running.state / "secret_key").read_text() == secret


def test_a_busy_port_is_named_with_a_way_out(state: Path, port: int, keep: Starter) -> None:
    with socket.create_server(("127.0.0.1", port)):
        started = keep(stand_in(state, port))
        assert started.ended() == 2
    (line,) = started.text().splitlines()
    assert f"port {port} is in use" in line
    assert "make run PORT=" in line


def test_a_second_run_on_the_same_state_is_refused(running: Started, port: int, keep: Starter) -> None:
    second = keep(stand_in(running.state, port + 1))
    assert second.ended() == 2
    (line,) = second.text().splitlines()
    assert f"process {running.process.pid}" in line
    assert f"http://localhost:{port}/" in line
    assert answers(port)


def test_a_killed_run_is_recovered_from(running: Started, port: int, keep: Starter) -> None:
    running.signal(signal.SIGKILL)
    running.ended()
    again = keep(stand_in(running.state, port))
    again.wait_for("Ruche is ready")
    assert running.left(2) == []
    assert answers(port)


def test_stop_ends_a_run_from_outside(running: Started, keep: Starter) -> None:
    stopper = keep(Started([*running.command[:-2], "--stop"], running.state))
    assert stopper.ended() == 0
    assert running.ended() == 0
    assert running.left() == []


def test_a_child_that_dies_is_started_again(running: Started, port: int) -> None:
    named(running, "web speaks").kill()
    until = time.monotonic() + 10
    running.wait_for("web was killed by signal 9; starting it again")
    while not answers(port):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_what_a_dead_child_had_started_is_ended(running: Started) -> None:
    horse = named(running, "time.sleep(600)")
    named(running, "process_group=0").kill()
    running.wait_for("worker was killed by signal 9")
    running.wait_for("horse")
    assert not horse.is_running() or horse.status() == psutil.STATUS_ZOMBIE


def test_a_child_that_keeps_dying_stops_everything(state: Path, port: int, keep: Starter) -> None:
    started = keep(stand_in(state, port, STAND_IN_WORKER="die"))
    started.wait_for("starting it again")
    assert started.ended(60) == 1
    assert "worker ended with status 3, 6 times in a minute" in started.text().splitlines()[-1]
    assert started.left() == []


def test_a_failing_preparation_is_one_line_that_names_the_log(state: Path, port: int, keep: Starter) -> None:
    started = keep(stand_in(state, port, STAND_IN_PREPARE="fail"))
    assert started.ended(60) == 1
    last = started.text().splitlines()[-1]
    assert "could not be prepared" in last
    assert str(state / "log" / "ruche.log") in last
    assert started.left() == []


def test_a_database_that_dies_stops_everything(running: Started) -> None:
    named(running, "postgres -D").kill()
    assert running.ended() == 1
    assert "postgres ended by itself" in running.text().splitlines()[-1]
    assert running.left(2) == []
