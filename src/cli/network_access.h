#pragma once
// What commands share to reach a network: where it is (--net NET, a folder made by `tieline init`, or --node URL), its
// genesis, participants' keys, and HTTP answers as JSON.
//
// Errors: usage (neither or both given), genesis_unreadable, genesis_invalid, participant_unknown, key_*
// (node/key_file.h), and those of api/network_client.h and api/client.h; json_malformed for an answer that is none.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "api/network_client.h"
#include "cli/output.h"
#include "crypto/ed25519_scheme.h"
#include "model/genesis.h"

namespace CLI {
class App;
}

namespace tieline::cli {

struct Where {
  std::string net;   // folder
  std::string node;  // "http://127.0.0.1:7500"
  std::string as,
      key;  // who asks, where validators show records to those who may read them; a key file besides NAME.key
};
void add_where(CLI::App& command, Where& where);
void add_net(CLI::App& command, std::string& net);  // for commands that need genesis and keys

Result<Genesis> load_genesis(const std::filesystem::path& file);
Result<Genesis> genesis_of_net(const std::filesystem::path& net);
Result<std::string> read_text(const std::filesystem::path& file, size_t bytes_max);
Result<std::string> read_input(const std::string& file, size_t bytes_max);  // "-": standard input
Status write_file(const std::filesystem::path& file, ByteView bytes);       // error: file_unwritable

// NET/participants/NAME.key, checked against the key that genesis registers.
struct Identity {
  const GenesisParticipant* participant = nullptr;  // in the genesis given
  std::unique_ptr<Ed25519Signer> signer;
};
Result<Identity> load_identity(const std::filesystem::path& net, const std::string& name, const Genesis& genesis);

// A participant of genesis, or one that was registered since, as the validators know it.
Result<GenesisParticipant> find_participant(api::NetworkClient& client, const Genesis& genesis,
                                            const std::string& name);
// Queries signed as a participant, registered in genesis or later. Empty `key`: NET/participants/NAME.key.
Result<api::QuerySigner> query_signer_of(api::NetworkClient& client, const Genesis& genesis, const std::string& net,
                                         const std::string& name, const std::string& key);

// GETs from a network (any validator that knows) or from one node.
class Reach {
 public:
  static Result<Reach> open(const Where& where);
  Result<Json> get(const std::string& target);
  Result<Bytes> receipt(const TxId& id);
  const Genesis* genesis() const { return genesis_.get(); }  // null with --node alone
  api::NetworkClient* network() { return network_.get(); }   // null with --node alone

 private:
  std::unique_ptr<Genesis> genesis_;
  std::unique_ptr<api::NetworkClient> network_;
  std::unique_ptr<api::Client> node_;
};

Result<Json> parse_json(const std::string& text, const std::string& what);
Result<TxId> parse_txid(const std::string& text);  // 64 hex digits; error: usage
std::string url_encoded(const std::string& text);

}  // namespace tieline::cli
