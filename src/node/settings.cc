// What config.toml says: every key by name, with its bounds, and nothing else.
#include <algorithm>
#include <limits>
#include <set>
#include <sstream>

#include "node/config.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace tieline::node {
namespace {

constexpr size_t kFoundTextMax = 100;
constexpr int64_t kMebi = 1024 * 1024;
constexpr int64_t kGibi = 1024 * kMebi;
constexpr int64_t kHourMs = 3'600'000;
constexpr const char* kLogLevels[] = {"debug", "info", "warn", "error"};

std::string shown(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  std::string text = out.str();
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kFoundTextMax) text = text.substr(0, kFoundTextMax) + "...";
  return text;
}

// One table of the file. Each key is asked for once; what was never asked for is unknown.
class Section {
 public:
  Section(const toml::table* table, std::string path, std::string file, std::vector<ConfigProblem>& problems)
      : table_(table), path_(std::move(path)), file_(std::move(file)), problems_(problems) {}

  const toml::node* find(const char* key) {
    known_.insert(key);
    return table_ ? table_->get(key) : nullptr;
  }
  void problem(const toml::node* at, const std::string& key, std::string found, std::string allowed) {
    problems_.push_back({file_, at ? at->source().begin.line : 0, path_ + key, std::move(found), std::move(allowed)});
  }
  void text(const char* key, std::string& out, bool required, const char* allowed) {
    const toml::node* node = find(key);
    if (node == nullptr) {
      if (required) problem(table_, key, "nothing", allowed);
      return;
    }
    auto value = node->value_exact<std::string>();
    if (!value || value->empty()) return problem(node, key, shown(*node), allowed);
    out = *value;
  }
  void path(const char* key, std::filesystem::path& out, const char* fallback, const std::filesystem::path& base) {
    std::string value = fallback;
    text(key, value, *fallback == 0, "a path, relative to this file or absolute, in quotes");
    out = value.empty() ? std::filesystem::path() : (base / value).lexically_normal();
  }
  template <class T>
  void number(const char* key, T& out, int64_t low, int64_t high) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    auto value = node->value_exact<int64_t>();
    if (!value || *value < low || *value > high)
      return problem(node, key, shown(*node),
                     "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    out = static_cast<T>(*value);
  }
  void boolean(const char* key, bool& out) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    auto value = node->value_exact<bool>();
    if (!value) return problem(node, key, shown(*node), "true or false");
    out = *value;
  }
  void address(const char* key, std::string& out) {
    constexpr const char* kAllowed = "an address and port in quotes, e.g. \"127.0.0.1:7400\"";
    const toml::node* node = find(key);
    if (node == nullptr) return;
    auto value = node->value_exact<std::string>();
    if (!value || !net::parse_address(*value).ok()) return problem(node, key, shown(*node), kAllowed);
    out = *value;
  }
  Section section(const char* key) {
    const toml::node* node = find(key);
    if (node != nullptr && !node->is_table()) {
      problem(node, key, shown(*node), std::string("a table: [") + key + "]");
      node = nullptr;
    }
    return Section(node ? node->as_table() : nullptr, path_ + key + ".", file_, problems_);
  }
  void finish() {
    if (table_ == nullptr) return;
    std::string allowed;
    for (const std::string& key : known_) allowed += (allowed.empty() ? "" : ", ") + key;
    for (const auto& [key, node] : *table_)
      if (!known_.contains(std::string(key.str())))
        problem(&node, std::string(key.str()), "an unknown key", "one of " + allowed);
  }

 private:
  const toml::table* table_;
  std::string path_, file_;
  std::vector<ConfigProblem>& problems_;
  std::set<std::string> known_;
};

void read_limits(Section section, Settings& out) {
  replica::Limits& limits = out.limits;
  section.number("pool_transactions_max", limits.pool_transactions_max, 1'000, 10'000'000);
  section.number("pool_bytes_max", limits.pool_bytes_max, 16 * kMebi, 64 * kGibi);
  section.number("pool_per_signer_max", limits.pool_per_signer_max, 1, 10'000'000);
  section.number("spread_batch_bytes", limits.spread_batch_bytes, 1'024, 4 * kMebi);
  section.number("spread_wait_us", limits.spread_wait_us, 0, 1'000'000);
  section.number("verify_batch_max", limits.verify_batch_max, 1, 4'096);
  section.number("verify_batch_min", limits.verify_batch_min, 1, 4'096);
  section.number("verify_wait_us", limits.verify_wait_us, 0, 1'000'000);
  section.number("snapshot_after_blocks", limits.snapshot_after_blocks, 1, 1'000'000'000);
  section.number("link_consensus_queue_bytes_max", out.links.consensus_queue_bytes_max, 32 * kMebi, 16 * kGibi);
  section.number("link_bulk_queue_bytes_max", out.links.bulk_queue_bytes_max, kMebi, 16 * kGibi);
  section.number("http_connections_max", out.http.connections_max, 1, 100'000);
  section.number("http_body_bytes_max", out.http.body_bytes_max, 64 * 1024, kGibi);
  section.finish();
}

void read_tables(Section root, const std::filesystem::path& base, Settings& out) {
  root.path("genesis", out.genesis, "", base);
  root.text("name", out.name, true, "this validator's name in genesis, in quotes");
  root.path("data", out.data, "data", base);

  Section keys = root.section("keys");
  keys.path("consensus", out.consensus_key, "consensus.key", base);
  keys.path("bls", out.bls_key, "bls.key", base);
  keys.path("tls", out.tls_key, "tls.key", base);
  keys.path("certificate", out.tls_certificate, "tls.crt", base);
  keys.finish();

  Section listen = root.section("listen");
  listen.address("links", out.links_listen);
  listen.address("http", out.http.listen);
  listen.finish();

  Section http = root.section("http");
  const toml::node* access = http.find("access");
  if (access != nullptr) {
    const auto value = access->value_exact<std::string>();
    if (value && (*value == "open" || *value == "granted"))
      out.http.granted = *value == "granted";
    else
      http.problem(access, "access", shown(*access), "one of \"open\", \"granted\"");
  }
  http.finish();

  Section log = root.section("log");
  const toml::node* level = log.find("level");
  if (level != nullptr) {
    const auto value = level->value_exact<std::string>();
    if (value && std::find(std::begin(kLogLevels), std::end(kLogLevels), *value) != std::end(kLogLevels))
      out.log_level = *value;
    else
      log.problem(level, "level", shown(*level), "one of \"debug\", \"info\", \"warn\", \"error\"");
  }
  log.boolean("trace", out.record_trace);
  log.finish();

  Section store = root.section("store");
  store.number("block_cache_bytes", out.store.block_cache_bytes, kMebi, 64 * kGibi);
  store.number("flush_bytes", out.store.flush_bytes, kMebi, kGibi);
  store.number("flush_interval_ms", out.store.flush_interval_ms, 100, kHourMs);
  store.number("free_bytes_min", out.store.free_bytes_min, 16 * kMebi, 1024 * kGibi);
  store.finish();

  Section trace = root.section("trace");
  std::string trace_file;
  trace.text("file", trace_file, false, "a path, relative to this file or absolute, in quotes");
  if (!trace_file.empty()) out.trace_file = (base / trace_file).lexically_normal();
  trace.number("bytes_max", out.trace_bytes_max, kMebi, 1024 * kGibi);
  trace.finish();

  read_limits(root.section("limits"), out);
  root.finish();
}

}  // namespace

std::string ConfigProblem::text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  return out + ": " + (key.empty() ? "" : key + ": ") + "found " + found + "; allowed is " + allowed;
}

Settings parse_settings(std::string_view text, const std::filesystem::path& file,
                        std::vector<ConfigProblem>& problems) {
  Settings out;
  const toml::parse_result parsed = toml::parse(text, file.string());
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    problems.push_back(
        {file.string(), error.source().begin.line, "", std::string(error.description()), "a TOML 1.0 file"});
    return out;
  }
  const auto base = std::filesystem::absolute(file).parent_path();
  const size_t before = problems.size();
  read_tables(Section(&parsed.table(), "", file.string(), problems), base, out);
  if (problems.size() == before && out.limits.verify_batch_min > out.limits.verify_batch_max)
    problems.push_back({file.string(), 0, "limits.verify_batch_min", std::to_string(out.limits.verify_batch_min),
                        "at most verify_batch_max (" + std::to_string(out.limits.verify_batch_max) + ")"});
  return out;
}

std::string default_config_text(const std::string& validator_name) {
  return "# Configuration of one validator; docs/configuration.md has every key. Paths are relative to this file.\n"
         "genesis = \"../genesis.json\"\n"
         "name = \"" +
         validator_name +
         "\"\n"
         "data = \"data\"\n"
         "\n"
         "[keys]\n"
         "consensus = \"consensus.key\"\n"
         "bls = \"bls.key\"\n"
         "tls = \"tls.key\"\n"
         "certificate = \"tls.crt\"\n"
         "\n"
         "[listen]\n"
         "# links = \"0.0.0.0:7400\"   # default: this validator's address in genesis\n"
         "# http = \"127.0.0.1:7500\"\n"
         "\n"
         "[http]\n"
         "access = \"open\"   # open: records are shown to everyone; granted: to who may read them, and logged\n"
         "\n"
         "[log]\n"
         "level = \"info\"   # debug, info, warn, error\n";
}

}  // namespace tieline::node
