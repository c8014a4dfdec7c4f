#pragma once
// What genesis says of the credit model: which one computes, how fast credit moves, how the indicators are brought into
// [0, 1], and the weights of the network. All numbers in Q16.16 unless a unit stands in the name.
// Errors: weights_invalid. Source: paper 000 III.A (Table I, the BP network); docs/credit.md, docs/formats/credit.md.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace tieline {

inline constexpr size_t kIndicators = 8;  // Table I of paper 000
inline constexpr size_t kHiddenMax = 64;  // neurons of the hidden layer
inline constexpr size_t kTablePointsMax = 16;

// A network of 8 inputs, `hidden` neurons and one output. `values`: for each hidden neuron its 8 weights and its bias,
// then the output's weight for each hidden neuron, then its bias.
struct CreditWeights {
  uint32_t hidden = 0;
  std::vector<int32_t> values;
  static size_t size_of(size_t hidden) { return hidden * (kIndicators + 1) + hidden + 1; }
  bool well_formed() const { return hidden >= 1 && hidden <= kHiddenMax && values.size() == size_of(hidden); }
  Hash hash() const;  // SHA-256(tag "tieline/weights/1", encoding)
  bool operator==(const CreditWeights&) const = default;
};
void encode(Writer& w, const CreditWeights& weights);
void decode(Reader& r, CreditWeights& weights);
// The file: text, one neuron a line, its hash in the last one (docs/formats/credit.md).
std::string weights_to_text(const CreditWeights& weights);
Result<CreditWeights> weights_from_text(std::string_view text);
const CreditWeights& default_weights();  // data/credit/weights.txt, built in

// A function by its corners: straight lines between them, level beyond them. Ascending `from`; `to` at most 1.0.
struct TablePoint {
  uint32_t from = 0, to = 0;
  bool operator==(const TablePoint&) const = default;
};
using CreditTable = std::vector<TablePoint>;

enum class CreditModel : uint8_t {
  kNetwork = 1,  // paper 000
  kLinear = 2,   // a sum weighted by hand: what the network has to beat
  kFrozen = 3    // credit stays as it was given, but for proofs
};
const char* credit_model_name(CreditModel model);
std::optional<CreditModel> credit_model_from_name(std::string_view name);

// credit' = keep credit + (1 - keep) output. Credit falls by `keep` and rises by `keep_rising`, which is no smaller: a
// failure is remembered longer than a success.
struct CreditParams {
  CreditModel model = CreditModel::kNetwork;
  uint32_t keep = 49'152;         // 3/4, lambda
  uint32_t keep_rising = 57'344;  // 7/8
  uint32_t probation_epochs = 5;  // a newcomer does not lead for so many epochs
  uint32_t proof_epochs = 32;     // M: a proof is an indicator for so many epochs
  uint32_t age_blocks = 10'000;   // H0: from here on a validator is of full age
  CreditTable round_trip_ms = {{0, 0}, {20, 6'554}, {100, 26'214}, {300, 45'875}, {1'000, 65'536}};
  CreditTable spells = {{0, 0}, {1, 6'554}, {4, 19'661}, {16, 45'875}, {64, 65'536}};
  CreditTable absent_permille = {{0, 0}, {100, 13'107}, {1'000, 65'536}};  // of the epoch's slots
  CreditTable lead_permille = {{0, 0}, {100, 16'384}, {1'000, 65'536}};    // of what it led: failed, or unconfirmed
  CreditTable interval_ms = {{0, 0}, {50, 6'554}, {200, 26'214}, {500, 45'875}, {2'000, 65'536}};
  CreditWeights weights = default_weights();
  bool operator==(const CreditParams&) const = default;
};
void encode(Writer& w, const CreditParams& p);

// Both directions of genesis.json and of its encoding walk these lists, so that none can forget a field.
template <class Params, class Visit>
void each_credit_number(Params& p, Visit visit) {
  visit("keep", p.keep);
  visit("keep_rising", p.keep_rising);
  visit("probation_epochs", p.probation_epochs);
  visit("proof_epochs", p.proof_epochs);
  visit("age_blocks", p.age_blocks);
}
template <class Params, class Visit>
void each_credit_table(Params& p, Visit visit) {
  visit("round_trip_ms", p.round_trip_ms);
  visit("spells", p.spells);
  visit("absent_permille", p.absent_permille);
  visit("lead_permille", p.lead_permille);
  visit("interval_ms", p.interval_ms);
}

}  // namespace tieline
