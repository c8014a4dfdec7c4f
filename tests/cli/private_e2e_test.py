#!/usr/bin/env python3
"""Private metering points on a real network, whose market time passes by ticks alone: pseudonyms, sealed readings with
receipts, replays, a gap that is substituted, a balance, a false complaint, and a bill that is proved from the chain.

    private_e2e_test.py TIELINE FOLDER     FOLDER is made and removed
"""
import datetime
import json
import pathlib
import shutil
import sys

from real_network import RealNetwork, check, free_base_port

FOLDER = pathlib.Path(sys.argv[2])
BALANCE = 10_000_000_000
PARTICIPANTS = [
    {"name": "sunfield", "role": "plant", "meters": ["s-out"], "capacity_w": 1_000_000, "balance": BALANCE},
    {"name": "northwire", "role": "grid", "meters": ["n-out"], "capacity_w": 2_000_000, "balance": BALANCE,
     "flows": [{"to": "cityline", "meter": "n-out", "check_meter": "c-in"}]},
    {"name": "cityline", "role": "distributor", "meters": ["c-in"], "capacity_w": 2_000_000, "balance": BALANCE},
    {"name": "gateway", "role": "user", "meters": []},
    {"name": "household", "role": "user", "meters": []},
    {"name": "watchdog", "role": "regulator", "meters": []},
    {"name": "clearing", "role": "neutral", "meters": []},
]
HOUR_MS, SLOT = 3_600_000, datetime.timedelta(minutes=15)
NUMBERS = {"time_rate": 0, "submit_ms": 26 * HOUR_MS, "close_ms": 48 * HOUR_MS}
POINTS, SLOTS, GAP, PRICE = 10, 97, 50, 250_000_000
network = RealNetwork(sys.argv[1], FOLDER)


def tieline(*words, status=0):
    return network.tieline(*words, "--net", network.net, status=status)


def text_of(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def time_passes_until(when):
    """A tick counts from the next block on, which the second one makes."""
    file = FOLDER / "tick.json"
    file.write_text(json.dumps({"actions": [{"action": "tick", "market_time": int(when.timestamp() * 1000)}]}))
    for _ in range(2):
        check(tieline("submit", file, "--as", "clearing")["accepted"], "a tick of the neutral authority")


def csv_file(name, rows):
    file = FOLDER / name
    lines = ["meter,obis,start,seconds,wh,quality"]
    lines += [f"home,1-0:1.8.0,{text_of(start)},900,{wh},measured" for start, wh in rows]
    file.write_text("\n".join(lines) + "\n")
    return file


class Point:
    def __init__(self, number):
        self.name, self.meter = f"home-{number}", FOLDER / f"home-{number}.meter"
        self.pseudonym = tieline("seal", "meter", "--bucket-w", 11_000, "--start", text_of(FIRST), "--end", text_of(LAST),
                                 "-o", self.meter)["pseudonym"]

    def seal(self, name, rows, *words):
        out = FOLDER / f"{self.name}.{name}.records"
        tieline("seal", "readings", csv_file(f"{self.name}.{name}.csv", rows), "--meter", self.meter, "--to",
                "cityline,watchdog", "-o", out, *words)
        return out

    def fetch(self, slots):
        out = FOLDER / f"{self.name}.chain"
        return tieline("private", "fetch", "--pseudonym", self.pseudonym, "--start", text_of(FIRST), "--slots", slots,
                       "-o", out), out


def network_with_private_points():
    """Genesis names a set of 97 slots from the quarter of an hour in which the network is made on."""
    global FIRST, LAST
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    FIRST = now - datetime.timedelta(minutes=now.minute % 15) + SLOT
    LAST = FIRST + datetime.timedelta(days=2)
    (FOLDER / "participants.json").write_text(json.dumps(PARTICIPANTS))
    (FOLDER / "private.json").write_text(json.dumps({
        "buckets_w": [4_000, 11_000], "profile_ppm": [200_000] * 96, "loss_lo_ppm": 0, "loss_hi_ppm": 100_000,
        "sets": [{"id": 1, "start_s": int(FIRST.timestamp()), "slots": SLOTS}],
        "distributors": [{"name": "cityline", "points": POINTS}]}))
    settings = [word for key, value in NUMBERS.items() for word in ("--set", f"market.{key}={value}")]
    network.tieline("init", network.net, "--port", free_base_port(), "--participants", FOLDER / "participants.json",
                    "--private", FOLDER / "private.json", *settings)


def points_are_registered():
    points = [Point(i) for i in range(POINTS)]
    file = FOLDER / "points.json"
    file.write_text(json.dumps([{"limit_w": 9_000, "pseudonym": p.pseudonym} for p in points]))
    words = ["private", "register", file, "--start", text_of(FIRST), "--end", text_of(LAST), "--as", "cityline",
             "--regulator"]
    check(tieline(*words, "household", status=1)["code"] == "not_authorised", "co-signed by no regulator")
    check(tieline(*words, "watchdog")["accepted"], "the batch")
    check(tieline(*words, "watchdog", status=1)["code"] == "bad_period", "once a period")
    shown = tieline("private", "show", points[0].pseudonym)
    check((shown["distributor"], shown["bucket_w"], shown["faults"]) == ("cityline", 11_000, 0), f"{shown}")
    return points


def readings_are_recorded(home):
    """A day and a quarter of one point, but for a gap; what is sent twice or changed is refused."""
    time_passes_until(FIRST + SLOTS * SLOT)
    rows = [(FIRST + i * SLOT, 100 + i) for i in range(SLOTS) if i != GAP]
    file, receipt = home.seal("day", rows), FOLDER / "day.receipt"
    made = tieline("private", "record", file, "--as", "gateway", "--receipt", receipt)
    check(made["accepted"], f"{made}")
    verdict = network.tieline("verify", receipt, "--genesis", network.net / "genesis.json")
    check(verdict["valid"], f"{verdict}")
    check(tieline("private", "record", file, "--as", "household", status=1)["code"] == "overlap", "a replay")
    records = json.loads(file.read_text())
    raw = bytearray.fromhex(records["records"][0])
    raw[60] ^= 1  # in the first reading
    changed = FOLDER / "changed.json"
    changed.write_text(json.dumps({"actions": [{"action": "private_record", "payload": raw.hex()}]}))
    refused = tieline("submit", changed, "--as", "gateway", "--dry-run", status=1)
    check(not refused["accepted"], f"{refused}")
    opened = tieline("open", "readings", home.fetch(SLOTS)[1], "--as", "cityline")
    check(sum(r["wh"] for r in opened["readings"]) == sum(wh for _, wh in rows) and opened["bad"] == 0, "as recorded")
    return rows


def the_distributor_balances(points, first_of_home):
    for point in points[1:]:
        check(tieline("private", "record", point.seal("first", [(FIRST, 500)]), "--as", "gateway")["accepted"], "500")
    feeder = {"readings": [{"meter": "n-out", "obis": "1-0:2.8.0", "start": text_of(FIRST), "seconds": 900,
                            "wh": 500 * (POINTS - 1) + first_of_home + 200, "quality": "measured"}]}
    file = FOLDER / "feeder.json"
    file.write_text(json.dumps(feeder))
    made = tieline("submit", file, "--as", "northwire")
    check(made["accepted"], f"{made}")
    words = ["private", "balance", "--start", text_of(FIRST), "--period", text_of(FIRST), "--as", "cityline"]
    early = tieline(*words, status=2)
    check("too_early" in json.dumps(early), f"{early}")
    time_passes_until(FIRST + SLOT + datetime.timedelta(hours=26, minutes=1))
    check(tieline(*words)["accepted"], "the balance")
    check(tieline(*words, status=1)["code"] == "overlap", "once")


def a_false_complaint_is_answered_and_ruled(home):
    chain, start = home.fetch(SLOTS)[1], text_of(FIRST + 3 * SLOT)
    words = [chain, "--start", start, "--as", "cityline"]
    check(not tieline("private", "publish", *words, status=1)["forged"], "no forgery")
    made = tieline("private", "complain", *words)
    check(made["accepted"], f"{made}")
    check(tieline("private", "complain", *words, status=1)["code"] == "complaint_state", "once")
    rule = ["private", "rule", made["complaint"], "--as", "watchdog"]
    check("has not answered" in json.dumps(tieline(*rule, status=2)), "nothing to rule on yet")
    answer = tieline("private", "answer", made["complaint"], "--meter", home.meter, "--readings",
                     FOLDER / "home-0.day.csv", "--regulator", "watchdog", "--as", "gateway")
    check(answer["accepted"], f"{answer}")
    ruled = tieline(*rule)
    check(ruled["accepted"] and ruled["meter_at_fault"] is False, f"{ruled}")
    check(tieline("private", "show", home.pseudonym)["faults"] == 0, "the meter did nothing wrong")


def a_bill_is_proved_from_the_chain(home, rows):
    time_passes_until(FIRST + SLOTS * SLOT + datetime.timedelta(hours=49))
    fetched, chain = home.fetch(SLOTS)
    check(fetched["substituted"] == 1, f"the gap is filled: {fetched}")
    readings = FOLDER / "home-0.day.csv"
    words = ["bill", "open", "--meter", home.meter, "--readings", readings, "--records", chain, "--start",
             text_of(FIRST), "--slots", SLOTS, "--set", 1]
    substitute = 11_000 // 4 * 200_000 * 5 // 4_000_000
    wh = sum(wh for _, wh in rows) + substitute
    bill, total = FOLDER / "home.bill", FOLDER / "home.total"
    made = tieline(*words, "--price", PRICE, "--to", "cityline", "-o", bill)
    check(made["amount"] == wh * PRICE // 1_000_000, f"{made}")
    verdict = tieline("bill", "verify", bill, "--records", chain, "--as", "cityline")
    check(verdict["valid"] and verdict["amount"] == made["amount"], f"{verdict}")
    other = json.loads(bill.read_text())
    other["prices"][7] -= 1
    bill.write_text(json.dumps(other))
    check(not tieline("bill", "verify", bill, "--records", chain, "--as", "cityline", status=1)["valid"], "another price")
    tieline(*words, "--price", 1, "-o", total)
    check(tieline("private", "open-total", total, "--as", "gateway")["accepted"], "the total")
    check(tieline("private", "open-total", total, "--as", "gateway", status=1)["code"] == "may_not_open", "once")
    opened = tieline("private", "show", home.pseudonym)["opened"]
    check([(o["set"], o["value"]) for o in opened] == [(1, wh)], f"{opened}")


def the_gap_is_corrected(home):
    late = home.seal("late", [(FIRST + GAP * SLOT, 150)], "--correction", 1)
    check(tieline("private", "record", late, "--as", "gateway", status=1)["code"] == "rank_not_raised", "alone")
    check(tieline("private", "record", late, "--as", "cityline")["accepted"], "a late value")
    check(home.fetch(SLOTS)[0]["substituted"] == 0, "in the place of the public one")
    again = home.seal("again", [(FIRST, 1)], "--correction", 1)
    check(tieline("private", "record", again, "--as", "gateway", status=1)["code"] == "rank_not_raised", "alone")


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        network_with_private_points()
        network.start()
        points = points_are_registered()
        rows = readings_are_recorded(points[0])
        the_distributor_balances(points, rows[0][1])
        a_false_complaint_is_answered_and_ruled(points[0])
        a_bill_is_proved_from_the_chain(points[0], rows)
        the_gap_is_corrected(points[0])
    finally:
        network.stop()
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
