#pragma once
// What every command that signs and sends shares: whose keys, the sequence number, the endorsements of trades, the
// sending itself or a dry run, and how the outcome is told. A dry run signs the same transaction and asks a validator
// to execute it on its newest state alone: nothing is recorded, and the answer names the rule that refuses it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/import_network.h"
#include "cli/participant_keys.h"
#include "cli/submission.h"
#include "crypto/real_scheme.h"

namespace CLI {
class App;
}

namespace tieline::cli {

struct SendOptions {
  std::string net, as, key, sign_only, receipt;
  std::vector<std::string> with;  // who signs besides; their keys are in NET/participants too
  bool dry_run = false;
  bool json = false;
};
void add_send_options(CLI::App& command, SendOptions& options);

// Errors: those of network_access.h, participant_keys.h and submission.h.
class Sending {
 public:
  static Result<std::unique_ptr<Sending>> open(const SendOptions& options);

  const Genesis& genesis() const { return genesis_; }
  const std::string& who() const { return options_.as; }
  const std::string& net() const { return options_.net; }
  // A participant of genesis, or one that was registered since, as the validators know it.
  Result<GenesisParticipant> participant(const std::string& name);
  // Metering points of genesis, and those of who signs if it was registered since.
  Result<MeterTable> meters();
  Result<Json> get(const std::string& target);
  // Fills in what the submission leaves open and signs it with --as and --with.
  Result<Bytes> sign(Submission submission);
  // Sends, or what the options say instead; prints and returns the exit status. `more` joins the JSON object, and its
  // texts and numbers are printed as lines.
  int send(Bytes bytes, const Json& more = Json::object());
  // sign() and send(); trades and proposals that the submission makes are named in the output.
  int sign_and_send(Submission submission, const Json& more = Json::object());

 private:
  Sending(const SendOptions& options, Genesis genesis) : options_(options), genesis_(std::move(genesis)) {}
  // With the keys of NET/participants; `key`: a file with the key that signs instead, empty: none.
  Result<ParticipantKeys> keys_of(const std::string& name, const std::string& key);
  Status endorse(energy::MarketAction& action, const ParticipantKeys& who, uint64_t sequence, uint32_t place);
  int dry_run(const Bytes& bytes, const Json& more);

  SendOptions options_;
  Genesis genesis_;
  RealVerifier verifier_;
  std::unique_ptr<api::NetworkClient> client_;
  std::unique_ptr<ImportNetwork> network_;
  std::map<std::string, GenesisParticipant> later_;  // registered after genesis; keys point to them
  Json made_ = Json::object();                       // what sign() found out about the trades and proposals it makes
};

}  // namespace tieline::cli
