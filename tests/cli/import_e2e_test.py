#!/usr/bin/env python3
"""A file imported into a real network, with the import killed in the middle; and the store audited afterwards.

    import_e2e_test.py TIELINE FOLDER     FOLDER is made and removed
"""
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from real_network import ROOT, WAIT_S, RealNetwork, check, free_base_port

TIELINE, FOLDER = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
network = RealNetwork(TIELINE, FOLDER)
NET = network.net
CSV = ROOT / "data" / "pv-1.csv"


def tieline(*words, status=0):
    return network.tieline(*words, status=status)


def import_words(file=CSV, batch=10):
    return ["import", file, "--net", NET, "--as", "sunfield", "--batch", str(batch)]


def killed_import_goes_on_without_a_duplicate():
    first = subprocess.Popen([TIELINE, *import_words(), "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    first.kill()
    first.wait()
    again = tieline(*import_words())
    check(again["accepted"] == again["rows"] == 10_000 and not again["rejected"], f"after the kill: {again}")
    check(again["resumed"], "the second run did not find the journal")
    third = tieline(*import_words())
    check(third["already"] == 10_000, f"a third run: {third['already']} of 10,000 were recorded already")
    listed = tieline("query", "readings", "--meter", "pv-1", "--net", NET)
    check(listed["count"] == 10_000, f"{listed['count']} readings are recorded")
    starts = {(r["start"], r["obis"]) for r in listed["readings"]}
    check(len(starts) == 10_000, "an interval is recorded twice")


def only_new_rows_of_a_longer_file_are_recorded():
    longer = FOLDER / "longer.csv"
    longer.write_text(CSV.read_text() + "pv-1,1-0:2.8.0,2016-12-31T00:00:00Z,900,17,measured\n")
    result = tieline(*import_words(longer, 500), status=1)
    check(result["accepted"] == 1 and len(result["rejected"]) == 10_000, f"{result['accepted']} accepted, {len(result['rejected'])} rejected")
    check({r["code"] for r in result["rejected"]} == {"overlap"}, "other codes than overlap")


def a_bad_file_is_refused_whole():
    bad = FOLDER / "bad.csv"
    bad.write_text("meter,obis,start,seconds,wh,quality\npv-1,1-0:2.8.0,2017-01-01T00:00:00Z,900,1,measured\npv-1,x,y,z,1,measured\n")
    result = tieline(*import_words(bad), status=2)
    check(result["accepted"] == 0 and result["rejected"][0]["line"] == 3, f"{result}")
    listed = tieline("query", "readings", "--meter", "pv-1", "--from", "2017-01-01T00:00:00Z", "--net", NET)
    check(listed["count"] == 0, "something of it was recorded")
    result = tieline(*import_words(bad), "--skip-bad", status=1)
    check(result["accepted"] == 1 and len(result["rejected"]) == 1, f"{result}")


def xml_files_are_told_by_their_content_and_a_doctype_records_nothing():
    values = "".join(f"<IntervalReadings><timeStamp>2018-10-28T{h}:{m:02}:00{zone}</timeStamp><value>0.{h}{m // 15}</value></IntervalReadings>\n"
                     for h, zone in (("01", "+02:00"), ("02", "+02:00"), ("02", "+01:00"), ("03", "+01:00")) for m in (0, 15, 30, 45))
    text = ('<?xml version="1.0"?>\n%s<MeterReadings><MeterReading><Meter><Names><name>bakery-1</name></Names></Meter><IntervalBlocks>\n'
            '<ReadingType ref="0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"/>\n' + values + "</IntervalBlocks></MeterReading></MeterReadings>\n")
    words = ["import", FOLDER / "day.xml", "--net", NET, "--as", "bakery"]
    (FOLDER / "day.xml").write_text(text % '<!DOCTYPE MeterReadings [<!ENTITY a "b">]>\n')
    refused = tieline(*words, status=2)
    check(refused["error"]["code"] == "xml_doctype" and "line 2" in refused["error"]["why"], f"{refused}")
    (FOLDER / "day.xml").write_text(text % "")
    result = tieline(*words)
    check(result["accepted"] == result["rows"] == 16 and not result["rejected"], f"{result}")
    listed = tieline("query", "readings", "--meter", "bakery-1", "--net", NET)
    check(listed["count"] == 16, f"{listed['count']} readings of the day of 25 hours")


def a_stopped_store_is_audited_and_a_flipped_bit_found():
    report = tieline("audit", NET / "validator-0")
    check(report["ok"] and report["transactions"] > 1_000 and report["state_checked"], f"{report}")
    tables = sorted((NET / "validator-1" / "data" / "store").glob("*.sst"), key=lambda f: f.stat().st_size)
    check(tables, "the store has no files")
    data = bytearray(tables[-1].read_bytes())
    data[len(data) // 3] ^= 1
    tables[-1].write_bytes(bytes(data))
    report = tieline("audit", NET / "validator-1", status=1)
    check(tables[-1].name in report["finding"]["why"], f"the file is not named: {report}")


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        tieline("init", NET, "--port", free_base_port(), "--participants", ROOT / "data" / "participants.json")
        network.start()
        killed_import_goes_on_without_a_duplicate()
        only_new_rows_of_a_longer_file_are_recorded()
        a_bad_file_is_refused_whole()
        xml_files_are_told_by_their_content_and_a_doctype_records_nothing()
        check(tieline("audit", NET / "validator-0", status=2)["error"]["code"] == "folder_in_use", "audited while it runs")
        network.up.send_signal(signal.SIGTERM)
        check(network.up.wait(WAIT_S) == 0, "the network did not stop cleanly")
        check(tieline("status", "--net", NET, status=3)["error"]["code"], "a network that is down answers")
        a_stopped_store_is_audited_and_a_flipped_bit_found()
    finally:
        network.stop()
        shutil.rmtree(FOLDER, ignore_errors=True)


main()
