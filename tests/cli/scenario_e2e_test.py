#!/usr/bin/env python3
"""A small day of the market on real processes and in the simulator: the same settlement to the last unit."""
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from real_network import RealNetwork, check, free_base_port  # noqa: E402

FOLDER = pathlib.Path(sys.argv[2])
SIZE = ("--participants", 8, "--hours", 2, "--seed", 5)
DAY = ("scenario", "day", *SIZE, "--proposals", 300)
network = RealNetwork(sys.argv[1], FOLDER)


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    simulated = network.tieline(*DAY, "--sim", "--page", FOLDER / "sim.html")
    processes = network.tieline(*DAY, "--page", FOLDER / "real.html")
    for name in ("proposals", "settled", "lapsed", "rejected_by_code", "missed", "false_alarms", "money_conserved",
                 "energy_conserved", "settlement"):
        check(simulated[name] == processes[name], f"{name}: {simulated[name]} and {processes[name]}")
    for name in ("posted", "deviations_paid"):
        check(simulated["margins"][name] == processes["margins"][name], f"{name} of margins")
    check(processes["missed"] == 0 and processes["false_alarms"] == 0, f"{processes}")
    check(processes["money_conserved"] and processes["energy_conserved"] and processes["settled"] > 0, f"{processes}")
    check(processes["tx_per_s"] > 0 and processes["finality_ms"]["p50"] > 0, f"{processes}")
    for day in (simulated, processes):
        root = day["state_root"]
        check(len(root) == 64 and root != "0" * 64 and day["state_root_height"] > 0, f"{day}")
    page = (FOLDER / "real.html").read_text()
    check("<svg" in page and "http" not in page.replace("http-equiv", ""), "the page needs nothing else")

    # On a network that others made.
    network.tieline(*DAY, "--net", FOLDER / "nowhere", status=2)
    network.tieline("scenario", "participants", *SIZE, "-o", FOLDER / "day.json")
    network.tieline("init", network.net, "--port", free_base_port(), "--participants", FOLDER / "day.json",
                    "--set", "market.time_rate=0")
    network.start()
    try:
        theirs = network.tieline(*DAY, "--net", network.net, "--page", FOLDER / "net.html")
        check(theirs["settlement"] == simulated["settlement"], f"{theirs}")
        # The root of the state with all of the day in it, as the network has it.
        status = network.tieline("status", "--net", network.net)
        theirs_root = (theirs["state_root_height"], theirs["state_root"])
        roots = [(v.get("state_root_height"), v.get("state_root")) for v in status["validators"]]
        check(theirs_root in roots, f"{roots} {theirs_root}")
        other = network.tieline("scenario", "day", "--net", network.net, "--proposals", 9_000, status=2)
        check(other["error"]["code"] == "not_a_day", f"{other}")
    finally:
        network.stop()
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
