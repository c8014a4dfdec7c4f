"""The demo's chapter on credit: one of four validators becomes slow, then silent, then behaves again.

The other three go on. What they see of it is in their blocks, credit is computed from that, and the plot is drawn from
what `/v1/credit` of one of them says. Used by tools/demo-story, which makes the network.
"""
import json
import os
import signal
import subprocess
import threading
import time
import urllib.request

# Epochs of about a second and a half, so that a dozen of them can be watched.
SETTINGS = ["consensus.timeout_ms=300", "consensus.tenure_ms=300", "consensus.epoch_blocks=6", "consensus.epoch_ms=1500",
            "consensus.checkpoint_blocks=16"]
EXPIRY = 40_000  # blocks: more than there will be
GOOD_EPOCHS, SLOW_EPOCHS, SILENT_EPOCHS = 4, 4, 4
STOPPED_S, RUNNING_S = 0.6, 0.3  # of a burst, while it is slow
PHASE_S_MAX = 90
ROWS = 10  # of the plot
FALL_LEAST = 0.15


class Load:
    """A few signed transactions under way at any time, so that there are blocks. They go to those who always answer."""

    def __init__(self, binary, net, senders, validators):
        self.binary, self.net, self.stop, self.validators = binary, net, threading.Event(), validators
        self.folder = net / "load"
        self.folder.mkdir()
        self.accepted = 0
        self.threads = [threading.Thread(target=self.send, args=(name,), daemon=True) for name in senders]
        for t in self.threads:
            t.start()

    def send(self, name):
        signed = self.folder / name
        for number in range(1, EXPIRY):
            content = {"data": f"{name} {number}", "sequence": number, "expiry_height": EXPIRY}
            subprocess.run([self.binary, "submit", "-", "--net", self.net, "--as", name, "--sign-only", signed],
                           input=json.dumps(content), text=True, capture_output=True)
            url = self.validators[number % len(self.validators)].url + "/v1/transactions?wait=commit&timeout_ms=5000"
            request = urllib.request.Request(url, signed.read_bytes(), {"content-type": "application/octet-stream"})
            try:
                with urllib.request.urlopen(request, timeout=8) as reply:
                    self.accepted += json.load(reply)["transactions"][0]["state"] == "committed"
            except (OSError, ValueError):
                pass  # not counted; the next one goes to another validator
            if self.stop.is_set():
                return

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join(30)


class Watch:
    """What the chain says of everybody's credit, epoch by epoch, as one validator tells it."""

    def __init__(self, validator, about):
        self.validator, self.about = validator, about
        self.ended = {}  # epoch -> name -> what its entry says
        self.drawn = {}  # epoch -> may the one it is about be drawn as leader in it
        self.phase = {}  # epoch -> what it did in it
        self.epoch = 0

    def look(self, phase):
        try:
            told = self.validator.get("/v1/credit")
        except (OSError, ValueError):
            return
        self.epoch = told["epoch"]
        self.phase.setdefault(self.epoch, phase)
        for v in told["validators"]:
            if v["name"] == self.about:
                self.drawn[self.epoch] = v["may_be_drawn"]
            for e in v["epochs"]:
                self.ended.setdefault(e["epoch"], {})[v["name"]] = e

    def credit(self, epoch):
        return self.ended[epoch][self.about]["credit"]

    def middle(self, epoch):
        others = sorted(e["credit"] for name, e in self.ended[epoch].items() if name != self.about)
        return others[len(others) // 2]

    def led(self, epochs):
        """(views it led, of them failed, views of all) in these epochs."""
        mine = [self.ended[e][self.about]["observed"] for e in epochs]
        everyone = sum(v["observed"]["led_views"] for e in epochs for v in self.ended[e].values())
        return sum(o["led_views"] for o in mine), sum(o["failed_views"] for o in mine), everyone


def plot(watch):
    """Lines of text: credit from 0 to 1 upwards, an epoch a column."""
    epochs = sorted(e for e in watch.ended if watch.about in watch.ended[e])
    row_of = lambda credit: min(ROWS - 1, int(credit * ROWS))
    lines = []
    for row in range(ROWS - 1, -1, -1):
        cells = ""
        for e in epochs:
            mine, others = row_of(watch.credit(e)) == row, row_of(watch.middle(e)) == row
            cells += " # " if mine else " o " if others else "   "
        lines.append(f"{(row + 1) / ROWS:4.1f} |{cells}")
    lines.append("     +" + "---" * len(epochs))
    lines.append(" epoch" + "".join(f"{e:^3}" for e in epochs))
    lines.append(" does " + "".join(f"{watch.phase.get(e, '?')[:2]:^3}" for e in epochs) + "  ok, slow, nothing")
    lines.append(" drawn" + "".join(" + " if watch.drawn.get(e, True) else " - " for e in epochs) + "  may it be drawn as leader?")
    led = {e: watch.ended[e][watch.about]["observed"] for e in epochs}
    lines.append(" led  " + "".join(f"{led[e]['led_views']:^3}" for e in epochs) + "  views, of these")
    lines.append(" fails" + "".join(f"{led[e]['failed_views']:^3}" for e in epochs) + "  timed out")
    lines.append(f" #: {watch.about}   o: the middle one of the others")
    return lines


class Culprit:
    def __init__(self, validator):
        self.validator, self.pid = validator, validator.process.pid

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)


def wait(watch, phase, done, must, burst=None):
    """Looks until `done`; `burst` is the one that is stopped and let go meanwhile."""
    deadline = time.monotonic() + PHASE_S_MAX
    while not done():
        must(time.monotonic() < deadline, f"{watch.about}, {phase}: not there after {PHASE_S_MAX} s (epoch {watch.epoch})\n"
             + "\n".join(plot(watch)))
        if burst:
            burst.pause()
            time.sleep(STOPPED_S)
            burst.go_on()
            time.sleep(RUNNING_S)
        else:
            time.sleep(0.2)
        watch.look(phase)


def tell(validators, binary, net, say, paint, must):
    """The chapter, on a network that is up. Returns (credit at best, at worst, in the end) of the one that misbehaves."""
    culprit = Culprit(validators[-1])
    watch = Watch(validators[0], culprit.validator.name)
    load = Load(binary, net, ["bakery", "school", "sunfield"], validators[:-1])
    began = time.monotonic()
    name = culprit.validator.name
    try:
        wait(watch, "ok", lambda: watch.epoch >= GOOD_EPOCHS, must)
        slow_from = watch.epoch
        say(f"epoch {watch.epoch}: all four behave; {name} has a credit of {watch.credit(max(watch.ended)):.2f} and may lead")
        wait(watch, "slow", lambda: watch.epoch >= slow_from + SLOW_EPOCHS, must, burst=culprit)
        say(f"epoch {watch.epoch}: {name} is " + paint("33", "slow") + f", halted two thirds of the time; credit {watch.credit(max(watch.ended)):.2f}")
        culprit.pause()
        silent_from = watch.epoch
        wait(watch, "nothing", lambda: watch.epoch >= silent_from + SILENT_EPOCHS and not watch.drawn.get(watch.epoch, True), must)
        culprit.go_on()
        worst_at = min((e for e in watch.ended if e >= slow_from), key=watch.credit)
        worst, best = watch.credit(worst_at), max(watch.credit(e) for e in watch.ended if e < worst_at)
        say(f"epoch {watch.epoch}: it said " + paint("31", "nothing") + f" at all; credit {worst:.2f}: " +
            paint("31", "it is no longer drawn as leader"))
        lost = min(e for e in watch.drawn if e > slow_from and not watch.drawn[e])
        wait(watch, "ok", lambda: watch.drawn.get(watch.epoch, False) and watch.phase.get(watch.epoch - 2) == "ok", must)
        say(paint("32", f"epoch {watch.epoch}: it has behaved again for {watch.epoch - max(e for e in watch.phase if watch.phase[e] == 'nothing')}"
                        " epochs, and is drawn as leader again"))
    finally:
        culprit.go_on()
        load.end()
    back = watch.credit(max(watch.ended))
    for line in plot(watch):
        say("  " + line)
    must(worst <= best - FALL_LEAST, f"the credit of {name} did not fall: {best} to {worst}")
    must(back > worst, f"the credit of {name} did not rise again: {worst} to {back}")
    out = [e for e in watch.ended if watch.drawn.get(e) is False]
    before = [e for e in watch.ended if e < lost]
    for what, epochs in (("while it was drawn", before), ("while it was not", out)):
        mine, failed, everyone = watch.led(epochs)
        say(f"{what}: it led {mine} of {everyone} views in {len(epochs)} epochs, {failed} of them timed out")
    say(f"{load.accepted:,} transactions were accepted meanwhile, in {time.monotonic() - began:.0f} s; `tieline credit show` says why its credit moved")
    return best, worst, back
