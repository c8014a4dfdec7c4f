#include "ledger/readings.h"

#include <algorithm>
#include <tuple>

#include "ledger/block_record.h"

namespace tieline {
namespace {

constexpr size_t kIndexKeyBytes = 4 + 8 + 8 + 4;
constexpr size_t kEntriesPerScan = 256;  // index entries taken at a time, before any block is read

struct Entry {
  int64_t first_start_s = 0;
  Height height = 0;
  uint32_t index = 0;
};

uint64_t big_endian(ByteView bytes) {
  uint64_t value = 0;
  for (uint8_t b : bytes) value = value << 8 | b;
  return value;
}

Error corrupt_index() { return Error{"corrupt_store", "the index of readings is damaged"}; }

// One transaction out of a block's transfer form; the others are skipped, not parsed.
Result<TxPtr> transaction_at(const BlockRecord& record, uint32_t index) {
  Reader r(record.block.view());
  Header header;
  decode(r, header);
  r.bytes(kEvidenceBytesMax);
  const size_t count = r.count(kBlockTxMax, 4);
  for (size_t i = 0; i < count && r.ok(); ++i) {
    const ByteView raw = r.bytes(kTxBytesMax);
    if (r.ok() && i == index) return Transaction::parse(record.block.slice(r.offset() - raw.size(), raw.size()));
  }
  return corrupt_index();
}

// The readings that one index entry stands for, in order.
Result<std::vector<Reading>> entry_readings(const Transaction& tx, MeterId meter, int64_t first_start_s) {
  const std::vector<ReadingSpan> spans = reading_spans(tx);
  const auto span = std::find_if(spans.begin(), spans.end(), [&](const ReadingSpan& s) {
    return s.meter == meter && s.first_start_s == first_start_s;
  });
  if (span == spans.end()) return corrupt_index();
  const auto next = span + 1;
  const int64_t until_s = next != spans.end() && next->meter == meter ? next->first_start_s : span->last_end_s;
  std::vector<Reading> out;
  for (const Action& action : tx.actions()) {
    if (action.type != ActionType::kReadings) continue;
    const Result<std::vector<Reading>> readings = decode_readings(action.payload);
    TL_CHECK(readings.ok());
    for (const Reading& r : *readings) {
      if (r.meter == meter && r.start_s >= first_start_s && r.start_s < until_s) out.push_back(r);
    }
  }
  std::sort(out.begin(), out.end(), [](const Reading& a, const Reading& b) {
    return std::tuple(a.start_s, a.obis) < std::tuple(b.start_s, b.obis);
  });
  return out;
}

// Index entries from `from` on whose stretch may meet the wanted time.
Result<std::vector<Entry>> entries_from(const StoreReader& store, const Bytes& from, const Bytes& to, int64_t from_s,
                                        Bytes& next) {
  std::vector<Entry> out;
  bool damaged = false;
  next.clear();
  store.scan(Column::kReadings, from, to, false, [&](ByteView key, ByteView value) {
    if (key.size() != kIndexKeyBytes || value.size() != 8) {
      damaged = true;
      return false;
    }
    if (out.size() == kEntriesPerScan) {
      next.assign(key.begin(), key.end());
      return false;
    }
    if (static_cast<int64_t>(big_endian(value)) > from_s) {
      out.push_back({static_cast<int64_t>(big_endian(key.subspan(4, 8))), big_endian(key.subspan(12, 8)),
                     static_cast<uint32_t>(big_endian(key.subspan(20, 4)))});
    }
    return true;
  });
  if (damaged) return corrupt_index();
  return out;
}

}  // namespace

std::string to_string(const ReadingsCursor& cursor) {
  Writer w;
  w.i64(cursor.first_start_s);
  w.u64(cursor.height);
  w.u32(cursor.index);
  w.u32(cursor.skip);
  return to_hex(w.view());
}

std::optional<ReadingsCursor> cursor_from_string(std::string_view text) {
  const std::optional<Bytes> raw = from_hex(text);
  if (!raw) return std::nullopt;
  Reader r(*raw);
  ReadingsCursor cursor;
  cursor.first_start_s = r.i64();
  cursor.height = r.u64();
  cursor.index = r.u32();
  cursor.skip = r.u32();
  if (!r.done() || cursor.first_start_s < 0) return std::nullopt;
  return cursor;
}

Result<std::optional<ReadingsCursor>> scan_readings(const StoreReader& store, MeterId meter, int64_t from_s,
                                                    int64_t to_s, size_t limit,
                                                    const std::optional<ReadingsCursor>& after,
                                                    const std::function<bool(const RecordedReading&)>& visit) {
  from_s = std::max<int64_t>(from_s, 0);
  limit = std::min(limit, kReadingsPageMax);
  if (to_s <= from_s) return std::optional<ReadingsCursor>{};
  // An entry that meets the time begins at most a stretch before it.
  Bytes at = after ? reading_key(meter, after->first_start_s, after->height, after->index)
                   : reading_key(meter, std::max<int64_t>(from_s - kIndexSpanSeconds, 0), 0, 0);
  const Bytes end = reading_key(meter, to_s, 0, 0);
  size_t seen = 0;
  std::optional<BlockRecord> record;
  Height record_height = 0;
  while (true) {
    Bytes next;
    const Result<std::vector<Entry>> entries = entries_from(store, at, end, from_s, next);
    if (!entries.ok()) return entries.error();
    for (const Entry& entry : *entries) {
      if (!record || record_height != entry.height) {
        Result<BlockRecord> read = read_block_record(store, entry.height);
        if (!read.ok()) return Error{"corrupt_store", read.error().why};
        record = std::move(*read);
        record_height = entry.height;
      }
      const Result<TxPtr> tx = transaction_at(*record, entry.index);
      if (!tx.ok()) return Error{"corrupt_store", tx.error().why};
      const Result<std::vector<Reading>> readings = entry_readings(**tx, meter, entry.first_start_s);
      if (!readings.ok()) return readings.error();
      const bool resumed = after && after->first_start_s == entry.first_start_s && after->height == entry.height &&
                           after->index == entry.index;
      for (uint32_t i = resumed ? after->skip : 0; i < readings->size(); ++i) {
        const Reading& reading = (*readings)[i];
        if (reading.start_s >= to_s || reading.start_s + reading.duration_s <= from_s) continue;
        if (seen == limit || !visit({reading, (*tx)->id(), entry.height, entry.index})) {
          return std::optional<ReadingsCursor>(ReadingsCursor{entry.first_start_s, entry.height, entry.index, i});
        }
        ++seen;
      }
    }
    if (next.empty()) return std::optional<ReadingsCursor>{};
    at = std::move(next);
  }
}

}  // namespace tieline
