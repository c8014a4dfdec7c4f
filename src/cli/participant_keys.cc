#include "cli/participant_keys.h"

#include "crypto/hash.h"
#include "node/key_file.h"

namespace tieline::cli {
namespace {

constexpr size_t kCardBytesMax = 4096;
constexpr std::string_view kCardTag = "tieline/participant-card/1";

Error invalid(std::string why) { return {"card_invalid", std::move(why)}; }

template <size_t N, class Tag>
bool read_hex(const Json& json, const char* name, FixedBytes<N, Tag>& out) {
  const auto it = json.find(name);
  if (it == json.end() || !it->is_string()) return false;
  const auto value = fixed_from_hex<N, Tag>(it->get_ref<const std::string&>());
  if (value) out = *value;
  return value.has_value();
}

}  // namespace

bls::SecretKey participant_bls_key(const Secret& seed) {
  return bls::SecretKey::from_seed(derive_secret("tieline/participant-bls/1", seed, {}).bytes());
}

seal::SecretKey participant_seal_key(const Secret& seed) {
  return seal::SecretKey::derive(derive_secret("tieline/participant-seal/1", seed, {}));
}

Result<ParticipantKeys> participant_keys_of(const std::filesystem::path& net, const GenesisParticipant& participant) {
  auto file = node::read_key_file(net / "participants" / (participant.name + ".key"), node::KeyKind::kEd25519);
  if (!file) return file.error();
  const Secret seed{std::span<const uint8_t, Secret::kSize>(file->bytes)};
  return ParticipantKeys{&participant, seed,
                         std::make_unique<Ed25519Signer>(ed25519::SecretKey::from_seed(file->bytes)),
                         participant_bls_key(seed), participant_seal_key(seed)};
}

Result<ParticipantKeys> load_participant_keys(const std::filesystem::path& net, const std::string& name,
                                              const Genesis& genesis) {
  auto identity = load_identity(net, name, genesis);
  if (!identity) return identity.error();
  return participant_keys_of(net, *identity->participant);
}

Hash card_digest(const ParticipantCard& card) {
  Writer w;
  w.string(card.name);
  encode(w, card.key);
  encode(w, card.bls_key);
  encode(w, card.bls_proof);
  encode(w, card.seal_key);
  return tagged_hash(kCardTag, {w.view()});
}

ParticipantCard make_card(const std::string& name, const Secret& seed) {
  const Ed25519Signer signer(ed25519::SecretKey::from_seed(seed.bytes()));
  const bls::SecretKey bls_key = participant_bls_key(seed);
  ParticipantCard card{name,
                       signer.public_key(),
                       bls_key.public_key(),
                       bls_key.prove_possession(),
                       participant_seal_key(seed).public_key(),
                       Signature()};
  card.signature = signer.sign(card_digest(card).view());
  return card;
}

Json card_json(const ParticipantCard& card) {
  return {{"name", card.name},
          {"key", to_hex(card.key)},
          {"bls_key", to_hex(card.bls_key)},
          {"bls_proof", to_hex(card.bls_proof)},
          {"seal_key", to_hex(card.seal_key)},
          {"signature", to_hex(card.signature)}};
}

Result<ParticipantCard> card_from_json(const Json& json, const Genesis& genesis) {
  ParticipantCard card;
  const bool read = json.is_object() && json.contains("name") && json["name"].is_string() &&
                    read_hex(json, "key", card.key) && read_hex(json, "bls_key", card.bls_key) &&
                    read_hex(json, "bls_proof", card.bls_proof) && read_hex(json, "seal_key", card.seal_key) &&
                    read_hex(json, "signature", card.signature);
  if (!read) return invalid("a card has name, key, bls_key, bls_proof, seal_key and signature, keys in hexadecimal");
  card.name = json["name"].get<std::string>();
  const GenesisParticipant* known = nullptr;
  for (const GenesisParticipant& one : genesis.participants)
    if (one.name == card.name) known = &one;
  if (known == nullptr) return Error{"participant_unknown", "genesis registers no participant '" + card.name + "'"};
  if (known->key != card.key) return invalid("the card of '" + card.name + "' has another key than genesis");
  if (!Ed25519Verifier().verify(card.key, card_digest(card).view(), card.signature))
    return invalid("the card of '" + card.name + "' is not signed by it");
  if (auto proven = bls::ProvenKey::parse(card.bls_key, card.bls_proof); !proven)
    return invalid("the card of '" + card.name + "' does not prove its BLS key: " + proven.error().why);
  return card;
}

Result<ParticipantCard> load_card(const std::filesystem::path& net, const std::string& name, const Genesis& genesis) {
  const auto file = net / "participants" / (name + ".card.json");
  auto text = read_text(file, kCardBytesMax);
  if (!text) return text.error();
  auto json = parse_json(*text, file.string());
  if (!json) return json.error();
  auto card = card_from_json(*json, genesis);
  if (card && card->name != name) return invalid(file.string() + " is the card of '" + card->name + "'");
  return card;
}

}  // namespace tieline::cli
