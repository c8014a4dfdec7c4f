#pragma once
// Every state that a validator was ever found in, once each, and what each event makes of it. A step of the engine is
// computed once for each pair of validator state and event; the states of the whole world are made of these numbers.

#include <deque>
#include <unordered_map>

#include "explore/sets.h"
#include "explore/validator.h"

namespace tieline::explore {

using ValidatorNumber = uint32_t;
inline constexpr ValidatorNumber kNobody = UINT32_MAX;  // the traitor's seat
inline constexpr uint32_t kNoViolation = UINT32_MAX;

struct Outcome {
  ValidatorNumber next = 0;
  Lists::Id sent = 0;
  uint32_t reached = 0;
  uint32_t violation = kNoViolation;
  uint8_t persists = 0;
  bool compared = false;  // with what the same event makes of the others that are alike (symmetry.h)
  bool uneven = false;    // and it was not the same
};

class Validators {
 public:
  Validators(World& world, Lists& lists) : world_(world), lists_(lists) {}

  // What the search reads of a state again and again.
  struct Summary {
    std::vector<uint32_t> chain;  // numbers of the committed blocks
    uint32_t chain_number = 0;    // of blocks and proofs
    View view = 0;
    uint8_t armed = 0;  // bit per timer
    bool outside = false;
    bool wants = false;
    std::vector<uint32_t> judging;  // numbers of blocks
  };
  const Validator& at(ValidatorNumber number) const { return states_[number]; }
  const Summary& summary(ValidatorNumber number) const { return summaries_[number]; }
  size_t size() const { return states_.size(); }
  uint64_t steps() const { return outcomes_.size(); }
  uint64_t audited() const { return audited_; }
  const std::string& violation(uint32_t number) const { return violations_[number]; }

  Outcome start(Seat seat);
  // For kCatchUp the event's argument is the number of a chain (Summary::chain_number).
  Outcome& outcome(ValidatorNumber number, const Event& event);
  Advanced again(ValidatorNumber number, const Event& event);  // with its story

 private:
  Outcome keep(Advanced advanced);
  ValidatorNumber number_of(Validator&& validator);
  void audit(const Validator& a, const Validator& b);
  static constexpr size_t kAuditedEnvelopes = 12;

  World& world_;
  Lists& lists_;
  std::deque<Validator> states_;
  std::deque<Summary> summaries_;
  std::unordered_map<Hash, ValidatorNumber> numbers_;  // by fingerprint; looked up only
  std::unordered_map<Hash, uint32_t> chain_numbers_;
  std::vector<ValidatorNumber> with_chain_;  // a validator that has the chain of this number
  std::deque<Outcome> outcomes_;
  FlatMap known_;  // validator and event -> outcome
  std::vector<std::string> violations_;
  uint64_t audited_ = 0;
};

}  // namespace tieline::explore
