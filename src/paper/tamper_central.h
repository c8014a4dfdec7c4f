#pragma once
// Table 4's forgeries at the server without signatures (paper/central_server.h), which is told who says what and
// believes it. There a forgery is the same statement with a bit flipped or a field changed on the way, said twice, or
// said by whoever has the password. Draws are of a generator of its own.

#include "paper/central_server.h"
#include "paper/forgeries.h"

namespace tieline::paper {

struct CentralRequest {
  ParticipantId who = 0;
  Truth::Kind kind = Truth::Kind::kReading;
  MeterId meter = 0;
  int64_t start_s = 0;
  uint64_t value = 0;  // Wh, micro-currency per MWh, or W
};

void encode(Writer& w, const CentralRequest& r);  // as it travels
void decode(Reader& r, CentralRequest& out);

class TamperCentral {
 public:
  TamperCentral(const Genesis& genesis, uint64_t seed);

  void set_time(int64_t slot_s) { server_.set_time(static_cast<uint32_t>(slot_s / kSlotSeconds)); }
  bool takes(const CentralRequest& request);
  // Of `honest` as forged; its owner says it afterwards if the lie was refused. None: the lie is only in the time of
  // signing, and a server does not ask for one.
  std::optional<bool> refuses_forged(ForgeryClass c, const CentralRequest& honest, const Lie& lie);

 private:
  static constexpr int64_t kSlotSeconds = 900;
  std::optional<CentralRequest> forged(ForgeryClass c, const CentralRequest& honest, const Lie& lie);

  std::vector<std::string> names_;
  CentralServer server_;
  Rng rng_;
};

}  // namespace tieline::paper
