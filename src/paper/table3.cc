#include "paper/table3.h"

#include "crypto/bls.h"
#include "crypto/ed25519_scheme.h"
#include "crypto/hash.h"
#include "paper/attacks.h"
#include "paper/numbers.h"
#include "paper/tamper_world.h"

namespace tieline::paper {
namespace {

constexpr size_t kTries = 50, kQuickTries = 10;
constexpr size_t kDays = 3, kQuickDays = 1;
constexpr uint64_t kSeed = 3'004;
constexpr double kPenalty = 5;   // k of paper 004: times the value, if that much can be collected
constexpr double kMargin = 1.4;  // all that a newcomer of trust 0.6 has posted, over the value (energy/margin.h)

std::string count_text(const Attempts& a) { return std::to_string(a.succeeded) + " of " + std::to_string(a.tried); }
std::string interval_text(const Attempts& a) {
  return fixed(lower_percent(a.succeeded, a.tried), 1) + " to " + fixed(upper_percent(a.succeeded, a.tried), 1) + " %";
}
// What the paper's Table 3 and its text say of the attack.
const char* paper_of(Attack attack) {
  switch (attack) {
    case Attack::kTamperedPayload:
      return "data tampering: centralized possible, PBFT and proposed impossible";
    case Attack::kCollusion:
      return "at most 40 % malicious nodes are borne";
    default:
      return "not in its table; prevented by signatures, chain and pledges";
  }
}

struct Detected {
  const char* what;
  ClassCount of;
};
// Detection by what a forgery breaks, over whole days.
std::vector<Detected> detection(size_t days) {
  std::vector<Detected> out = {{"breaks a signature, a hash, an order or a limit", {}},
                               {"a stolen key, implausible", {}},
                               {"a stolen key, plausible", {}}};
  const auto shapes = honest_series();
  for (size_t day = 0; day < days; ++day) {
    const TamperRun run = tamper_run(shapes, kSeed + day);
    for (const ForgeryClass c : kForgeryClasses) {
      const size_t at = breaks_a_rule(c) ? 0 : c == ForgeryClass::kImplausibleLoad ? 1 : 2;
      const ClassCount& count = run.classes[static_cast<size_t>(c)];
      out[at].of.forged += count.forged;
      out[at].of.refused += count.refused;
      out[at].of.disputed += count.disputed;
    }
  }
  return out;
}
double caught_share(const ClassCount& c) {
  return c.forged == 0 ? 0 : static_cast<double>(c.refused + c.disputed) / static_cast<double>(c.forged);
}
// Expected gain of a forgery over its value, when `penalty` times the value is taken of who is caught.
double gain(double caught, double penalty) { return (1 - caught) - caught * penalty; }

bool same_bytes_twice() {
  const Hash seed = sha256(view_of("table3"));
  const auto key = ed25519::SecretKey::from_seed(seed.bytes);
  const auto bls_key = bls::SecretKey::from_seed(seed.bytes);
  return key.sign(seed.view()) == key.sign(seed.view()) && bls_key.sign(seed.view()) == bls_key.sign(seed.view());
}

}  // namespace

Part security_table(const ExperimentOptions& options, const Told& told) {
  const size_t tries = options.quick ? kQuickTries : kTries;
  const std::string command = std::string("tieline paper --only table3") + (options.quick ? " --quick" : "");
  struct On {
    const char* name;
    AttackResults results;
  };
  std::array<On, 3> on = {{{"centralized", {}}, {"pbft", {}}, {"cbft", {}}}};
  in_parallel(on.size(), options.threads, [&](size_t i) {
    told(std::string("table3: attacks on ") + on[i].name);
    on[i].results = i == 0 ? attack_central(kSeed, tries)
                           : attack_network(i == 1 ? EngineKind::kPbft : EngineKind::kCbft, kSeed, tries);
  });
  told("table3: what is detected");
  const std::vector<Detected> detected = detection(options.quick ? kQuickDays : kDays);
  const Attempts traced = traceable(EngineKind::kCbft, kSeed, tries);

  Part part;
  Section& s = part.section;
  s.id = "table3";
  s.title = "Table 3: attacks on a server, on pbft and on cbft";
  s.text = {
      "Each attempt is made on a running network of four unmodified validators in simulated time, and on one SQL "
      "server with the same rules and no signatures. Counted is whether the attacker got what it wanted; intervals are "
      "95 % (Wilson).",
      "The server refuses what its rules refuse, a double sale and unknown names among it. What it cannot know is who "
      "speaks, what was said, and whether its own operator changed it."};
  Table attacks{"Attempts that succeeded",
                {"attack", "on", "attempts", "accepted", "95 % interval", "refused or let through by"},
                {}};
  std::string csv = "attack,on,attempts,accepted,low_percent,high_percent\n";
  for (size_t a = 0; a < kAttacks; ++a) {
    const auto attack = static_cast<Attack>(a);
    for (const On& each : on) {
      const Attempts& r = each.results[a];
      attacks.rows.push_back({attack_name(attack), each.name, std::to_string(r.tried), std::to_string(r.succeeded),
                              interval_text(r), r.by});
      csv += std::string(attack_name(attack)) + "," + each.name + "," + std::to_string(r.tried) + "," +
             std::to_string(r.succeeded) + "," + plain(lower_percent(r.succeeded, r.tried), 2) + "," +
             plain(upper_percent(r.succeeded, r.tried), 2) + "\n";
    }
    const Attempts &central = on[0].results[a], &pbft = on[1].results[a], &ours = on[2].results[a];
    const bool prevented = ours.succeeded == 0;
    part.rows.push_back({"table3", std::string(attack_name(attack)) + " is prevented", paper_of(attack),
                         "accepted: centralized " + count_text(central) + ", pbft " + count_text(pbft) + ", cbft " +
                             count_text(ours) + " (95 % interval " + interval_text(ours) + ")",
                         prevented ? "yes" : "no",
                         prevented ? "Refused by: " + ours.by + "." : "Let through: " + ours.by + ".", command});
  }
  s.tables.push_back(attacks);

  Table profit{"What a forgery brings, over its value (below 0 it does not pay)",
               {"forgery", "caught", "5 times the value collected", "only the margin collected"},
               {}};
  bool all_lose = true;
  for (const Detected& d : detected) {
    const double p = caught_share(d.of);
    all_lose = all_lose && gain(p, kPenalty) < 0;
    profit.rows.push_back({d.what, fixed(100 * p, 2) + " %", fixed(gain(p, kPenalty), 2), fixed(gain(p, kMargin), 2)});
  }
  s.tables.push_back(profit);
  part.rows.push_back({"table3", "an attack costs more than it gains (k = 5)",
                       "centralized preventable, PBFT not, proposed preventable",
                       "expected gain over the value: rule-breaking " + profit.rows[0][2] + ", implausible " +
                           profit.rows[1][2] + ", plausible " + profit.rows[2][2],
                       all_lose ? "yes" : "partly",
                       "It does not pay once more than one in six is caught and the penalty can be collected; a "
                       "plausible lie of a stolen key is "
                       "caught less often.",
                       command});
  const bool deterministic = same_bytes_twice();
  part.rows.push_back({"table3", "signing needs no random numbers", "centralized no, PBFT yes, proposed no",
                       deterministic ? "Ed25519 and BLS sign the same message to the same bytes, in pbft too"
                                     : "the same message got two signatures",
                       deterministic ? "yes" : "no",
                       "That PBFT needs them is not so: it is the signature scheme, not the protocol, that may.",
                       command});
  part.rows.push_back(
      {"table3", "recorded data can be traced", "centralized impossible, PBFT and proposed possible",
       count_text(traced) + " recorded readings have a receipt that verifies with genesis alone; the server has none",
       traced.succeeded == traced.tried ? "yes" : "no",
       "A receipt holds the signed bytes, their place in a block and a quorum's certificate.", command});
  part.csv = {{"table3.csv", csv}};
  return part;
}

}  // namespace tieline::paper
