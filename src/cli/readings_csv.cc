#include "cli/readings_csv.h"

#include <array>
#include <optional>

#include "cli/import_text.h"
#include "cli/rfc3339.h"

namespace tieline::cli {
namespace {

constexpr size_t kColumns = 6;
constexpr std::array<std::string_view, kColumns> kColumnNames = {"meter", "obis", "start", "seconds", "wh", "quality"};
struct FieldFault {
  size_t column;  // 0-based
  std::string code, why;
};

struct Fields {
  std::array<std::string_view, kColumns> text;
  size_t count = 0;
};
Fields split(std::string_view line) {
  Fields fields;
  while (true) {
    const size_t comma = line.find(',');
    if (fields.count < kColumns) fields.text[fields.count] = line.substr(0, comma);
    ++fields.count;
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

std::optional<FieldFault> read_fields(const Fields& fields, const MeterTable& meters, ParticipantId owner,
                                      Reading& out) {
  const auto& [meter, obis, start, seconds, wh, quality] = fields.text;
  const auto entry = meters.find(meter);
  if (entry == meters.end()) return FieldFault{0, "csv_meter", "no meter " + shown(meter) + " is registered"};
  if (entry->second.owner != owner) {
    return FieldFault{0, "csv_foreign_meter", "meter " + shown(meter) + " belongs to another participant"};
  }
  out.meter = entry->second.id;

  auto kind = parse_obis(obis);
  if (!kind) return FieldFault{1, kind.error().code, kind.error().why};
  out.obis = *kind;

  auto time = parse_rfc3339(start);
  if (!time) return FieldFault{2, "csv_start", shown(start) + ": " + time.error().why};
  if (auto fault = start_fault(*time)) return FieldFault{2, "csv_start", shown(start) + " " + *fault};
  out.start_s = *time;

  const auto length = whole_number(seconds);
  if (auto fault = length_fault(length.value_or(0))) {
    return FieldFault{3, "csv_seconds", shown(seconds) + " " + *fault};
  }
  out.duration_s = static_cast<uint32_t>(*length);

  const auto energy = whole_number(wh);
  if (!energy) return FieldFault{4, "csv_wh", shown(wh) + " is not a whole number of watt-hours"};
  if (*energy < 0 && out.obis != Obis::kExport) {
    return FieldFault{4, "csv_wh", shown(wh) + " is negative; only an export may be, and becomes an import"};
  }
  const uint64_t size = *energy < 0 ? uint64_t{0} - static_cast<uint64_t>(*energy) : static_cast<uint64_t>(*energy);
  if (size > kCsvWhMax) return FieldFault{4, "csv_wh", shown(wh) + " is above 2^53"};
  if (*energy < 0) out.obis = Obis::kImport;
  out.wh = size;

  auto rank = parse_quality(quality);
  if (!rank) return FieldFault{5, rank.error().code, rank.error().why};
  out.quality = *rank;
  return std::nullopt;
}

std::string at_column(size_t column, const std::string& why) {
  return "column " + std::to_string(column + 1) + " (" + std::string(kColumnNames[column]) + "): " + why;
}

// Takes the next line off `text`, without its end; a CR before the LF belongs to the end.
std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::optional<CsvFault> line_fault(std::string_view text, uint64_t line) {
  if (text.size() > kCsvLineBytesMax) {
    return CsvFault{line, 0, "csv_line_too_long",
                    "the line has " + std::to_string(text.size()) + " bytes; at most " +
                        std::to_string(kCsvLineBytesMax) + " are allowed"};
  }
  if (!is_utf8(text)) return CsvFault{line, 0, "csv_bad_encoding", "the line is not UTF-8"};
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return CsvFault{line, 0, "csv_bad_encoding",
                      c == '\r' ? "a carriage return within the line" : "a control character within the line"};
    }
  }
  if (text.empty()) return CsvFault{line, 0, "csv_columns", "the line is empty"};
  if (text.find('"') != std::string_view::npos) {
    return CsvFault{line, 0, "csv_quotes", "quotes are not used in this format"};
  }
  return std::nullopt;
}

}  // namespace

Result<Obis> parse_obis(std::string_view text) {
  if (text == "1-0:1.8.0" || text == "1.29.0") return Obis::kImport;
  if (text == "1-0:2.8.0" || text == "2.29.0") return Obis::kExport;
  return Error{"csv_obis", shown(text) + " is none of 1-0:1.8.0 (import), 1-0:2.8.0 (export), 1.29.0, 2.29.0"};
}

Result<Quality> parse_quality(std::string_view text) {
  if (text == "measured") return Quality::kMeasured;
  if (text == "calculated") return Quality::kCalculated;
  if (text == "substituted") return Quality::kSubstituted;
  if (text == "estimated") return Quality::kEstimated;
  return Error{"csv_quality", shown(text) + " is none of measured, estimated, substituted, calculated"};
}

size_t utf8_prefix(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    size_t more = 0;
    uint32_t point = 0, least = 0;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1, point = lead & 0x1f, least = 0x80;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2, point = lead & 0x0f, least = 0x800;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3, point = lead & 0x07, least = 0x10000;
    } else {
      return i;
    }
    if (i + more >= text.size()) return i;
    for (size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return i;
      point = point << 6 | (next & 0x3f);
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return i;
    i += more + 1;
  }
  return text.size();
}

bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

Error too_many_faults(const CsvReadings& readings) {
  const CsvFault& first = readings.faults.front();
  return {"too_many_faults", "more than " + std::to_string(kReadingFaultsMax) + " rows are bad; the first is line " +
                                 std::to_string(first.line) + ": " + first.code + ": " + first.why};
}

Result<CsvReadings> read_readings_csv(std::string_view text, const MeterTable& meters, ParticipantId owner) {
  if (text.size() > kCsvBytesMax) {
    return Error{"csv_too_large", "the file has " + std::to_string(text.size()) + " bytes; at most " +
                                      std::to_string(kCsvBytesMax) + " are read at once: split it"};
  }
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    return Error{"csv_bad_encoding", "the file is UTF-16 (byte-order mark FF FE or FE FF); save it as UTF-8"};
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.empty()) return Error{"csv_empty", "the file is empty; its first line is " + std::string(kCsvHeader)};
  const std::string_view header = next_line(text);
  if (header != kCsvHeader) {
    return Error{"csv_bad_header", "line 1 is " + (is_utf8(header) ? shown(header) : "not UTF-8") +
                                       "; it must be exactly " + std::string(kCsvHeader)};
  }

  CsvReadings out;
  SeenIntervals intervals;
  for (uint64_t line = 2; !text.empty(); ++line) {
    const std::string_view row = next_line(text);
    ++out.rows_seen;
    if (out.faults.size() > kReadingFaultsMax) return too_many_faults(out);
    if (auto fault = line_fault(row, line)) {
      out.faults.push_back(std::move(*fault));
      continue;
    }
    const Fields fields = split(row);
    if (fields.count != kColumns) {
      out.faults.push_back(
          {line, 0, "csv_columns", "the line has " + std::to_string(fields.count) + " columns, not 6"});
      continue;
    }
    Reading reading;
    if (auto fault = read_fields(fields, meters, owner, reading)) {
      out.faults.push_back({line, fault->column + 1, fault->code, at_column(fault->column, fault->why)});
      continue;
    }
    if (const uint64_t other = intervals.take(reading, line)) {
      out.faults.push_back(
          {line, 3, "csv_overlap", at_column(2, "the interval overlaps that of line " + std::to_string(other))});
      continue;
    }
    out.rows.push_back({line, reading});
  }
  return out;
}

}  // namespace tieline::cli
