#pragma once
// Who may read what, where the validator's configuration says access = "granted": readings, trades, accounts and
// settlements are shown to their owners, to whom the owner granted it, to the distributor that settles them, and to the
// regulator. Blocks, receipts, status and whatever is no participant's own stay public, and so does everything with
// access = "open". Validators hold all of class W in the clear whatever this says. Each such query is logged, allowed
// or not, one JSON object a line, in the validator's folder. On the io thread only.
// Errors: not_authenticated (401), bad_query_signature (401), query_time (401), query_replayed (401), not_granted
// (403), too_many_queries (503); revoked_key (401). Source: ENERGY.md, "A record" (who may read; access is logged).

#include <deque>
#include <filesystem>
#include <fstream>
#include <set>

#include "api/http_types.h"
#include "api/signed_query.h"
#include "ledger/members.h"

namespace tieline::api {

inline constexpr size_t kQueriesRememberedMax = 100'000;          // within the window
inline constexpr uint64_t kAccessLogBytesMax = 64 * 1024 * 1024;  // then it becomes access.log.1

class AccessLog {
 public:
  explicit AccessLog(std::filesystem::path file) : file_(std::move(file)) {}
  // False: it cannot be written; then nothing is shown.
  bool note(int64_t time_ms, std::optional<ParticipantId> who, const std::string& method, const std::string& target,
            bool allowed, const std::string& code);

 private:
  std::filesystem::path file_;
  std::ofstream out_;
  uint64_t bytes_ = 0;
};

class Access {
 public:
  Access(const Ledger& ledger, std::filesystem::path log) : ledger_(ledger), registry_(ledger.genesis()), log_(log) {}

  // Whether the route shows what is somebody's own.
  static bool concerns(const std::string& route);
  // Who asks, or the refusal; 0: nobody, who sees what is public. Noted in the log. Before the answer is made.
  Result<ParticipantId> admit(const HttpRequest& request, const std::string& route, const StateView& state,
                              int64_t now_ms);
  // What of the answer the participant may see; of some routes it is a part.
  HttpResponse shown_to(ParticipantId who, const std::string& route, HttpResponse response,
                        const StateView& state) const;

 private:
  Result<ParticipantId> identify(const HttpRequest& request, const Members& members, int64_t now_ms);
  Status may_see(ParticipantId who, const HttpRequest& request, const std::string& route, const Members& members,
                 const StateView& state) const;
  bool may_read(ParticipantId who, MeterId meter, int64_t from_s, int64_t to_s, const Members& members,
                const StateView& state) const;
  bool settles(ParticipantId distributor, ParticipantId owner) const;
  Members members(const StateView& state) const;

  const Ledger& ledger_;
  const Registry registry_;
  AccessLog log_;
  std::set<Signature> seen_;                              // within the window
  std::deque<std::pair<int64_t, Signature>> seen_order_;  // by the time until which it is remembered
};

}  // namespace tieline::api
