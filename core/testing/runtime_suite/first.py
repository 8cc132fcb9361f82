"""What all other promises of a runtime stand on, in the order in which it is best written, each with what to do.

Where one of these is broken, everything after it is left out: it would fail for the same reason, and take long over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sampan.core.contracts.conformance import lacks
from sampan.core.contracts.runtime import Capabilities, Runtime
from sampan.core.testing.runtime_suite.bench import Bench, RuntimeBench


class FirstPromises(RuntimeBench):
    def test_it_has_every_method_of_a_runtime(self, tmp_path: Path) -> None:
        with self.first("write these next; docs/parts.md says of each what it is for"):
            made = self.make_runtime(self.settings(tmp_path))
            problems = lacks(Runtime, made)
            assert not problems, f"{type(made).__name__} {'; it '.join(problems)}"

    def test_it_starts_says_what_it_is_and_goes_again(self, tmp_path: Path) -> None:
        with self.first(
            "start() makes what pods need, or raises ConfigError saying what is missing; destroy() takes it away"
        ):
            for bench in self.bench_in(tmp_path):
                assert bench.runtime.info().name, "info() gives no name"
                assert isinstance(bench.runtime.capabilities(), Capabilities), "capabilities() gives none"
                assert isinstance(bench.runtime.pod_cidr(), str), "pod_cidr() gives no text"

    def test_the_suites_image_is_there(self, bench: Bench) -> None:
        with self.first(f"set the suite's `image` to one that is there, or load {self.image!r} first"):
            assert bench.runtime.image(self.image) is not None, f"image({self.image!r}) knows none"

    def test_a_sandbox_runs_and_is_listed(self, bench: Bench) -> None:
        with self.first("run_pod_sandbox() returns a running sandbox, which list_pod_sandboxes() shows from then on"):
            sandbox = bench.pod("first").sandbox
            assert sandbox.state == "running", f"it is {sandbox.state}"
            assert sandbox.id in [each.id for each in bench.runtime.list_pod_sandboxes()], "it is not in the list"

    def test_a_container_runs_and_is_listed(self, bench: Bench) -> None:
        with self.first("create_container() and start_container() lead to state 'running' in list_containers()"):
            container = bench.container(bench.pod("first").run(**self.forever()))
            assert container.state == "running", f"it is {container.state}: {container.message or container.reason}"

    def test_a_container_that_ends_says_how(self, bench: Bench) -> None:
        with self.first("list_containers() shows state 'exited' and the exit_code of a command that has ended"):
            ended = bench.ended(bench.pod("first").run(**self.exiting(3)))
            assert ended.exit_code == 3, f"its exit_code is {ended.exit_code}, not 3"

    def test_what_a_container_writes_is_read(self, bench: Bench) -> None:
        bench.needs("real_processes")
        with self.first("logs() gives what the command has written, byte for byte"):
            said = bench.pod("first").says("echo ahoy")
            assert said == "ahoy", f"it gives {said!r}"

    @contextmanager
    def first(self, advice: str) -> Iterator[None]:
        """What everything else stands on; ``advice`` for who has not got there."""
        try:
            yield
        except Exception as exc:
            what = str(exc) if isinstance(exc, AssertionError) else f"{type(exc).__name__}: {exc}"
            type(self).first_problem = what.partition("\n")[0]
            raise AssertionError(f"{what}\nWhat to do: {advice}.") from exc
