#include "trace/check.h"

#include "trace/text.h"

namespace tieline::trace {
namespace {

class Checker {
 public:
  Checker(FrameReader& frames, NetworkFacts& network, const Verifier& verifier, std::string name,
          const CheckOptions& options)
      : frames_(frames), network_(network), verifier_(verifier), name_(std::move(name)), options_(options) {}

  Result<Summary> run() {
    auto begin = read_begin(frames_);
    if (!begin.ok()) {
      if (begin.error().code != "trace_damaged") return begin.error();
      found(begin.error().code, begin.error().why);
      return std::move(out_);
    }
    out_.begin = *begin;
    check_begin(*begin);
    rules_.emplace(network_, *begin, verifier_, name_);
    replay_.emplace(*begin, verifier_, options_.make);
    while (!out_.finding && next()) {
    }
    out_.records = frames_.records();
    out_.signatures = replay_->signatures();
    out_.votes = rules_->votes();
    out_.commits = rules_->commits();
    out_.height = rules_->height();
    out_.torn = frames_.torn();
    return std::move(out_);
  }

 private:
  void found(std::string code, std::string what) {
    if (out_.finding) return;
    Finding& f = out_.finding.emplace();
    f.code = std::move(code);
    f.what = std::move(what);
    f.record = frames_.records() == 0 ? 0 : frames_.records() - 1;
    f.offset = frames_.offset();
  }

  void check_begin(const Begin& b) {
    if (options_.genesis == nullptr) return;
    const Genesis& g = *options_.genesis;
    if (g.chain_id() != b.chain) return found("wrong_network", "the trace is of another network than the genesis file");
    for (const GenesisValidator& v : g.validators)
      if (v.id == b.self && v.key == b.key) return;
    found("wrong_network", "genesis has no validator " + std::to_string(b.self) + " with the trace's key");
  }
  void check_construction(const Construction& c) {
    if (options_.genesis == nullptr) return;
    if (!(c.config.params == options_.genesis->consensus))
      return found("wrong_network", "the engine was not made with the parameters of genesis");
    if (c.chain.committee.epoch() == 0 && c.chain.committee != options_.genesis->committee())
      found("wrong_network", "the committee of epoch 0 is not that of genesis");
  }

  bool next() {
    auto bytes = frames_.next();
    if (!bytes.ok()) {
      found(bytes.error().code, bytes.error().why);
      return false;
    }
    if (!*bytes) return false;
    if (out_.ended) {
      found("order", "there are records after the one that ends the trace");
      return false;
    }
    auto record = decode_record(**bytes);
    if (!record.ok()) {
      found("trace_malformed", record.error().why);
      return false;
    }
    std::visit([this](const auto& r) { on(r); }, *record);
    return true;
  }

  void rule(const Status& status) {
    if (!status.ok()) found(status.error().code, status.error().why);
  }
  void differs(std::optional<Difference> difference) {
    if (!difference) return;
    const bool first = !out_.finding;
    found("replay_differs", difference->what);
    if (!first) return;
    out_.finding->expected = std::move(difference->expected);
    out_.finding->recorded = std::move(difference->recorded);
  }

  void on(const Begin&) { found("order", "a second beginning in one trace"); }
  void on(const Construction& c) {
    out_.engine = engine_name(c.config.params.engine);
    check_construction(c);
    rule(rules_->on(c));
    if (options_.replay && !out_.finding) differs(replay_->on(c));
  }
  void on(const Step& s) {
    out_.steps = s.number;
    rule(rules_->on(s));
    if (options_.replay && !out_.finding) differs(replay_->on(s));
    at_input(s.number, s.input);
  }
  void on(const UnderWay& u) {
    differs(replay_->on(u));
    at_input(u.number, u.input);
  }
  void at_input(uint64_t number, const consensus::Input& input) {
    if (!out_.finding) return;
    out_.finding->step = number;
    out_.finding->input = text_of(input);
  }
  void on(const Appended& r) { rule(rules_->on(r)); }
  void on(const Durable& r) { rule(rules_->on(r)); }
  void on(const Left& r) { rule(rules_->on(r)); }
  void on(const End& e) { out_.ended = e.reason; }

  FrameReader& frames_;
  NetworkFacts& network_;
  const Verifier& verifier_;
  const std::string name_;
  const CheckOptions& options_;
  Summary out_;
  std::optional<Rules> rules_;
  std::optional<Replay> replay_;
};

}  // namespace

Result<Begin> read_begin(FrameReader& frames) {
  auto bytes = frames.next();
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return Error{"not_a_trace", "the file ends before its first record is whole"};
  auto record = decode_record(**bytes);
  const Begin* begin = record.ok() ? std::get_if<Begin>(&*record) : nullptr;
  if (begin == nullptr) return Error{"not_a_trace", "the first record is not the beginning of a trace"};
  if (begin->version != kTraceVersion)
    return Error{"unknown_version", "the trace is of version " + std::to_string(begin->version) +
                                        "; this program reads version " + std::to_string(kTraceVersion)};
  return *begin;
}

Result<Summary> check_trace(FrameReader& frames, NetworkFacts& network, const Verifier& verifier, std::string name,
                            const CheckOptions& options) {
  return Checker(frames, network, verifier, std::move(name), options).run();
}

}  // namespace tieline::trace
