#include "cli/network_access.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "node/key_file.h"

namespace tieline::cli {
namespace {

constexpr size_t kGenesisBytesMax = 64 * 1024 * 1024;

Error usage(std::string why) { return {"usage", std::move(why)}; }

}  // namespace

void add_where(CLI::App& command, Where& where) {
  auto* net = command.add_option("--net", where.net, "folder of the network, made by `tieline init`")->type_name("NET");
  auto* node =
      command.add_option("--node", where.node, "one validator's address, e.g. http://127.0.0.1:7500")->type_name("URL");
  net->excludes(node);
  command.add_option("--as", where.as, "who asks: signs the query, for validators that show records by right only")
      ->type_name("NAME");
  command.add_option("--key", where.key, "the file with the key that signs, if it is not NET/participants/NAME.key")
      ->type_name("FILE");
}

void add_net(CLI::App& command, std::string& net) {
  command.add_option("--net", net, "folder of the network, made by `tieline init`")->type_name("NET")->required();
}

Result<std::string> read_text(const std::filesystem::path& file, size_t bytes_max) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return Error{"file_unreadable", file.string() + " is a folder"};
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{"file_unreadable", "cannot open " + file.string() + ": " + std::strerror(errno)};
  std::string text;
  char buffer[65'536];
  while (in.read(buffer, sizeof(buffer)) || in.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(in.gcount()));
    if (text.size() > bytes_max) {
      return Error{"file_unreadable", file.string() + " has more than " + std::to_string(bytes_max) + " bytes"};
    }
  }
  if (in.bad()) return Error{"file_unreadable", "cannot read " + file.string() + ": " + std::strerror(errno)};
  return text;
}

Result<std::string> read_input(const std::string& file, size_t bytes_max) {
  if (file != "-") return read_text(file, bytes_max);
  std::string text;
  char buffer[65'536];
  while (std::cin.read(buffer, sizeof(buffer)) || std::cin.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(std::cin.gcount()));
    if (text.size() > bytes_max)
      return Error{"file_unreadable", "standard input has more than " + std::to_string(bytes_max) + " bytes"};
  }
  return text;
}

Status write_file(const std::filesystem::path& file, ByteView bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return Error{"file_unwritable", "cannot write " + file.string() + ": " + std::strerror(errno)};
  return {};
}

Result<Genesis> load_genesis(const std::filesystem::path& file) {
  auto text = read_text(file, kGenesisBytesMax);
  if (!text) return Error{"genesis_unreadable", text.error().why};
  auto genesis = genesis_from_json(*text);
  if (!genesis) return Error{genesis.error().code, file.string() + ": " + genesis.error().why};
  return genesis;
}

Result<Identity> load_identity(const std::filesystem::path& net, const std::string& name, const Genesis& genesis) {
  Identity identity;
  for (const GenesisParticipant& participant : genesis.participants) {
    if (participant.name == name) identity.participant = &participant;
  }
  if (identity.participant == nullptr) {
    std::string known;
    for (size_t i = 0; i < std::min<size_t>(genesis.participants.size(), 20); ++i) {
      known += (i == 0 ? "" : ", ") + genesis.participants[i].name;
    }
    return Error{"participant_unknown", "genesis registers no participant '" + name + "'; there are " + known};
  }
  const auto file = net / "participants" / (name + ".key");
  auto seed = node::read_key_file(file, node::KeyKind::kEd25519);
  if (!seed) return seed.error();
  identity.signer = std::make_unique<Ed25519Signer>(ed25519::SecretKey::from_seed(seed->bytes));
  if (identity.signer->public_key() != identity.participant->key) {
    return Error{"key_foreign", file.string() + " is not the key that genesis registers for '" + name + "'"};
  }
  return identity;
}

Result<GenesisParticipant> find_participant(api::NetworkClient& client, const Genesis& genesis,
                                            const std::string& name) {
  for (const GenesisParticipant& one : genesis.participants)
    if (one.name == name) return one;
  auto reply = client.get("/v1/participants/" + url_encoded(name));
  if (!reply && reply.error().code == "unknown_participant") return Error{"participant_unknown", reply.error().why};
  if (!reply) return reply.error();
  auto json = parse_json(reply->body, "/v1/participants");
  if (!json) return json.error();
  GenesisParticipant out;
  out.id = json->value("id", ParticipantId{0});
  out.name = json->value("name", "");
  const auto role = role_from_name(json->value("role", ""));
  if (out.id == 0 || out.name.empty() || !role)
    return Error{"json_malformed", "the validators' record of '" + name + "' is not understood"};
  out.role = *role;
  return out;
}

Result<api::QuerySigner> query_signer_of(api::NetworkClient& client, const Genesis& genesis, const std::string& net,
                                         const std::string& name, const std::string& key) {
  auto who = find_participant(client, genesis, name);
  if (!who) return who.error();
  const auto own = std::filesystem::path(net) / "participants" / (who->name + ".key");
  auto seed = node::read_key_file(key.empty() ? own : std::filesystem::path(key), node::KeyKind::kEd25519);
  if (!seed) return seed.error();
  return api::query_signer(genesis.chain_id(), who->id,
                           std::make_shared<Ed25519Signer>(ed25519::SecretKey::from_seed(seed->bytes)));
}

Result<Genesis> genesis_of_net(const std::filesystem::path& net) { return load_genesis(net / "genesis.json"); }

Result<Reach> Reach::open(const Where& where) {
  if (where.net.empty() == where.node.empty()) {
    return usage("say where the network is: --net NET (a folder made by `tieline init`) or --node URL");
  }
  Reach reach;
  if (!where.net.empty()) {
    auto genesis = genesis_of_net(where.net);
    if (!genesis) return genesis.error();
    reach.genesis_ = std::make_unique<Genesis>(std::move(*genesis));
    auto network = api::NetworkClient::open(*reach.genesis_);
    if (!network) return network.error();
    reach.network_ = std::move(*network);
    if (where.as.empty()) return reach;
    auto signer = query_signer_of(*reach.network_, *reach.genesis_, where.net, where.as, where.key);
    if (!signer) return signer.error();
    reach.network_->sign_queries(std::move(*signer));
    return reach;
  }
  if (!where.as.empty()) return usage("--as needs --net NET: the genesis file says of which chain the query is");
  auto endpoint = api::Endpoint::from_url(where.node);
  if (!endpoint) return endpoint.error();
  auto client = api::Client::open(std::move(*endpoint));
  if (!client) return client.error();
  reach.node_ = std::move(*client);
  return reach;
}

Result<Json> Reach::get(const std::string& target) {
  auto reply = network_ ? network_->get(target) : node_->get(target);
  if (!reply) return reply.error();
  return parse_json(reply->body, target);
}

Result<Bytes> Reach::receipt(const TxId& id) { return network_ ? network_->receipt(id) : node_->receipt(id); }

Result<Json> parse_json(const std::string& text, const std::string& what) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error{"json_malformed", what + " is not JSON"};
  return json;
}

Result<TxId> parse_txid(const std::string& text) {
  auto id = fixed_from_hex<32, HashTag>(text);
  if (!id) return usage("'" + text.substr(0, 80) + "' is not a transaction id: 64 hex digits");
  return *id;
}

std::string url_encoded(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace tieline::cli
