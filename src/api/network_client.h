#pragma once
// A client that knows every validator of a genesis file. It asks one; what has no answer in time it asks all others, so
// that no single validator can censor or stall it. Submitting again is idempotent: the same signed bytes have the same
// id, and are recorded once (docs/formats/stream.md).
//
// Threads: one caller at a time; on_outcome runs on an internal thread.
// Errors: no_validator (none reachable), timed_out, and those of api/client.h.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/client.h"
#include "model/genesis.h"

namespace tieline::api {

struct NetworkOptions {
  bool tls = true;              // with the pins of genesis
  ValidatorId first = 0;        // who is asked first
  int64_t patience_ms = 3'000;  // then all others are asked too
  int64_t give_up_ms = 60'000;
  size_t in_flight_max = 4'096;  // transactions without an outcome
};

struct SubmitOutcome {
  TxId id;
  bool committed = false;
  uint16_t code = 0;
  Height height = 0;
  uint32_t index = 0;
};

class NetworkClient {
 public:
  static Result<std::unique_ptr<NetworkClient>> open(const Genesis& genesis, NetworkOptions options = {});
  virtual ~NetworkClient() = default;

  // GET from the first validator that answers with 2xx; a definite no (4xx) of a quorum-independent kind (bad request)
  // is returned at once, a not_found is asked of the others too.
  virtual Result<HttpReply> get(const std::string& target) = 0;
  virtual Result<Bytes> receipt(const TxId& id) = 0;

  // Queues transactions; waits while in_flight_max are without an outcome. on_outcome comes once for each of them, in
  // any order. Errors: timed_out, no_validator: what has no outcome then is unknown and may be submitted again, as it
  // is.
  virtual Status submit(std::vector<Blob> transactions, std::function<void(const SubmitOutcome&)> on_outcome) = 0;
  virtual Status drain() = 0;  // until every outcome is known, or give_up_ms pass without one
  // submit and drain of a few, in the order given.
  Result<std::vector<SubmitOutcome>> submit_and_wait(std::vector<Blob> transactions);

  // GETs are signed from now on, whichever validator is asked. Before the first of them.
  virtual void sign_queries(QuerySigner signer) = 0;
  virtual Client* client(ValidatorId id) = 0;  // opened when needed; never null for a validator of genesis
};

}  // namespace tieline::api
