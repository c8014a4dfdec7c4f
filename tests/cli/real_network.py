"""Four validators as processes on this machine, for the end-to-end tests of commands."""
import json
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WAIT_S = 120


def check(holds, what):
    if not holds:
        raise AssertionError(what)


def free_base_port():
    for base in range(18000, 28000, 200):
        try:
            for port in [base + i + above for i in range(4) for above in (0, 100)]:
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    raise AssertionError("no free ports")


class RealNetwork:
    """A folder, and the program that is tested in it."""

    def __init__(self, program, folder):
        self.program, self.folder, self.net = pathlib.Path(program), pathlib.Path(folder), pathlib.Path(folder) / "net"
        self.up = None

    def tieline(self, *words, status=0):
        run = subprocess.run([self.program, *map(str, words), "--json"], capture_output=True, text=True, timeout=WAIT_S)
        check(run.returncode == status,
              f"{words}: exit status {run.returncode}, not {status}\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
        return json.loads(run.stdout.strip().split("\n")[-1])

    def start(self):
        self.up = subprocess.Popen([self.program, "up", self.net], stdout=subprocess.PIPE,
                                   stderr=open(self.folder / "up.log", "wb"), text=True)
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            line = self.up.stdout.readline()
            if "is up" in line:
                return
            check(line or self.up.poll() is None,
                  "the network ended: " + (self.folder / "up.log").read_text()[-2000:])
        raise AssertionError("the network does not come up")

    def stop(self):
        if self.up is not None and self.up.poll() is None:
            self.up.send_signal(signal.SIGINT)
            self.up.wait(WAIT_S)
