#include "cli/credit_show.h"

#include <CLI/CLI.hpp>
#include <map>

#include "cli/network_access.h"

namespace tieline::cli {
namespace {

struct Options {
  Where where;
  std::string validator;
  bool json = false;
};

std::string share(const Json& value) {
  if (!value.is_number()) return "-";
  const auto thousandths = static_cast<int64_t>(value.get<double>() * 1'000 + 0.5);
  std::string digits = std::to_string(thousandths % 1'000);
  return std::to_string(thousandths / 1'000) + "." + std::string(3 - digits.size(), '0') + digits;
}

std::string indicators_line(const Json& indicators) {
  std::string line;
  for (const auto& item : indicators.items())
    line += (line.empty() ? "" : "  ") + item.key() + " " + share(item.value());
  return line;
}

// "failed_view (epoch 3, view 2) in block 412".
std::string event_text(const Json& e) {
  return e.value("what", "?") + " (epoch " + std::to_string(e.value("epoch", uint64_t{0})) + ", view " +
         std::to_string(e.value("view", uint64_t{0})) + ") in block " + std::to_string(e.value("height", uint64_t{0}));
}

void print_events(const Json& events) {
  for (const Json& e : events) print_line("      " + event_text(e));
}

void print_validator(const Json& v, uint64_t epoch) {
  std::string line = v.value("name", "?") + ": credit " + share(v["credit"]) + ", in force " +
                     share(v["credit_in_force"]) + (v.value("may_be_drawn", false) ? "" : ", NOT drawn as leader");
  if (v.value("jailed_until", uint64_t{0}) > epoch)
    line += ", jailed until epoch " + std::to_string(v.value("jailed_until", uint64_t{0}));
  if (v.value("probation_until", uint64_t{0}) > epoch)
    line += ", on probation until epoch " + std::to_string(v.value("probation_until", uint64_t{0}));
  print_line(line);
  print_line("    now, epoch " + std::to_string(epoch) + ": " + indicators_line(v["now"]["indicators"]));
  print_events(v["now"]["why"]);
  for (auto at = v["epochs"].rbegin(); at != v["epochs"].rend(); ++at) {
    const Json& e = *at;
    print_line("    epoch " + std::to_string(e.value("epoch", uint64_t{0})) + " (to block " +
               std::to_string(e.value("last_height", uint64_t{0})) + "): credit " + share(e["credit_before"]) + " -> " +
               share(e["credit"]) + ", answer " + share(e["answer"]));
    print_line("      " + indicators_line(e["indicators"]));
    print_events(e["why"]);
  }
}

int run(const Options& options) {
  auto reach = Reach::open(options.where);
  if (!reach) return fail(reach.error(), options.json);
  auto credit = reach->get(
      "/v1/credit" + (options.validator.empty() ? std::string() : "?validator=" + url_encoded(options.validator)));
  if (!credit && credit.error().code == "unknown_validator") {
    fail(credit.error(), options.json);
    return kExitNo;
  }
  if (!credit) return fail(credit.error(), options.json);
  const uint64_t epoch = credit->value("epoch", uint64_t{0});
  print_line("epoch " + std::to_string(epoch) + ", height " + std::to_string(credit->value("height", uint64_t{0})) +
             ", model " + credit->value("model", "?") + ", weights " + credit->value("weights_hash", "").substr(0, 16) +
             "..; drawn as leader from " + share(credit->value("drawn_from", (*credit)["eligibility"])) + " on");
  for (const Json& v : (*credit)["validators"]) print_validator(v, epoch);
  if (options.json) print_json(*credit);
  return kExitDone;
}

// Fields that a recorded file must have; anything else of the wrong kind is reported by its name.
template <class T>
bool take(const Json& object, const char* name, T& out) {
  const auto at = object.find(name);
  if (at == object.end() || !at->is_number_unsigned()) return false;
  out = static_cast<T>(at->template get<uint64_t>());
  return true;
}

bool take_optional(const Json& object, const char* name, std::optional<uint16_t>& out) {
  const auto at = object.find(name);
  if (at == object.end()) return false;
  if (at->is_null()) return true;
  uint16_t value = 0;
  if (!take(object, name, value)) return false;
  out = value;
  return true;
}

bool entry_from(const Json& e, standing::CreditEntry& out) {
  const auto observed = e.find("observed");
  const auto why = e.find("why");
  if (observed == e.end() || !observed->is_object() || why == e.end() || !why->is_array()) return false;
  standing::Observed& o = out.observed;
  const auto proven = observed->find("proven");
  if (proven == observed->end() || !proven->is_boolean()) return false;
  o.proven = proven->get<bool>();
  for (const Json& event : *why) {
    if (!event.is_object()) return false;
    if (event.value("what", "") == standing::event_name(standing::CreditEventKind::kProof))
      out.events.push_back({standing::CreditEventKind::kProof, 0, 0, {}});
  }
  return take(e, "epoch", out.epoch) && take(e, "last_height", out.end) && take(e, "credit_q16", out.credit) &&
         take_optional(*observed, "round_trip_ms", o.round_trip_ms) &&
         take_optional(*observed, "interval_ms", o.interval_ms) && take(*observed, "spells", o.spells) &&
         take(*observed, "absent", o.absent) && take(*observed, "signed", o.signed_slots) &&
         take(*observed, "led_views", o.led_views) && take(*observed, "failed_views", o.failed_views) &&
         take(*observed, "lead_permille", o.lead_permille) && take(*observed, "age_blocks", o.age_blocks) &&
         take(*observed, "credit_q16", o.credit);
}

}  // namespace

void add_credit_show(CLI::App& credit, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* app = credit.add_subcommand("show", "The eight indicators now and over epochs, and why credit moved");
  add_where(*app, options->where);
  app->add_option("--validator", options->validator, "name, or number; without it all");
  app->add_flag("--json", options->json, "one JSON object on the last line: what `credit train --recorded` reads");
  app->footer("Example:\n  tieline credit show --validator validator-2 --net NET");
  app->callback([options, &exit_status] { exit_status = run(*options); });
}

Result<paper::CreditRun> credit_run_from_json(const std::string& text) {
  // The object is the last line: what stands above it is for people.
  const size_t end = text.find_last_not_of(" \r\n");
  const size_t line = end == std::string::npos ? 0 : text.rfind('\n', end);
  auto json = parse_json(line == std::string::npos ? text : text.substr(line), "recorded run");
  if (!json) return json.error();
  const auto validators = json->find("validators");
  if (validators == json->end() || !validators->is_array() || validators->empty())
    return Error{"json_malformed", "a recorded run has a list 'validators'"};
  std::map<Epoch, std::vector<standing::CreditEntry>> by_epoch;
  for (const Json& v : *validators) {
    const auto epochs = v.is_object() ? v.find("epochs") : v.end();
    if (!v.is_object() || epochs == v.end() || !epochs->is_array())
      return Error{"json_malformed", "each validator of a recorded run has a list 'epochs'"};
    for (const Json& e : *epochs) {
      standing::CreditEntry entry;
      if (!e.is_object() || !entry_from(e, entry))
        return Error{"json_malformed", "an epoch of a recorded run lacks a field: " + dump(e).substr(0, 200)};
      by_epoch[entry.epoch].push_back(std::move(entry));
    }
  }
  paper::CreditRun run;
  std::optional<Epoch> last;
  for (auto& [epoch, entries] : by_epoch) {
    if (entries.size() != validators->size()) continue;
    // A gap would label an epoch by one that does not follow it.
    if (last && *last + 1 != epoch) run.epochs.clear();
    last = epoch;
    run.epochs.push_back(std::move(entries));
  }
  return run;
}

}  // namespace tieline::cli
