#!/usr/bin/env python3
"""Where a fuzz target begins: make_corpus.py TARGET FOLDER. For the market's actions and the wire the golden vectors of
tests/model/vectors/; for the readers of files a small one of each format."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

CSV = """meter,obis,start,seconds,wh,quality
house,1-0:1.8.0,2026-01-05T08:00:00Z,900,2150,measured
pv-1,1-0:2.8.0,2026-01-05T08:15:00+01:00,900,12,estimated
"""
GREEN = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi">
<entry><link rel="self" href="UsagePoint/1"/><link rel="related" href="UsagePoint/1/MeterReading"/>
 <title>house</title><content><espi:UsagePoint/></content></entry>
<entry><link rel="self" href="MeterReading/1"/><link rel="up" href="UsagePoint/1/MeterReading"/>
 <link rel="related" href="MeterReading/1/IntervalBlock"/><link rel="related" href="ReadingType/1"/>
 <content><espi:MeterReading/></content></entry>
<entry><link rel="self" href="ReadingType/1"/><content><espi:ReadingType>
 <espi:accumulationBehaviour>4</espi:accumulationBehaviour><espi:flowDirection>1</espi:flowDirection>
 <espi:kind>12</espi:kind><espi:powerOfTenMultiplier>0</espi:powerOfTenMultiplier><espi:uom>72</espi:uom>
</espi:ReadingType></content></entry>
<entry><link rel="self" href="IntervalBlock/1"/><link rel="up" href="MeterReading/1/IntervalBlock"/>
 <content><espi:IntervalBlock><espi:IntervalReading><espi:timePeriod><espi:duration>900</espi:duration>
 <espi:start>1767600000</espi:start></espi:timePeriod><espi:value>2150</espi:value></espi:IntervalReading>
</espi:IntervalBlock></content></entry></feed>
"""
CIM = """<m:MeterReadings xmlns:m="http://iec.ch/TC57/2011/MeterReadings#"><m:MeterReading>
<m:Meter><m:mRID>4711</m:mRID><m:Names><m:name>pv-1</m:name></m:Names></m:Meter><m:IntervalBlocks>
<m:IntervalReadings><m:timeStamp>2026-01-05T08:15:00Z</m:timeStamp><m:value>12</m:value></m:IntervalReadings>
<m:ReadingType ref="0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"/></m:IntervalBlocks></m:MeterReading></m:MeterReadings>
"""


def market_actions():
    for line in (ROOT / "tests/model/vectors/market_actions.txt").read_text().splitlines():
        head, payload = line.split(":")
        if " " in head:  # others are digests
            number, name = head.split(" ")
            yield name, bytes([int(number)]) + bytes.fromhex(payload.strip())


def xml_readings():
    yield from (("csv", CSV.encode()), ("green", GREEN.encode()), ("cim", CIM.encode()))


def wire():
    """The first byte: 0 a frame, 1 a message, 2 a block, 3 a receipt (fuzz/wire_fuzz.cc)."""
    vectors = ROOT / "tests/model/vectors"
    for line in (vectors / "formats.txt").read_text().splitlines():
        name, _, text = line.partition(": ")
        if name in ("message.heartbeat", "message.view_change"):
            yield name, b"\x01" + bytes.fromhex(text)
            yield f"frame-{name}", b"\x00\x01\x01" + bytes.fromhex(text)
        if name in ("header", "header.last_of_epoch"):
            yield name, b"\x02" + bytes.fromhex(text) + bytes(8)
    for kind in range(1, 19):
        yield f"frame-{kind}", bytes([0, 1, kind]) + bytes(48)
    for path in vectors.glob("*.receipt.hex"):
        yield path.stem, b"\x03" + bytes.fromhex("".join(path.read_text().split()))


SEEDS = {"wire_fuzz": wire, "market_actions_fuzz": market_actions, "xml_readings_fuzz": xml_readings}

if __name__ == "__main__":
    target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    for name, content in SEEDS[target]():
        (folder / f"seed-{name}").write_bytes(content)
