#pragma once
// The day of table 4 (paper 004, 5.1.3): 10 plants, 15 grid companies, 15 distributors and 10 large users with the
// paper's ranges, 10,000 proposals in 24 hours, 500 of them forged, through the real ledger: parsed, signatures
// checked, prechecked, executed a block a slot, and checked at the close of each interval.
//
// A proposal is one signed transaction: the reading of a flow by its main meter or by its neighbour's, a plant's cost
// or a line's capacity. Plants feed one transmission zone; each grid company hands over to one distributor, which
// supplies its feeders and perhaps a large user. Feeders have no neighbour's meter: only their past and the balance of
// their zone speak against a lie there. The same proposals go to the SQL server of paper/central_server.h, which is
// told who says what and believes it; there a forgery is the same statement, flipped or changed on the way to it, said
// twice, or said by whoever has the password. Shapes are those of data/original/; meters err by half a per cent at
// most, lines lose what is registered. Four weeks before the day have taught every flow its profile.

#include <array>

#include "paper/forgeries.h"
#include "paper/honest_data.h"

namespace tieline::paper {

inline constexpr size_t kProposals = 10'000;
inline constexpr size_t kForged = 500;

// What became of the forgeries of one class.
struct ClassCount {
  uint64_t forged = 0;
  uint64_t refused = 0;   // parsed, signed, ordered or limited wrongly
  uint64_t disputed = 0;  // at close: the neighbour's meter, the balance or the profile
  uint64_t alone = 0;     // of those not refused: the profile by itself would have disputed it
  uint64_t missed() const { return forged - refused - disputed; }
};
struct TamperRun {
  std::array<ClassCount, kForgeryClasses.size()> classes;
  uint64_t honest = 0;
  uint64_t honest_refused = 0;
  uint64_t honest_disputed = 0;  // flows of which no reading was forged
  uint64_t honest_flagged = 0;
  std::array<ClassCount, kForgeryClasses.size()> central;  // the same at a server without signatures
  uint64_t central_honest_refused = 0;                     // where a lie had taken the interval
  uint64_t proposals() const;
};
TamperRun tamper_run(const std::vector<HonestSeries>& shapes, uint64_t seed);

}  // namespace tieline::paper
