#pragma once
// What one exploration covers. Everything inside the bounds is tried, nothing is drawn: no seed, no random choice.

#include <cstdint>

#include "model/ids.h"

namespace tieline::explore {

inline constexpr size_t kValidators = 4;      // n; f = 1
inline constexpr View kViewsMax = 4;          // a bound of the bounds: every validator leads once
inline constexpr int64_t kSlotsMax = 4;       // a view
inline constexpr uint32_t kChoicesMax = 200;  // time-outs, crashes, lies: each is one byte of a state
inline constexpr uint32_t kLevelsMax = 250;   // depth or deviations
inline constexpr uint64_t kStatesMax = 400'000'000;

// How messages travel.
enum class Network : uint8_t {
  // Whatever was sent may be delivered at any later time, to its receivers, any number of times or never: reordered,
  // lost, repeated, delayed. Every step is a choice, and histories are searched by their number of steps.
  kAny,
  // One queue: what was sent first arrives first, everywhere. Each departure from that (a Deviation, a crash, a lie)
  // costs one, and histories are searched by their number of deviations, however many steps they take. That reaches
  // deep
  // with few choices.
  kInOrder,
};

// Some may be left out of a search, so that it gets further with the others (kInOrder).
enum class Deviation : uint8_t {
  kLost,     // the first message under way
  kLate,     // it goes behind all others
  kDeaf,     // all that is under way to one validator is lost
  kTimeout,  // of a validator while messages are under way
  kCatchUp,  // from a peer while messages are under way
  kCount
};
inline constexpr uint8_t kAllDeviations = (1u << static_cast<unsigned>(Deviation::kCount)) - 1;
const char* deviation_name(Deviation deviation);

// Where a search begins. Deep states are reached with fewer steps from where a history has led already.
enum class Start : uint8_t {
  kBeginning,
  // Everybody has voted in view 0 (for one block with the fast path, for two without), and seat 3 alone has heard
  // enough to commit. What the others have not heard is still under way. For kAny.
  kOneCommit,
};

struct Bounds {
  Start start = Start::kBeginning;
  Network network = Network::kAny;
  bool elects = false;  // trust_raft instead of cbft: leaders of views above 0 are elected, and there is no fast path
  bool fast_path = true;
  View views = 2;             // 0 to views - 1; whoever is led beyond stands still
  int64_t slots = 2;          // a view
  uint32_t timeouts = 3;      // in one history, of all validators together
  uint32_t crashes = 0;       // in one history; restarted at once from what was durable
  bool torn = false;          // a crash may also leave the vote record durable without what it names
  uint8_t traitors = 0;       // Byzantine: bit per seat. More than one is more than is promised to survive
  uint32_t lies = 3;          // messages that the Byzantine send, in one history
  bool slow_answers = false;  // blocks asked for, verdicts on bodies and own votes come at any later time, not at once
  uint8_t deviations = kAllDeviations;  // which ones there are: bit per Deviation
  uint32_t tenure_slots = 20'000;       // a view is handed over as planned after so many slots
  uint32_t levels = kLevelsMax;         // stop after histories of so many steps (kAny) or deviations (kInOrder)
  uint64_t states = 1'000'000;          // stop when so many distinct states were found
  bool symmetry = true;                 // of states that differ by validators which are alike, one is searched
  bool audit = false;                   // step merged states side by side: a forgotten field of the fingerprint shows
};

}  // namespace tieline::explore
