#pragma once
// The inside of the search (explorer.h).

#include "explore/explorer.h"
#include "explore/symmetry.h"
#include "explore/traitor.h"

namespace tieline::explore {

enum class ActionKind : uint8_t { kEvent, kLie, kLose, kPostpone, kDeafen };
struct Action {
  ActionKind kind = ActionKind::kEvent;
  Seat seat = 0;
  Event event;
  EnvelopeId envelope = 0;  // kLie
  uint8_t to = 0;           // kLie: bit per seat
  bool queued = false;      // kEvent: it is the queue's first message
};

class Search {
 public:
  explicit Search(const Bounds& bounds);
  Report run(const std::function<void(uint64_t, uint32_t)>& progress);

 private:
  using StateNumber = uint32_t;
  using Emit = std::function<void(const State&, const Action&, uint32_t cost, const Outcome*)>;
  struct Origin {
    StateNumber parent = 0;
    uint16_t steps = 0;
    uint8_t level = 0;
    bool expanded = false;
  };

  void lead_to_one_commit(State& state);
  void expand(const State& state, const Emit& emit);
  void expand_any(const State& state, const Emit& emit);
  void expand_in_order(const State& state, const Emit& emit);
  void own_moves(const State& state, Seat seat, uint32_t cost, const Emit& emit);
  void event(const State& state, Seat seat, const Event& event, uint32_t cost, bool queued, const Emit& emit);
  void take(const State& state, Seat seat, const Event& event, uint32_t cost, bool queued, const Emit& emit);
  void lies(const State& state, const Emit& emit);
  void losses(const State& state, const Emit& emit);
  bool deviates(Deviation d) const { return (bounds_.deviations >> static_cast<unsigned>(d) & 1) != 0; }
  Lists::Id heard(Lists::Id sent);
  Lists::Id could_say(Lists::Id heard);
  Lists::Id lies_after(Lists::Id sent);
  bool may_act(const State& state, Seat seat) const {
    return world_.correct(seat) && !validators_.summary(state.validators[seat]).outside;
  }
  void found(StateNumber parent, const State& next, uint32_t cost, const Outcome* outcome, const Action& action);
  std::optional<std::string> disagreement(const State& state, Seat seat) const;
  std::optional<std::string> wrong(const State& next, const Action& action, const Outcome* outcome) const;
  StateNumber* slot_of(const State& state);
  void grow_table();
  struct Taken {
    State before;
    Action action;
  };
  bool retrace(const std::vector<StateNumber>& path, size_t at, const State& from, std::vector<Taken>& taken);
  std::vector<std::string> history_to(StateNumber last);
  std::vector<std::string> tell(const State& before, const Action& action);

  static constexpr StateNumber kEmpty = UINT32_MAX;
  Bounds bounds_;
  World world_;
  Lists lists_;
  Validators validators_;
  Symmetry symmetry_;
  std::vector<Traitor> traitors_;
  std::vector<State> states_;
  std::vector<Origin> origins_;
  std::vector<StateNumber> table_;
  std::vector<StateNumber> now_, later_;  // of this level (grows while it is worked off), of the next
  uint32_t level_ = 0;
  bool uneven_ = false;                       // a step of the state that is being followed was
  FlatMap united_;                            // set and list -> set
  FlatMap lies_;                              // what was sent -> lies_after
  std::map<Lists::Id, Lists::Id> could_say_;  // what it has heard -> envelopes
  Report report_;
};

}  // namespace tieline::explore
