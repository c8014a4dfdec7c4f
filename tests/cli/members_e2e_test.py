#!/usr/bin/env python3
"""Members after genesis on a real network with short epochs: a newcomer is registered by vote and records readings, a key
is rotated, a stolen one revoked, a lost one replaced by vote, and receipts from before all that still verify. The
validators show records to those who may read them only, and log who asked.

    members_e2e_test.py TIELINE FOLDER     FOLDER is made and removed
"""
import json
import pathlib
import shutil
import sys
import time

from real_network import RealNetwork, check, free_base_port

FOLDER = pathlib.Path(sys.argv[2])
BALANCE = 10_000_000_000
STAKE = 1_000_000_000
PARTICIPANTS = [
    {"name": "sunfield", "role": "plant", "meters": ["s-out"], "capacity_w": 1_000_000, "balance": BALANCE},
    {"name": "northwire", "role": "grid", "meters": ["n-in"], "capacity_w": 2_000_000, "balance": BALANCE},
    {"name": "cityline", "role": "distributor", "meters": ["c-in"], "capacity_w": 2_000_000, "balance": BALANCE},
    {"name": "bakery", "role": "user", "meters": ["b-in"], "contracted_w": 900_000, "balance": BALANCE},
    {"name": "watchdog", "role": "regulator", "meters": []},
    {"name": "clearing", "role": "neutral", "meters": []},
]
SETTINGS = ["consensus.epoch_blocks=8", "consensus.epoch_ms=500", "consensus.tenure_ms=2000"]
VOTERS = ["sunfield", "northwire", "cityline"]
TICKS_MAX = 400
network = RealNetwork(sys.argv[1], FOLDER)


def tieline(*words, status=0):
    return network.tieline(*words, "--net", network.net, status=status)


def record(name, by, *words, status=0, what=None):
    file = FOLDER / f"{name}.json"
    file.write_text(json.dumps(what or {"data": name}))
    return tieline("submit", file, "--as", by, *words, status=status)


def epochs_pass(count):
    """Records until so many epochs have begun: blocks are made of records."""
    until = tieline("status")["epoch"] + count
    for tick in range(TICKS_MAX):
        if tieline("status")["epoch"] >= until:
            return
        record("tick", "clearing")
        time.sleep(0.1)
    raise AssertionError("the epochs do not pass")


def passed(*words):
    made = tieline("govern", "propose", *words, "--as", VOTERS[0])
    for name in VOTERS[1:]:
        tieline("govern", "vote", made["proposal"], "yes", "--as", name)
    shown = [p for p in tieline("govern", "show")["proposals"] if p["id"] == made["proposal"]]
    check(shown and shown[0]["state"] == "passed", f"{shown}")
    return made["proposal"]


def a_newcomer_is_registered_by_vote_and_records():
    request = FOLDER / "bakery-2.member.json"
    tieline("participant", "new", "bakery-2", "--role", "user", "--org", "77", "--capacity-w", "50000", "--meters",
            "b2-main", "-o", request)
    refused = record("too-soon", "bakery-2", status=2)
    check(refused["error"]["code"] == "participant_unknown", f"{refused}")
    passed("member", request)
    vetoed = json.loads(request.read_text())
    vetoed["name"], vetoed["meters"] = "unwanted", []
    other = FOLDER / "unwanted.json"
    other.write_text(json.dumps(vetoed))
    check(tieline("govern", "veto", passed("member", other), "--as", "watchdog")["accepted"], "the veto")
    epochs_pass(4)
    made = record("first", "bakery-2", what={"readings": [
        {"meter": "b2-main", "obis": "1-0:1.8.0", "start": "2026-01-01T00:00:00Z", "seconds": 900, "wh": 1200,
         "quality": "measured"}]})
    check(made["accepted"], f"{made}")
    found = tieline("query", "readings", "--meter", "b2-main", "--as", "bakery-2")["readings"]
    check([r["wh"] for r in found] == [1200], f"{found}")
    check(tieline("participant", "show", "bakery-2")["id"] == len(PARTICIPANTS) + 1, "its number")
    tieline("participant", "show", "unwanted", status=2)
    receipt = FOLDER / "first.receipt"
    tieline("receipt", made["txid"], "-o", receipt)
    verdict = network.tieline("verify", receipt, "--genesis", network.net / "genesis.json")
    check(verdict["valid"] and verdict["later_keys"] == [len(PARTICIPANTS) + 1], f"{verdict}")


def a_rotated_key_signs_and_the_old_one_is_refused():
    before = FOLDER / "before.receipt"
    check(record("before", "bakery", "--receipt", before)["accepted"], "before")
    new = FOLDER / "bakery-2nd.key"
    rotated = tieline("participant", "rotate-key", new, "--as", "bakery")
    check(rotated["accepted"], f"{rotated}")
    epochs_pass(1)
    old = record("old-key", "bakery", status=1)
    check(old["code"] == "revoked_key" and not old["committed"], f"{old}")
    check(record("new-key", "bakery", "--key", new)["accepted"], "the new key signs")
    verdict = network.tieline("verify", before, "--genesis", network.net / "genesis.json")
    check(verdict["valid"] and verdict["later_keys"] == [], f"{verdict}")
    return new


def a_stolen_key_is_revoked_by_the_recovery_key(stolen):
    epochs_pass(1)  # what follows happens within one
    recovery, third = FOLDER / "bakery.recovery.key", FOLDER / "bakery-3rd.key"
    check(tieline("participant", "set-recovery-key", recovery, "--as", "bakery", "--key", stolen)["accepted"], "named")
    # The thief is quicker, but what it makes pending never comes into force.
    thiefs = FOLDER / "thief.key"
    tieline("participant", "rotate-key", thiefs, "--as", "bakery", "--key", stolen)
    revoked = tieline("participant", "revoke-key", "bakery", "--recovery", recovery, "--next", third,
                      "--doubtful-from", "2026-01-01T00:00:00Z", "--as", "sunfield")
    check(revoked["accepted"], f"{revoked}")
    epochs_pass(1)
    for key, code in ((stolen, "revoked_key"), (thiefs, "bad_signature")):
        said = record("thief", "bakery", "--key", key, status=1)
        check(said["code"] == code, f"{said}")
    check(record("again-ours", "bakery", "--key", third)["accepted"], "the third key signs")
    keys = tieline("participant", "show", "bakery")["keys"]
    check([k["doubtful_from"] is None for k in keys] == [True, False, True], f"{keys}")


def deadlines_change_together():
    hour = 3_600_000
    together = f"market.submit_ms={hour},market.close_ms={2 * hour},market.settle_ms={3 * hour}"
    alone = tieline("govern", "propose", "rules", f"market.settle_ms={3 * hour}", "--as", VOTERS[0], "--dry-run",
                    status=1)
    check(alone["code"] == "bad_proposal", f"it would settle before it closes: {alone}")
    check(tieline("govern", "propose", "rules", together, "--as", VOTERS[0], "--dry-run")["accepted"], "together")
    tieline("govern", "propose", "rules", "market.settle_ms", "--as", VOTERS[0], status=2)
    proposal = passed("rules", together)

    def settle():
        rules = tieline("govern", "rules", "--as", "watchdog")["rules"]
        return next(rule for rule in rules if rule["rule"] == "market.settle_ms")

    decided = settle()
    check(decided["decided"] == 3 * hour and decided["proposal"] == proposal and decided["by_vote"], f"{decided}")
    epochs_pass(4)
    acted = settle()
    check(acted["value"] == 3 * hour and acted["decided"] is None, f"{acted}")
    check(tieline("market", "show", "--as", "watchdog")["numbers"]["close_ms"] == 2 * hour, "the others with it")


def a_lost_key_is_replaced_by_vote():
    request, found = FOLDER / "lost.json", FOLDER / "sunfield-new.key"
    tieline("participant", "lost-key", "sunfield", found, "-o", request)
    passed("recover-key", request)
    passed("rule", "market.round_ms", "--value", 600_000)
    epochs_pass(4)
    check(tieline("market", "show", "--as", "watchdog")["numbers"]["round_ms"] == 600_000, "a rule that was voted")
    never = tieline("govern", "propose", "rule", "market.settle_ms", "--value", 1, "--as", VOTERS[1], status=1)
    check(never["code"] == "bad_proposal", f"{never}")
    check(record("lost", "sunfield", status=1)["code"] == "revoked_key", "the lost key")
    check(record("found", "sunfield", "--key", found)["accepted"], "the one from the vote")


def records_are_shown_by_right_only():
    def asked(*words, status=0):
        return tieline("query", "readings", "--meter", "b-in", *words, status=status)

    day = ("--from", "2026-02-01T00:00:00Z", "--to", "2026-02-02T00:00:00Z")
    made = record("bread", "bakery", what={"readings": [
        {"meter": "b-in", "obis": "1-0:1.8.0", "start": "2026-02-01T00:00:00Z", "seconds": 900, "wh": 700,
         "quality": "measured"}]})
    check(asked(status=2)["error"]["code"] == "not_authenticated", "nobody asks")
    check(asked("--as", "sunfield", *day, status=2)["error"]["code"] == "not_granted", "a stranger asks")
    granted = tieline("participant", "grant", "--reader", "sunfield", "--meter", "b-in", "--from", day[1], "--to", day[3],
                      "--as", "bakery")
    check(granted["accepted"], f"{granted}")
    check([r["wh"] for r in asked("--as", "sunfield", *day)["readings"]] == [700], "whom it was granted")
    check(asked("--as", "sunfield", status=2)["error"]["code"] == "not_granted", "and not for all of time")
    check([r["wh"] for r in asked("--as", "watchdog")["readings"]] == [700], "the regulator")
    seen = tieline("query", "tx", made["txid"], "--as", "northwire")
    check(seen["code"] == "ok" and not seen["actions"], f"{seen}")
    check(tieline("market", "account", "bakery", "--as", "northwire", status=2)["error"]["code"] == "not_granted",
          "an account")
    check(tieline("query", "block", made["height"])["transactions"] == 1, "blocks are public")
    tieline("participant", "revoke", "--reader", "sunfield", "--meter", "b-in", "--as", "bakery")
    check(asked("--as", "sunfield", *day, status=2)["error"]["code"] == "not_granted", "taken back")
    lines = [json.loads(line) for i in range(4)
             for line in (network.net / f"validator-{i}" / "data" / "access.log").read_text().splitlines()]
    told = {(line["who"], line["code"]) for line in lines if "meter=b-in" in line["target"]}
    check({(None, "not_authenticated"), (1, "not_granted"), (1, "ok"), (5, "ok")} <= told, f"{told}")


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    (FOLDER / "participants.json").write_text(json.dumps(PARTICIPANTS))
    settings = [word for one in SETTINGS for word in ("--set", one)]
    network.tieline("init", network.net, "--port", free_base_port(), "--participants", FOLDER / "participants.json",
                    *settings)
    for config in network.net.glob("validator-*/config.toml"):
        config.write_text(config.read_text().replace('access = "open"', 'access = "granted"'))
    network.start()
    try:
        records_are_shown_by_right_only()
        for name in [*VOTERS, "bakery"]:
            check(tieline("stake", "bond", "--amount", STAKE, "--as", name)["accepted"], "a stake")
        a_newcomer_is_registered_by_vote_and_records()
        second = a_rotated_key_signs_and_the_old_one_is_refused()
        a_stolen_key_is_revoked_by_the_recovery_key(second)
        deadlines_change_together()
        a_lost_key_is_replaced_by_vote()
    finally:
        network.stop()
    audit = network.tieline("audit", network.net / "validator-0")
    check(audit["ok"], f"{audit}")
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
