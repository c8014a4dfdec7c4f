#include "cli/settlement_csv.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/network_access.h"
#include "cli/rfc3339.h"

namespace tieline::cli {
namespace {

constexpr int64_t kSlotSeconds = 900;

struct Options {
  Where where;
  std::string from, to, csv;
  bool flows = false;
  bool json = false;
};

// Names, ids, times and numbers: nothing in them needs quotes. Null is an empty field.
std::string field(const Json& item, const char* name) {
  const auto it = item.find(name);
  if (it == item.end() || it->is_null()) return "";
  return it->is_string() ? it->get<std::string>() : it->dump();
}

std::string line_of(std::initializer_list<std::string> fields) {
  std::string out;
  for (const std::string& one : fields) out += one + ",";
  out.back() = '\n';
  return out;
}

Result<int64_t> quarter(const char* flag, const std::string& text) {
  auto time = parse_rfc3339(text);
  if (time && *time >= 0 && *time % kSlotSeconds == 0) return time;
  return Error{"usage", std::string(flag) + " " + text + " is not the start of a quarter of an hour, RFC 3339"};
}

int run(const Options& o) {
  auto from = quarter("--from", o.from);
  if (!from) return fail(from.error(), o.json);
  auto to = quarter("--to", o.to);
  if (!to) return fail(to.error(), o.json);
  if (*to <= *from || (*to - *from) / kSlotSeconds > kExportSlotsMax)
    return fail({"usage", "from --from to --to there must be 1 to " + std::to_string(kExportSlotsMax) + " quarters"},
                o.json);
  auto reach = Reach::open(o.where);
  if (!reach) return fail(reach.error(), o.json);
  std::string csv = o.flows ? kFlowsCsvHeader : kStatementsCsvHeader;
  size_t intervals = 0, lines = 0;
  for (int64_t start = *from; start < *to; start += kSlotSeconds) {
    auto settlement = reach->get("/v1/settlements/" + rfc3339_utc(start));
    if (!settlement && settlement.error().code == "unknown_interval") continue;  // nothing happened, or it is final
    if (!settlement) return fail(settlement.error(), o.json);
    ++intervals;
    const std::string more = o.flows ? flows_csv(*settlement) : statements_csv(*settlement);
    lines += static_cast<size_t>(std::count(more.begin(), more.end(), '\n'));
    csv += more;
  }
  if (auto status = write_file(o.csv, view_of(csv)); !status) return fail(status.error(), o.json);
  print_line(grouped(lines) + " lines of " + grouped(intervals) + " quarters of an hour, in " + o.csv);
  if (o.json) print_json({{"file", o.csv}, {"intervals", intervals}, {"lines", lines}});
  return kExitDone;
}

}  // namespace

const char* const kStatementsCsvHeader =
    "start,phase,version,price,kind,trade,payer,participant,owed,paid,unpaid,received\n";
const char* const kFlowsCsvHeader =
    "start,phase,version,price,from,to,state,wh,quality,reading_version,neighbour_wh,contracted_wh\n";

std::string statements_csv(const Json& s) {
  std::string out;
  for (const Json& statement : s.value("statements", Json::array())) {
    for (const Json& line : statement.value("lines", Json::array())) {
      out += line_of({field(s, "start"), field(s, "phase"), field(s, "version"), field(s, "price"),
                      field(statement, "kind"), field(statement, "trade"), field(statement, "payer"),
                      field(line, "participant"), field(line, "owed"), field(line, "paid"), field(line, "unpaid"),
                      field(line, "received")});
    }
  }
  return out;
}

std::string flows_csv(const Json& s) {
  std::string out;
  for (const Json& flow : s.value("flows", Json::array())) {
    out += line_of({field(s, "start"), field(s, "phase"), field(s, "version"), field(s, "price"), field(flow, "from"),
                    field(flow, "to"), field(flow, "state"), field(flow, "wh"), field(flow, "quality"),
                    field(flow, "version"), field(flow, "neighbour_wh"), field(flow, "contracted_wh")});
  }
  return out;
}

void add_settlement_csv(CLI::App& settlement, int& exit_status) {
  auto o = std::make_shared<Options>();
  CLI::App* command = settlement.add_subcommand("export", "settlements of a time as CSV");
  command->add_option("--from", o->from, "start of the first quarter of an hour, RFC 3339")->required();
  command->add_option("--to", o->to, "end of the last")->required();
  command->add_option("--csv", o->csv, "where it goes")->type_name("OUT")->required();
  command->add_flag("--flows", o->flows, "what was metered and contracted, instead of who owes and gets what");
  add_where(*command, o->where);
  command->add_flag("--json", o->json, "one JSON object on the last line");
  command->footer(
      "Example:\n  tieline settlement export --from 2026-11-22T00:00:00Z --to 2026-11-23T00:00:00Z --csv day.csv "
      "--net NET");
  command->callback([o, &exit_status] { exit_status = run(*o); });
}

}  // namespace tieline::cli
