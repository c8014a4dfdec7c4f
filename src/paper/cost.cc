// What agreement on a block costs as the committee grows: messages and bytes, counted at the network of the measuring
// world, with the formula beside them. And the page's table of what work costs.

#include <mutex>

#include "consensus/messages.h"
#include "model/quorum.h"
#include "paper/experiments.h"
#include "paper/numbers.h"
#include "replica/frames.h"

namespace tieline::paper {
namespace {

constexpr Height kFrom = 5, kTo = 14, kBlocks = 18;
constexpr double kBytesTolerancePercent = 5;

size_t frame_bytes(const consensus::Payload& payload) {
  return replica::encode_frame(replica::ConsensusFrame{consensus::make_message(payload)->bytes}).size();
}

Certificate certificate_of(size_t signers) {
  Certificate c;
  for (size_t i = 0; i < signers; ++i) c.signers.insert(i);
  c.signatures.resize(signers);
  return c;
}

struct Point {
  size_t n = 0;
  uint64_t blocks = 0;
  uint64_t messages = 0, bytes = 0;  // of all counted blocks
  uint64_t everything_bytes = 0;     // of the whole run, transactions too
};

}  // namespace

// CBFT: PROPOSE to n-1, who CONFIRM to n-1 each (the PROPOSE is the primary's own CONFIRM). PBFT: PRE-PREPARE to n-1,
// who PREPARE to n-1 each, then all n COMMIT to n-1 each.
uint64_t messages_by_formula(EngineKind engine, size_t n) {
  return engine == EngineKind::kPbft ? 2 * n * (n - 1) : n * (n - 1);
}

// The same with the sizes of the wire formats: a proposal holds the ids of its transactions, a certificate of q for its
// parent, and as evidence the grandparent's with, by then, every signature.
uint64_t bytes_by_formula(EngineKind engine, size_t n, size_t block_tx) {
  consensus::Propose propose;
  propose.txs.resize(block_tx);
  propose.justify.certificate = certificate_of(Quorum{n}.quorum());
  Writer evidence(1'024);
  Evidence shown;
  shown.certificates.push_back(certificate_of(n));
  encode(evidence, shown);
  propose.evidence = evidence.take();
  consensus::Confirm vote;
  vote.signer = 1;
  vote.height = 1;
  const uint64_t votes = messages_by_formula(engine, n) - (n - 1);
  return (n - 1) * frame_bytes(propose) + votes * frame_bytes(vote);
}

Part cost_by_size(const ExperimentOptions& options, const Told& told) {
  const std::vector<size_t> sizes = options.quick
                                        ? std::vector<size_t>{4, 7, 13}
                                        : std::vector<size_t>{4, 5, 6, 7, 10, 13, 16, 25, 31, 40, 50, 64, 80, 100};
  const std::vector<EngineKind> engines = engines_compared();
  const std::string command = std::string("tieline paper --only cost") + (options.quick ? " --quick" : "");
  std::vector<Point> points(engines.size() * sizes.size());
  std::mutex mutex;
  size_t finished = 0;
  // The largest first, so that none is left alone at the end.
  in_parallel(points.size(), options.threads, [&](size_t task) {
    const size_t i = points.size() - 1 - task;
    WorldOptions o;
    o.engine = engines[i % engines.size()];
    o.validators = sizes[i / engines.size()];
    o.blocks = kBlocks;
    o.count_from = kFrom;
    o.count_to = kTo;
    o.tenure_slots = 20'000;
    o.timeout_ms = 5'000;
    const Measured m = measure(o);
    Point& p = points[i];
    p.n = o.validators;
    p.blocks = m.reached ? kTo - kFrom + 1 : 0;
    for (const auto& [name, count] : m.agreement) {
      p.messages += count.messages;
      p.bytes += count.bytes;
    }
    for (const auto& [name, count] : m.sent) p.everything_bytes += count.bytes;
    const std::lock_guard lock(mutex);
    told("cost: run " + std::to_string(++finished) + " of " + std::to_string(points.size()));
  });

  Part part;
  Section& s = part.section;
  s.id = "cost";
  s.title = "Cost of a block by size";
  const WorldOptions used;
  s.text = {"Votes and proposals of blocks " + std::to_string(kFrom) + " to " + std::to_string(kTo) +
            " of a run in which all behave, with " + std::to_string(used.block_tx) +
            " transactions each, counted where they enter the network; what a validator tells itself costs nothing. "
            "Bytes are those of frames, without TLS and TCP. Transactions themselves travel apart, and cost the "
            "same whatever the engine."};
  Plot messages{"Messages a block", "validators", "messages", {}, true};
  Plot bytes{"Bytes a block", "validators", "KiB", {}, true};
  std::string csv = "engine,n,messages_a_block,messages_formula,bytes_a_block,bytes_formula,all_bytes_a_block\n";
  for (size_t e = 0; e < engines.size(); ++e) {
    const std::string name = engine_name(engines[e]);
    Table table{name, {"n", "messages", "formula", "bytes", "formula", "differs"}, {}};
    Series measured_messages{name, {}, {}, {}}, measured_bytes{name, {}, {}, {}};
    bool messages_agree = true;
    double worst = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      const Point& p = points[i * engines.size() + e];
      const uint64_t formula = messages_by_formula(engines[e], p.n);
      const uint64_t bytes_formula = bytes_by_formula(engines[e], p.n, used.block_tx);
      if (p.blocks == 0) {
        table.rows.push_back({std::to_string(p.n), "!no progress", whole(static_cast<double>(formula)), "!no progress",
                              whole(static_cast<double>(bytes_formula)), ""});
        messages_agree = false;
        continue;
      }
      messages_agree &= p.messages == formula * p.blocks;
      const double m = static_cast<double>(p.messages) / static_cast<double>(p.blocks);
      const double b = static_cast<double>(p.bytes) / static_cast<double>(p.blocks);
      const double off = (b / static_cast<double>(bytes_formula) - 1) * 100;
      worst = std::max(worst, off < 0 ? -off : off);
      table.rows.push_back({std::to_string(p.n), fixed(m, p.messages % p.blocks == 0 ? 0 : 1),
                            whole(static_cast<double>(formula)), whole(b), whole(static_cast<double>(bytes_formula)),
                            fixed(off, 1) + " %"});
      measured_messages.x.push_back(static_cast<double>(p.n));
      measured_messages.y.push_back(m);
      measured_bytes.x.push_back(static_cast<double>(p.n));
      measured_bytes.y.push_back(b / 1'024);
      csv += name + "," + std::to_string(p.n) + "," + plain(m, 1) + "," + std::to_string(formula) + "," + plain(b, 1) +
             "," + std::to_string(bytes_formula) + "," +
             plain(static_cast<double>(p.everything_bytes) / static_cast<double>(kBlocks), 1) + "\n";
    }
    const std::string formula = engines[e] == EngineKind::kPbft ? "2n(n-1)" : "n(n-1)";
    const bool bytes_agree = worst <= kBytesTolerancePercent;
    part.rows.push_back(
        {"cost", name + ": messages and bytes a block, n = 4 to " + std::to_string(sizes.back()), "no figures",
         (messages_agree ? "exactly " : "not always ") + formula + " messages; bytes within " + fixed(worst, 1) +
             " % of the formula",
         messages_agree && bytes_agree ? "formula holds" : "formula does not hold",
         engines[e] == EngineKind::kPbft ? "PRE-PREPARE, PREPARE of n-1, COMMIT of n, each to n-1."
                                         : "A PROPOSE and a CONFIRM of n-1, each to n-1: half of PBFT, and still of "
                                           "order n squared.",
         command});
    s.tables.push_back(std::move(table));
    messages.series.push_back(std::move(measured_messages));
    bytes.series.push_back(std::move(measured_bytes));
  }
  s.plots = {messages, bytes};
  part.csv.push_back({"cost.csv", csv});
  votes_all_to_all_or_to_the_leader(part, options, told);
  return part;
}

Part cost_model(const Costs* this_machine) {
  Part part;
  Section& s = part.section;
  s.id = "model";
  s.title = "What work costs in simulated time";
  s.text = {
      "Measured once by tieline paper --calibrate on " + std::string(stored_costs_origin()) +
      " and stored in the repository: these constants make every number above, so that the same seeds give the "
      "same numbers everywhere. Engine, client signatures, disk and network card of a validator each work off one "
      "thing after the other."};
  if (this_machine == nullptr) s.text.push_back("--machine measures the machine at hand and shows it beside.");
  Table t{"Nanoseconds", {"work", "stored"}, {}};
  if (this_machine != nullptr) t.head.push_back("this machine now");
  std::string csv = "name,stored_ns" + std::string(this_machine != nullptr ? ",this_machine_ns" : "") + "\n";
  for (const CostLine& line : cost_lines()) {
    t.rows.push_back({line.what, whole(static_cast<double>(stored_costs().*line.value))});
    csv += std::string(line.name) + "," + std::to_string(stored_costs().*line.value);
    if (this_machine != nullptr) {
      t.rows.back().push_back(whole(static_cast<double>(this_machine->*line.value)));
      csv += "," + std::to_string(this_machine->*line.value);
    }
    csv += "\n";
  }
  s.tables.push_back(std::move(t));
  part.csv.push_back({"costs.csv", csv});
  return part;
}

}  // namespace tieline::paper
