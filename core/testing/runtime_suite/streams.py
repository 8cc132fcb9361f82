"""Promises about what goes in and out of a container: logs, exec, attach, port-forward, statistics."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta

import pytest

from sampan.core.contracts.runtime import EXEC_OUTPUT_BYTES, LogOptions, RuntimeFailure, Stream
from sampan.core.errors import NotFound
from sampan.core.testing.runtime_suite.bench import Bench, RuntimeBench

STAMPED = re.compile(rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)) (.*\n)$")
"""A line with its time, exact to the second or better."""


def read_all(stream: Stream) -> dict[str, bytes]:
    """Both streams, to their end."""
    pieces: dict[str, bytes] = {"stdout": b"", "stderr": b""}
    while (piece := stream.read()) is not None:
        pieces[piece[0]] += piece[1]
    return pieces


def read_until(stream: Stream, text: bytes) -> bytes:
    seen = b""
    while text not in seen:
        piece = stream.read()
        assert piece is not None, f"the stream ended before {text!r}: {seen!r}"
        seen += piece[1]
    return seen


class LogPromises(RuntimeBench):
    """`logs`."""

    def test_logs_are_whole_lines_and_outlive_the_container(self, real: Bench) -> None:
        container_id = real.pod().run(script="for i in 1 2 3; do echo line $i; done")
        real.ended(container_id)
        assert list(real.runtime.logs(container_id, LogOptions())) == [b"line 1\n", b"line 2\n", b"line 3\n"]

    def test_the_tail_is_the_last_lines(self, real: Bench) -> None:
        container_id = real.pod().run(script="seq 1000")
        real.ended(container_id)
        assert real.output(container_id, LogOptions(tail_lines=2)) == b"999\n1000\n"
        assert real.output(container_id, LogOptions(tail_lines=0)) == b""
        assert real.output(container_id, LogOptions(tail_lines=5000)).count(b"\n") == 1000

    def test_one_stream_can_be_asked_for(self, real: Bench) -> None:
        container_id = real.pod().run(script="echo out; echo err >&2")
        real.ended(container_id)
        assert real.output(container_id, LogOptions(stream="Stdout")) == b"out\n"
        assert real.output(container_id, LogOptions(stream="Stderr")) == b"err\n"
        assert sorted(real.runtime.logs(container_id, LogOptions())) == [b"err\n", b"out\n"]

    def test_lines_can_carry_their_time(self, real: Bench) -> None:
        container_id = real.pod().run(script="echo one; sleep 1.2; echo two")
        started = real.ended(container_id).started_at
        assert started is not None
        lines = [STAMPED.match(line) for line in real.runtime.logs(container_id, LogOptions(timestamps=True))]
        texts = [match.group(2) for match in lines if match]
        assert texts == [b"one\n", b"two\n"]
        times = [when(match.group(1)) for match in lines if match]
        assert timedelta(seconds=0.9) < times[1] - times[0] < timedelta(seconds=20)

    def test_since_leaves_older_lines_out(self, real: Bench) -> None:
        container_id = real.pod().run(script="echo one; sleep 2.2; echo two")
        real.ended(container_id)
        stamped = list(real.runtime.logs(container_id, LogOptions(timestamps=True)))
        second = when(stamped[1].split(b" ")[0])
        assert real.output(container_id, LogOptions(since=second - timedelta(seconds=0.5))) == b"two\n"
        assert real.output(container_id, LogOptions(since=second + timedelta(seconds=60))) == b""

    def test_following_brings_lines_as_they_come_and_ends_with_the_container(self, real: Bench) -> None:
        pod = real.pod()
        container_id = pod.run(script="echo first; while [ ! -e /tmp/go-on ]; do sleep 0.05; done; echo last")
        lines = real.runtime.logs(container_id, LogOptions(follow=True))
        assert next(lines) == b"first\n"
        assert real.runtime.exec_sync(container_id, ["touch", "/tmp/go-on"], 10).exit_code == 0
        assert list(lines) == [b"last\n"]

    def test_following_what_has_ended_ends(self, real: Bench) -> None:
        container_id = real.pod().run(script="echo done")
        real.ended(container_id)
        assert list(real.runtime.logs(container_id, LogOptions(follow=True))) == [b"done\n"]

    def test_closing_a_followed_log_stops_it(self, real: Bench) -> None:
        container_id = real.pod().run(script="echo first; sleep 3600")
        lines = real.runtime.logs(container_id, LogOptions(follow=True))
        assert next(lines) == b"first\n"
        close = getattr(lines, "close")  # noqa: B009 - iterators have it, the type does not say so
        close()
        assert list(lines) == []

    def test_the_log_of_an_unknown_container_is_not_found(self, real: Bench) -> None:
        with pytest.raises(NotFound):
            list(real.runtime.logs("0" * 64, LogOptions()))

    def test_long_lines_and_any_bytes_pass(self, real: Bench) -> None:
        container_id = real.pod().run(script="head -c 40000 /dev/zero | tr '\\0' x; echo; printf 'caf\\303\\251\\n'")
        real.ended(container_id)
        assert real.output(container_id) == b"x" * 40000 + b"\n" + "café\n".encode()

    def test_what_is_written_comes_back_byte_for_byte(self, real: Bench) -> None:
        sizes = (8191, 8192, 8193, 16383, 16384, 16385, 70000)
        container_id = real.pod().run(script=LONG_LINES.format(sizes=" ".join(map(str, sizes))))
        real.ended(container_id)
        written = [b"first\n", *(b"x" * size + b"\n" for size in sizes), b"\n", b"a\rb\n", b"no newline"]
        for follow in (False, True):
            assert list(real.runtime.logs(container_id, LogOptions(follow=follow))) == written
            for count in (1, 3, 5, 8, 50):
                tail = LogOptions(follow=follow, tail_lines=count)
                assert list(real.runtime.logs(container_id, tail)) == written[-count:]
            stamped = list(real.runtime.logs(container_id, LogOptions(follow=follow, timestamps=True)))
            assert [line.partition(b" ")[2] for line in stamped] == written
            assert all(STAMPED.match(line) for line in stamped[:-1])

    def test_a_long_line_is_whole_whatever_the_other_stream_says_meanwhile(self, real: Bench) -> None:
        script = "head -c 50000 /dev/zero | tr '\\0' x; echo between >&2; head -c 50000 /dev/zero | tr '\\0' y; echo"
        container_id = real.pod().run(script=script)
        real.ended(container_id)
        long = b"x" * 50000 + b"y" * 50000 + b"\n"
        assert sorted(real.runtime.logs(container_id, LogOptions())) == [b"between\n", long]
        assert real.output(container_id, LogOptions(stream="Stdout", tail_lines=1)) == long

    def test_a_tail_of_long_lines_is_followed_as_they_come(self, real: Bench) -> None:
        script = (
            "for i in 1 2 3; do head -c 20000 /dev/zero | tr '\\0' $i; echo; done;"
            " while [ ! -e /tmp/go-on ]; do sleep 0.05; done; head -c 20000 /dev/zero | tr '\\0' 4; echo"
        )
        container_id = real.pod().run(script=script)
        real.wait_for_output(container_id, b"3\n")
        lines = real.runtime.logs(container_id, LogOptions(follow=True, tail_lines=1))
        assert next(lines) == b"3" * 20000 + b"\n"
        assert real.runtime.exec_sync(container_id, ["touch", "/tmp/go-on"], 10).exit_code == 0
        assert list(lines) == [b"4" * 20000 + b"\n"]


LONG_LINES = (
    "echo first; for size in {sizes}; do head -c $size /dev/zero | tr '\\0' x; echo; done; echo;"
    " printf 'a\\rb\\nno newline'"
)


def when(stamp: bytes) -> datetime:
    """A time with nanoseconds, as datetime can hold it."""
    text = stamp.decode().removesuffix("Z").removesuffix("+00:00")
    seconds, _, fraction = text.partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction[:6]:0<6}+00:00")


class ExecPromises(RuntimeBench):
    """`exec_sync`, `exec`, `attach`, `port_forward` and `stats`."""

    @pytest.fixture
    def container(self, real: Bench) -> str:
        """A container that runs."""
        return real.pod().run(env=(("GREETING", "ahoy"),), **self.forever())

    def test_a_command_runs_to_its_end(self, real: Bench, container: str) -> None:
        result = real.runtime.exec_sync(container, ["sh", "-c", "echo $GREETING; echo err >&2; exit 4"], 10)
        assert (result.exit_code, result.stdout, result.stderr) == (4, b"ahoy\n", b"err\n")

    def test_a_command_that_takes_too_long_is_given_up(self, real: Bench, container: str) -> None:
        with pytest.raises(TimeoutError):
            real.runtime.exec_sync(container, ["sh", "-c", "exec sleep 4242"], 0.5)
        gone = "! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q '[s]leep 4242'"
        real.eventually(
            lambda: real.runtime.exec_sync(container, ["sh", "-c", gone], 10).exit_code == 0, "the command's end"
        )

    def test_a_command_that_takes_too_long_takes_all_that_it_has_started_with_it(
        self, real: Bench, container: str
    ) -> None:
        script = "sleep 4243 & setsid sleep 4243 & (sleep 4243; true) & sleep 4243; true"
        with pytest.raises(TimeoutError):
            real.runtime.exec_sync(container, ["sh", "-c", script], 1)
        gone = "! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q '[s]leep 4243'"
        real.eventually(
            lambda: real.runtime.exec_sync(container, ["sh", "-c", gone], 10).exit_code == 0, "its children's end"
        )

    def test_of_a_commands_output_the_beginning_is_kept(self, real: Bench, container: str) -> None:
        script = "echo begin; head -c 1000000 /dev/zero; echo problem >&2; exit 3"
        result = real.runtime.exec_sync(container, ["sh", "-c", script], 20)
        assert (result.exit_code, result.stderr) == (3, b"problem\n")
        assert result.stdout == b"begin\n".ljust(EXEC_OUTPUT_BYTES, b"\0")

    def test_a_command_that_never_stops_talking_is_killed_when_its_time_is_over(
        self, real: Bench, container: str
    ) -> None:
        with pytest.raises(TimeoutError):
            real.runtime.exec_sync(container, ["yes"], 0.5)

    def test_nothing_runs_in_a_container_that_ended(self, real: Bench) -> None:
        container_id = real.pod().run(**self.exiting(0))
        real.ended(container_id)
        with pytest.raises((RuntimeFailure, NotFound)):
            real.runtime.exec_sync(container_id, ["true"], 10)
        with pytest.raises(NotFound):
            real.runtime.exec_sync("0" * 64, ["true"], 10)

    def test_exec_keeps_its_streams_apart(self, real: Bench, container: str) -> None:
        stream = real.runtime.exec(container, ["sh", "-c", "echo out; echo err >&2; exit 3"], tty=False, stdin=False)
        assert read_all(stream) == {"stdout": b"out\n", "stderr": b"err\n"}
        assert stream.exit_code() == 3
        stream.close()

    def test_exec_reads_what_is_written(self, real: Bench, container: str) -> None:
        stream = real.runtime.exec(container, ["sh", "-c", "cat; echo end"], tty=False, stdin=True)
        stream.write(b"hello ")
        stream.write(b"there\n")
        stream.close_stdin()
        assert read_all(stream)["stdout"] == b"hello there\nend\n"
        assert stream.exit_code() == 0
        stream.close()

    def test_a_megabyte_passes_through_exec_whole(self, real: Bench, container: str) -> None:
        data = bytes(range(256)) * 4096
        stream = real.runtime.exec(container, ["cat"], tty=False, stdin=True)

        def send() -> None:
            for start in range(0, len(data), 32768):
                stream.write(data[start : start + 32768])
            stream.close_stdin()

        sender = threading.Thread(target=send)
        sender.start()
        received = read_all(stream)["stdout"]
        sender.join()
        assert received == data
        stream.close()

    def test_exec_with_a_terminal(self, real: Bench, container: str) -> None:
        stream = real.runtime.exec(container, ["sh", "-c", "tty; read x; stty size; exit 2"], tty=True, stdin=True)
        assert b"/dev/" in read_until(stream, b"\n")
        stream.resize(132, 43)
        stream.write(b"go\n")
        assert b"43 132" in read_until(stream, b"43 132")
        assert read_all(stream)["stderr"] == b""
        assert stream.exit_code() == 2
        stream.close()

    def test_attach_talks_to_the_containers_own_process(self, real: Bench) -> None:
        container_id = real.pod().run(script="while read line; do echo got $line; done; exit 9", stdin=True)
        stream = real.runtime.attach(container_id, tty=False, stdin=True)
        stream.write(b"one\n")
        assert read_until(stream, b"\n") == b"got one\n"
        stream.close()
        real.wait_for_output(container_id, b"got one")
        if real.runtime.capabilities().keeps_stdin:
            assert real.container(container_id).state == "running"
        else:
            assert real.ended(container_id).exit_code == 9

    def test_a_port_inside_the_pod_can_be_talked_to(self, real: Bench) -> None:
        pod = real.pod()
        container_id = pod.run(script=self.serve.format(port=8125, text="inside"))
        fetch = ["sh", "-c", self.fetch.format(ip="127.0.0.1", port=8125)]
        real.eventually(lambda: real.runtime.exec_sync(container_id, fetch, 10).exit_code == 0, "the server in the pod")
        stream = real.runtime.port_forward(pod.sandbox, 8125)
        stream.write(b"GET /who HTTP/1.0\r\n\r\n")
        assert read_all(stream)["stdout"].endswith(b"inside\n")
        stream.close()

    def test_a_port_that_nobody_listens_on_is_refused(self, real: Bench) -> None:
        pod = real.pod()
        pod.run(**self.forever())
        with pytest.raises(RuntimeFailure):
            real.runtime.port_forward(pod.sandbox, 8126)

    def test_a_running_containers_use_is_measured(self, real: Bench) -> None:
        container_id = real.pod().run(script="i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo ready; sleep 3600")
        real.wait_for_output(container_id, b"ready")
        stats = real.runtime.stats(container_id)
        assert stats.cpu_nanos > 0
        assert stats.memory_bytes > 0
        assert stats.at.tzinfo is not None
