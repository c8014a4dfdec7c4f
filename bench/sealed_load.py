#!/usr/bin/env python3
"""Sealed readings as transactions on four validators of this machine: how many a second are recorded.

    bench/sealed_load.py TIELINE FOLDER [POINTS]     FOLDER is made and removed; a day of each point, sealed to two

Sealing and signing come first and are not counted; then all transactions are handed in at once, to all validators in turn.
"""
import concurrent.futures
import datetime
import json
import pathlib
import shutil
import ssl
import struct
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "cli"))
from real_network import RealNetwork, check, free_base_port  # noqa: E402

PROGRAM, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
POINTS = int(sys.argv[3]) if len(sys.argv) > 3 else 48
SLOTS, SLOT, HOUR_MS = 96, datetime.timedelta(minutes=15), 3_600_000
PER_REQUEST = 8
PARTICIPANTS = [{"name": name, "role": role, "meters": [], "balance": 1}
                for name, role in (("cityline", "distributor"), ("gateway", "user"), ("household", "user"),
                                   ("watchdog", "regulator"), ("clearing", "neutral"))]
network = RealNetwork(PROGRAM, FOLDER)


def text_of(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def tieline(*words):
    return network.tieline(*words, "--net", network.net)


def start_network():
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    first = now - datetime.timedelta(minutes=now.minute % 15) + SLOT
    (FOLDER / "participants.json").write_text(json.dumps(PARTICIPANTS))
    (FOLDER / "private.json").write_text(json.dumps({
        "buckets_w": [11_000], "profile_ppm": [200_000] * 96, "loss_lo_ppm": 0, "loss_hi_ppm": 100_000, "sets": [],
        "distributors": [{"name": "cityline", "points": POINTS}]}))
    settings = ["market.time_rate=0", f"market.submit_ms={26 * HOUR_MS}", f"market.close_ms={48 * HOUR_MS}"]
    network.tieline("init", network.net, "--port", free_base_port(), "--participants", FOLDER / "participants.json",
                    "--private", FOLDER / "private.json", *[word for s in settings for word in ("--set", s)])
    network.start()
    return first


def signed_day(number, first, meter):
    """One transaction with a point's day, signed and not sent."""
    name = FOLDER / f"{number}"
    rows = [f"home,1-0:1.8.0,{text_of(first + i * SLOT)},900,{100 + i},measured" for i in range(SLOTS)]
    name.with_suffix(".csv").write_text("\n".join(["meter,obis,start,seconds,wh,quality", *rows]) + "\n")
    tieline("seal", "readings", name.with_suffix(".csv"), "--meter", meter, "--to", "cityline,household", "-o",
            name.with_suffix(".records"))
    records = json.loads(name.with_suffix(".records").read_text())["records"]
    actions = [{"action": "private_record", "payload": record} for record in records]
    name.with_suffix(".json").write_text(json.dumps({"actions": actions, "sequence": number + 1}))
    tieline("submit", name.with_suffix(".json"), "--as", "gateway", "--sign-only", name.with_suffix(".tx"))
    return name.with_suffix(".tx").read_bytes()


def hand_in(address, transactions):
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    body = b"".join(struct.pack("<I", len(tx)) + tx for tx in transactions)
    request = urllib.request.Request(f"https://{address}/v1/transactions?wait=commit&timeout_ms=30000", body,
                                     {"Content-Type": "application/octet-stream"})
    with urllib.request.urlopen(request, timeout=60, context=tls) as answer:
        return [t["code"] for t in json.load(answer)["transactions"]], len(body)


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        first = start_network()
        meters = [FOLDER / f"{i}.meter" for i in range(POINTS)]
        period = ["--start", text_of(first), "--end", text_of(first + datetime.timedelta(days=2))]
        points = [{"limit_w": 9_000, "pseudonym": tieline("seal", "meter", "--bucket-w", 11_000, *period, "-o", meter)
                   ["pseudonym"]} for meter in meters]
        (FOLDER / "points.json").write_text(json.dumps(points))
        check(tieline("private", "register", FOLDER / "points.json", *period, "--as", "cityline", "--regulator",
                      "watchdog")["accepted"], "the batch")
        signed = [signed_day(i, first, meter) for i, meter in enumerate(meters)]
        end = int((first + SLOTS * SLOT).timestamp() * 1000)
        (FOLDER / "tick.json").write_text(json.dumps({"actions": [{"action": "tick", "market_time": end}]}))
        for _ in range(2):
            check(tieline("submit", FOLDER / "tick.json", "--as", "clearing")["accepted"], "a tick")
        genesis = json.loads((network.net / "genesis.json").read_text())
        addresses = [v["http"] for v in genesis["validators"]]
        parts = [signed[i:i + PER_REQUEST] for i in range(0, POINTS, PER_REQUEST)]
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(len(parts)) as pool:
            answers = list(pool.map(hand_in, [addresses[i % 4] for i in range(len(parts))], parts))
        seconds = time.monotonic() - began
        check(all(code == "ok" for codes, _ in answers for code in codes), f"{answers}")
        sent, readings = sum(size for _, size in answers), POINTS * SLOTS
        print(f"{readings} sealed readings of {POINTS} points, {sent / 1e6:.1f} MB: {seconds:.2f} s, "
              f"{readings / seconds:.0f} a second")
    finally:
        network.stop()
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
