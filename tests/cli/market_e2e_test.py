#!/usr/bin/env python3
"""The market's commands on a real network, whose market time passes by ticks alone, however slow the machine is. Trades in
their rounds, what is refused and why, a delivery that is settled and one that is short.

    market_e2e_test.py TIELINE FOLDER     FOLDER is made and removed
"""
import csv
import datetime
import json
import pathlib
import shutil
import sys

from real_network import RealNetwork, check, free_base_port

FOLDER = pathlib.Path(sys.argv[2])
BALANCE = 10_000_000_000
PARTICIPANTS = [
    {"name": "sunfield", "role": "plant", "meters": ["s-out"], "capacity_w": 1_000_000, "balance": BALANCE,
     "flows": [{"to": "northwire", "meter": "s-out", "check_meter": "n-in"}], "stakes_for": "validator-0"},
    {"name": "northwire", "role": "grid", "meters": ["n-in", "n-out"], "capacity_w": 2_000_000, "loss_ppm": 60_000,
     "balance": BALANCE, "flows": [{"to": "cityline", "meter": "n-out", "check_meter": "c-in"}]},
    {"name": "cityline", "role": "distributor", "meters": ["c-in", "c-out"], "capacity_w": 2_000_000,
     "loss_ppm": 40_000, "balance": BALANCE, "flows": [{"to": "bakery", "meter": "c-out", "check_meter": "b-in"}]},
    {"name": "bakery", "role": "user", "meters": ["b-in"], "contracted_w": 900_000, "balance": BALANCE},
    {"name": "watchdog", "role": "regulator", "meters": []},
    {"name": "clearing", "role": "neutral", "meters": []},
]
HOUR_MS = 3_600_000
NUMBERS = {"time_rate": 0, "gate_ms": HOUR_MS // 4, "round_ms": 12 * HOUR_MS, "submit_ms": 4 * HOUR_MS,
           "close_ms": 4 * HOUR_MS, "settle_ms": 5 * HOUR_MS, "resolve_ms": 24 * HOUR_MS, "final_ms": 48 * HOUR_MS}
FOUR = ["sunfield", "northwire", "cityline", "bakery"]
network = RealNetwork(sys.argv[1], FOLDER)


def tieline(*words, status=0):
    return network.tieline(*words, "--net", network.net, status=status)


def market_time():
    return datetime.datetime.fromisoformat(tieline("market", "show")["market_time"].replace("Z", "+00:00"))


def text_of(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def quarter_from_now(quarters):
    now = market_time().replace(second=0, microsecond=0)
    return text_of(now - datetime.timedelta(minutes=now.minute % 15) + datetime.timedelta(minutes=15 * quarters))


def offer_file(name, wh, quarters=48, margin=100_000_000, **changes):
    terms = {"plant": "sunfield", "grid": "northwire", "distributor": "cityline", "buyer": "bakery", "wh": wh,
             "plant_price": 60_000_000, "grid_fee": 5_000_000, "distributor_fee": 8_000_000,
             "start": quarter_from_now(quarters), "slots": 1, **changes}
    file = FOLDER / name
    file.write_text(json.dumps({"terms": terms, "margin": margin}))
    return file


def offered(file):
    made = tieline("trade", "offer", file, "--as", "sunfield")
    check(made["accepted"] and len(made["trade"]) == 64, f"{made}")
    return made["trade"]


def a_trade_goes_through_its_rounds_and_locks_money():
    trade = offered(offer_file("offer.json", 100_000))
    shown = tieline("trade", "show", trade)
    check(shown["state"] == "OPEN" and shown["sender"] == "sunfield", f"{shown}")
    check([p["entered"] for p in shown["parties"]] == [True, False, False, False], f"{shown}")
    for name in FOUR[1:]:
        endorsed = tieline("trade", "endorse", trade, "--as", name)
        check(endorsed["trade"] == trade, f"{endorsed}")
    shown = tieline("trade", "show", trade)
    check(shown["state"] == "COMMITTED" and shown["endorsements"], f"{shown}")
    check(shown["payment"] == sum(shown["legs"].values()) == shown["payment_locked"], f"{shown}")
    account = tieline("market", "account", "bakery")
    check(account["payment_locked"] == shown["payment"] and account["margin_locked"] > 0, f"{account}")
    check(trade in [t["id"] for t in tieline("market", "trades", "bakery")["trades"]], "the buyer's list lacks it")
    market = tieline("market", "show")
    check(market["issued"] == market["held"] + market["reward_pool"] + market["imbalance_pool"] == 4 * BALANCE, f"{market}")
    return trade


def what_is_refused_says_why_and_a_dry_run_says_it_before():
    full = offer_file("too-much.json", 240_000)  # 250 kWh a slot, of which the trade before took 110.8
    trade = offered(full)
    for name in FOUR[1:3]:
        tieline("trade", "endorse", trade, "--as", name)
    would = tieline("trade", "endorse", trade, "--as", "bakery", "--dry-run", status=1)
    check(would["code"] == "over_committed" and would["why"] and would["dry_run"], f"{would}")
    refused = tieline("trade", "endorse", trade, "--as", "bakery", status=1)
    check(refused["code"] == "over_committed" and refused["committed"], f"{refused}")
    check(tieline("trade", "show", trade)["state"] == "OPEN", "a refused endorsement changed the trade")
    twice = tieline("trade", "endorse", trade, "--as", "cityline", "--dry-run", status=1)
    check(twice["code"] == "already_in", f"{twice}")
    tieline("trade", "decline", trade, "--as", "bakery")
    tieline("trade", "show", trade, status=1)
    dry = tieline("trade", "offer", offer_file("late.json", 1_000, quarters=0), "--as", "sunfield", "--dry-run", status=1)
    check(dry["code"] == "too_late", f"{dry}")
    poor = tieline("trade", "offer", offer_file("bare.json", 1_000, margin=0), "--as", "sunfield", "--dry-run", status=1)
    check(poor["code"] == "margin_too_low", f"{poor}")


def terms_are_countered_and_cancelled_by_all_four(trade):
    open_trade = offered(offer_file("dear.json", 1_000, quarters=60))
    cheaper = offer_file("cheaper.json", 1_000, quarters=60, plant_price=50_000_000)
    check(tieline("trade", "counter", open_trade, cheaper, "--as", "bakery")["accepted"], "the counter-offer")
    shown = tieline("trade", "show", open_trade)
    check(shown["round"] == 2 and shown["sender"] == "bakery" and shown["terms"]["plant_price"] == 50_000_000, f"{shown}")
    alone = tieline("trade", "cancel", trade, "--as", "sunfield", status=1)
    check(alone["code"] == "not_all_four", f"{alone}")
    tieline("trade", "cancel", trade, "--as", "sunfield", "--with", ",".join(FOUR[1:]))
    tieline("trade", "show", trade, status=1)


def money_comes_by_the_regulator_alone():
    tieline("market", "issue", "--to", "bakery", "--amount", 5, "--as", "watchdog")
    refused = tieline("market", "issue", "--to", "bakery", "--amount", 5, "--as", "bakery", status=1)
    check(refused["code"] == "not_authorised", f"{refused}")
    for name in FOUR:  # of fewer than four nobody has votes: each counts less than a third of all
        tieline("stake", "bond", "--amount", 1_000_000_000, "--as", name)
    stakes = tieline("stake", "show")["stakes"]
    check([s["bonded"] for s in stakes if s["owner"] == "sunfield"] == [1_000_000_000], f"{stakes}")
    made = tieline("govern", "propose", "rule", "market.tolerance_ppm", "--value", 30_000, "--as", "sunfield")
    listed = tieline("govern", "show")["proposals"]
    check([p["rules"] for p in listed if p["id"] == made["proposal"]] ==
          [[{"rule": "market.tolerance_ppm", "value": 30_000}]], f"{listed}")


def wait_until(when):
    """A tick counts from the next block on, which the second one makes."""
    file = FOLDER / "tick.json"
    file.write_text(json.dumps({"actions": [{"action": "tick", "market_time": int(when.timestamp() * 1000)}]}))
    for _ in range(2):
        check(tieline("submit", file, "--as", "clearing")["accepted"], "a tick of the neutral authority")
    check(market_time() == when, "what the tick said")


def submit(name, meter, obis, values, starts):
    readings = [{"meter": meter, "obis": obis, "start": start, "seconds": 900, "wh": wh, "quality": "measured"}
                for start, wh in zip(starts, values)]
    file = FOLDER / f"{meter}.json"
    file.write_text(json.dumps({"readings": readings}))
    check(tieline("submit", file, "--as", name)["accepted"], f"{meter}: {readings}")


def committed(file):
    trade = offered(file)
    for name in FOUR[1:]:
        tieline("trade", "endorse", trade, "--as", name)
    check(tieline("trade", "show", trade)["state"] == "COMMITTED", "all four have endorsed it")
    return trade


def who_delivers_is_paid_and_who_does_not_compensates():
    """Two trades of 100 kWh in two quarters of an hour; in the second the plant feeds in half of it."""
    first = quarter_from_now(40)
    start = datetime.datetime.fromisoformat(first.replace("Z", "+00:00"))
    starts = [text_of(start + datetime.timedelta(minutes=15 * i)) for i in range(2)]
    good = committed(offer_file("good.json", 100_000, start=starts[0]))
    short = committed(offer_file("short.json", 100_000, start=starts[1]))
    for each in starts:
        tieline("market", "publish-price", "--start", each, "--price", 70_000_000, "--as", "clearing")
    fed_in, carried, taken = (p["wh"] for p in tieline("trade", "show", good)["parties"][1:])
    wait_until(start + datetime.timedelta(minutes=30))
    halves = [(wh, wh // 2) for wh in (fed_in, carried, taken)]
    for owner, meter, neighbour, check_meter, values in (
            ("sunfield", "s-out", "northwire", "n-in", halves[0]),
            ("northwire", "n-out", "cityline", "c-in", halves[1]),
            ("cityline", "c-out", "bakery", "b-in", halves[2])):
        submit(owner, meter, "1-0:2.8.0", values, starts)
        submit(neighbour, check_meter, "1-0:1.8.0", values, starts)
    wait_until(start + datetime.timedelta(minutes=30, milliseconds=NUMBERS["settle_ms"] + HOUR_MS // 4))
    for trade, unmet in ((good, False), (short, True)):
        shown = tieline("trade", "show", trade)
        check(shown["state"] == "SETTLED" and shown["payment_locked"] == 0, f"{shown}")
        check(shown["parties"][0]["unmet"] == unmet, f"{shown}")
    well = tieline("settlement", "show", starts[0])
    check(well["phase"] == "settled" and {f["state"] for f in well["flows"]} == {"SETTLED"}, f"{well}")
    check(not [s for s in well["statements"] if s["kind"] == "compensation"], f"{well}")
    badly = tieline("settlement", "show", starts[1])
    paid = [s for s in badly["statements"] if s["kind"] == "compensation" and s["payer"] == "sunfield"]
    check(len(paid) == 1 and paid[0]["trade"] == short, f"{badly}")
    lines = {line["participant"]: line for line in paid[0]["lines"]}
    check(lines["sunfield"]["paid"] > 0, f"{badly}")
    check(lines["sunfield"]["paid"] == sum(lines[name]["received"] for name in FOUR[1:]), f"{badly}")
    the_settlements_are_exported(starts, badly)
    market = tieline("market", "show")
    check(market["issued"] == market["held"] + market["reward_pool"] + market["imbalance_pool"], f"{market}")


def the_settlements_are_exported(starts, badly):
    """As CSV: a line for each line of each statement, and one for each flow."""
    end = text_of(datetime.datetime.fromisoformat(starts[1].replace("Z", "+00:00")) + datetime.timedelta(minutes=15))
    for flag, wanted in (([], sum(len(s["lines"]) for s in badly["statements"])), (["--flows"], len(badly["flows"]))):
        out = FOLDER / "settled.csv"
        made = tieline("settlement", "export", "--from", starts[0], "--to", end, "--csv", out, *flag)
        with out.open(newline="") as file:
            rows = list(csv.DictReader(file))
        check(made["intervals"] == 2 and made["lines"] == len(rows), f"{made}")
        check(len([r for r in rows if r["start"] == starts[1]]) == wanted, f"{flag}: {rows}")
    check({r["state"] for r in rows} == {"SETTLED"} and rows[0]["from"] == "sunfield", f"{rows}")


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    (FOLDER / "participants.json").write_text(json.dumps(PARTICIPANTS))
    settings = [word for name, value in NUMBERS.items() for word in ("--set", f"market.{name}={value}")]
    network.tieline("init", network.net, "--port", free_base_port(), "--participants", FOLDER / "participants.json",
                    *settings)
    network.start()
    try:
        who_delivers_is_paid_and_who_does_not_compensates()
        trade = a_trade_goes_through_its_rounds_and_locks_money()
        what_is_refused_says_why_and_a_dry_run_says_it_before()
        terms_are_countered_and_cancelled_by_all_four(trade)
        money_comes_by_the_regulator_alone()
    finally:
        network.stop()
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
