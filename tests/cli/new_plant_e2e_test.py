#!/usr/bin/env python3
"""A plant that came after genesis, on a real network whose market time passes by ticks alone: votes register it, then the
flow of what it feeds in; it sells, its meter and its neighbour's say how much it delivered, and that is settled. Then
votes lower its capacity, and end the flow. The day after, a carrier's meter says what its past does not know.

    new_plant_e2e_test.py TIELINE FOLDER     FOLDER is made and removed
"""
import datetime
import json
import pathlib
import shutil
import sys
import time

from real_network import RealNetwork, check, free_base_port

FOLDER = pathlib.Path(sys.argv[2])
BALANCE = 10_000_000_000
PARTICIPANTS = [
    {"name": "sunfield", "role": "plant", "meters": ["s-out"], "capacity_w": 1_000_000, "balance": BALANCE},
    {"name": "northwire", "role": "grid", "meters": ["n-out", "n-west"], "capacity_w": 2_000_000, "loss_ppm": 60_000,
     "balance": BALANCE, "flows": [{"to": "cityline", "meter": "n-out", "check_meter": "c-in"}]},
    {"name": "cityline", "role": "distributor", "meters": ["c-in", "c-out"], "capacity_w": 2_000_000,
     "loss_ppm": 40_000, "balance": BALANCE, "flows": [{"to": "bakery", "meter": "c-out", "check_meter": "b-in"}]},
    {"name": "bakery", "role": "user", "meters": ["b-in"], "contracted_w": 900_000, "balance": BALANCE},
    {"name": "watchdog", "role": "regulator", "meters": []},
    {"name": "clearing", "role": "neutral", "meters": []},
]
HOUR_MS = 3_600_000
SETTINGS = ["consensus.epoch_blocks=8", "consensus.epoch_ms=500", "consensus.tenure_ms=2000", "market.time_rate=0",
            f"market.round_ms={12 * HOUR_MS}", f"market.submit_ms={4 * HOUR_MS}", f"market.close_ms={4 * HOUR_MS}",
            "plausibility.history_days=1", "plausibility.history_window_slots=0", f"market.settle_ms={5 * HOUR_MS}", f"market.resolve_ms={24 * HOUR_MS}", f"market.final_ms={48 * HOUR_MS}"]
VOTERS = ["sunfield", "northwire", "cityline"]
PLANT = len(PARTICIPANTS) + 1  # registered later: by number
TICKS_MAX = 400
network = RealNetwork(sys.argv[1], FOLDER)


def tieline(*words, status=0):
    return network.tieline(*words, "--net", network.net, status=status)


def submit(name, content, by, status=0):
    file = FOLDER / f"{name}.json"
    file.write_text(json.dumps(content))
    return tieline("submit", file, "--as", by, status=status)


def epochs_pass(count):
    until = tieline("status")["epoch"] + count
    for _ in range(TICKS_MAX):
        if tieline("status")["epoch"] >= until:
            return
        submit("pass", {"data": "pass"}, "clearing")
        time.sleep(0.1)
    raise AssertionError("the epochs do not pass")


def passed(*words):
    made = tieline("govern", "propose", *words, "--as", VOTERS[0])
    for name in VOTERS[1:]:
        tieline("govern", "vote", made["proposal"], "yes", "--as", name)
    shown = [p for p in tieline("govern", "show")["proposals"] if p["id"] == made["proposal"]]
    check(shown and shown[0]["state"] == "passed" and shown[0]["acts"] == shown[0]["passed"] + 2, f"{shown}")
    return shown[0]


def market_time():
    return datetime.datetime.fromisoformat(tieline("market", "show")["market_time"].replace("Z", "+00:00"))


def text_of(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def wait_until(when):
    for _ in range(2):  # a tick counts from the next block on
        submit("tick", {"actions": [{"action": "tick", "market_time": int(when.timestamp() * 1000)}]}, "clearing")
    check(market_time() == when, "what the tick said")


def read(by, meter, obis, start, wh, status=0):
    return submit("reading", {"readings": [{"meter": meter, "obis": obis, "start": text_of(start), "seconds": 900,
                                            "wh": wh, "quality": "measured"}]}, by, status)


def votes_register_the_plant_and_its_flow():
    card = FOLDER / "windpark.member.json"
    tieline("participant", "new", "windpark", "--role", "plant", "--org", "77", "--capacity-w", "1000000", "--meters",
            "w-out", "-o", card)
    passed("member", card)
    epochs_pass(4)
    shown = tieline("participant", "show", "windpark")
    check(shown["id"] == PLANT and shown["meters"] == ["w-out"], f"{shown}")
    tieline("market", "issue", "--to", PLANT, "--amount", BALANCE, "--as", "watchdog")
    meter = shown["first_meter"]
    stolen = tieline("govern", "propose", "flow", "--from", PLANT, "--to", "northwire", "--meter", "s-out", "--as",
                     VOTERS[0], "--dry-run", status=1)
    check(stolen["code"] == "not_owner", f"{stolen}")
    told = passed("flow", "--from", PLANT, "--to", "northwire", "--meter", meter, "--check-meter", "n-west")
    check(told["kind"] == "flow" and told["to"] == "northwire" and told["check_meter"] == "n-west", f"{told}")
    epochs_pass(3)


def it_sells_delivers_half_and_that_is_settled():
    now = market_time().replace(minute=0, second=0, microsecond=0)
    start = now + datetime.timedelta(hours=10)
    file = FOLDER / "offer.json"
    file.write_text(json.dumps({"terms": {
        "plant": PLANT, "grid": "northwire", "distributor": "cityline", "buyer": "bakery", "wh": 100_000,
        "plant_price": 60_000_000, "grid_fee": 5_000_000, "distributor_fee": 8_000_000, "start": text_of(start),
        "slots": 1}, "margin": 100_000_000}))
    trade = tieline("trade", "offer", file, "--as", "windpark")["trade"]
    for name in ("northwire", "cityline", "bakery"):
        tieline("trade", "endorse", trade, "--as", name)
    check(tieline("trade", "show", trade)["state"] == "COMMITTED", "all four have endorsed it")
    tieline("market", "publish-price", "--start", text_of(start), "--price", 70_000_000, "--as", "clearing")
    sold, carried, taken = (p["wh"] // 2 for p in tieline("trade", "show", trade)["parties"][1:])
    wait_until(start + datetime.timedelta(minutes=15))
    made = read("windpark", "w-out", "1-0:2.8.0", start, sold)
    for by, of, obis, wh in (("northwire", "n-west", "1-0:1.8.0", sold), ("northwire", "n-out", "1-0:2.8.0", carried),
                             ("cityline", "c-in", "1-0:1.8.0", carried), ("cityline", "c-out", "1-0:2.8.0", taken),
                             ("bakery", "b-in", "1-0:1.8.0", taken)):
        check(read(by, of, obis, start, wh)["accepted"], of)
    receipt = FOLDER / "wind.receipt"
    tieline("receipt", made["txid"], "-o", receipt)
    verdict = network.tieline("verify", receipt, "--genesis", network.net / "genesis.json")
    check(verdict["valid"] and verdict["later_keys"] == [PLANT], f"on whose word it is: {verdict}")
    wait_until(start + datetime.timedelta(minutes=15, milliseconds=5 * HOUR_MS))
    settled = tieline("settlement", "show", text_of(start))
    check(settled["phase"] == "settled", f"{settled}")
    fed_in = [f for f in settled["flows"] if f["to"] == "northwire"]
    check(len(fed_in) == 1 and fed_in[0]["wh"] == fed_in[0]["neighbour_wh"] == sold, f"{settled}")
    compensation = [s for s in settled["statements"] if s["kind"] == "compensation" and s["trade"] == trade]
    check(any(line["paid"] > 0 for s in compensation for line in s["lines"] if str(line["participant"]) == str(PLANT)), f"{settled}")
    shown = tieline("trade", "show", trade)
    check(shown["state"] == "SETTLED" and shown["parties"][0]["unmet"], f"{shown}")
    market = tieline("market", "show")
    check(market["issued"] == market["held"] + market["reward_pool"] + market["imbalance_pool"], f"{market}")
    return start, carried


def the_day_after_eight_times_as_much_is_disputed(first, carried):
    start = first + datetime.timedelta(days=1)
    wait_until(start + datetime.timedelta(minutes=15))
    check(read("northwire", "n-out", "1-0:2.8.0", start, 8 * carried)["accepted"], "within its capacity")
    wait_until(start + datetime.timedelta(minutes=15, milliseconds=4 * HOUR_MS))

    def state():
        flows = tieline("settlement", "show", text_of(start))["flows"]
        return [(f["state"], f["flagged"]) for f in flows if (f["from"], f["to"]) == ("northwire", "cityline")]

    check(state() == [("DISPUTED", False)], f"{state()}")
    tieline("settlement", "accept", "--start", text_of(start), "--from", "northwire", "--to", "cityline", "--as",
            "cityline")
    check(state() == [("VALIDATED", False)], f"{state()}")


def its_limits_change_and_the_flow_ends():
    passed("limits", PLANT, "--capacity-w", 4_000, "--cost-lo", 10, "--cost-hi", 20)
    passed("limits", "sunfield", "--capacity-w", 8_000)
    passed("limits", "northwire", "--loss-ppm", 70_000)
    passed("flow", "--from", PLANT, "--to", "northwire")
    epochs_pass(4)
    shown = tieline("participant", "show", "windpark")
    check((shown["capacity_w"], shown["cost_hi"]) == (4_000, 20), f"{shown}")
    check(tieline("participant", "show", "sunfield")["capacity_w"] == 8_000, "one of genesis")
    offer = FOLDER / "offer.json"
    terms = json.loads(offer.read_text())
    terms["terms"]["start"] = text_of(market_time().replace(minute=0, second=0, microsecond=0) +
                                      datetime.timedelta(hours=10))
    offer.write_text(json.dumps(terms))
    trade = tieline("trade", "offer", offer, "--as", "windpark")["trade"]
    shown = tieline("trade", "show", trade)
    check(shown["terms"]["grid_loss_ppm"] == 70_000, f"the loss in force: {shown}")
    start = market_time().replace(minute=0, second=0, microsecond=0) - datetime.timedelta(hours=2)
    check(read("windpark", "w-out", "1-0:2.8.0", start, 5_000, status=1)["code"] == "over_capacity", "a quarter of 4 kW")
    check(read("windpark", "w-out", "1-0:2.8.0", start, 900)["accepted"], "within it")
    tieline("settlement", "show", text_of(start), status=2)  # nothing of that quarter is in the market


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    (FOLDER / "participants.json").write_text(json.dumps(PARTICIPANTS))
    settings = [word for one in SETTINGS for word in ("--set", one)]
    network.tieline("init", network.net, "--port", free_base_port(), "--participants", FOLDER / "participants.json",
                    *settings)
    network.start()
    try:
        for name in [*VOTERS, "bakery"]:
            tieline("stake", "bond", "--amount", 1_000_000_000, "--as", name)
        votes_register_the_plant_and_its_flow()
        first, carried = it_sells_delivers_half_and_that_is_settled()
        the_day_after_eight_times_as_much_is_disputed(first, carried)
        its_limits_change_and_the_flow_ends()
    finally:
        network.stop()
    audit = network.tieline("audit", network.net / "validator-0")
    check(audit["ok"], f"{audit}")
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
