#pragma once
// A participant's keys. NET/participants/NAME.key holds one seed: of its Ed25519 key, which signs transactions, and,
// derived from it, of the BLS key that endorses trades and of the key that others seal to. Whoever has the file has all
// three, and there is one file to keep.
//
//   BLS seed     HKDF-SHA512(salt "tieline/participant-bls/1", seed), 32 bytes
//   sealing key  DeriveKeyPair(HKDF-SHA512(salt "tieline/participant-seal/1", seed), 32 bytes)
//
// NAME.card.json shows the public halves, signed by the Ed25519 key, so that who knows the genesis file can trust it.
// Errors: participant_unknown, key_*, card_invalid.

#include <filesystem>

#include "cli/network_access.h"
#include "crypto/bls.h"
#include "crypto/seal.h"

namespace tieline::cli {

bls::SecretKey participant_bls_key(const Secret& seed);
seal::SecretKey participant_seal_key(const Secret& seed);

struct ParticipantKeys {
  const GenesisParticipant* participant = nullptr;  // in the genesis given
  Secret seed;
  std::unique_ptr<Ed25519Signer> signer;
  bls::SecretKey bls_key;
  seal::SecretKey seal_key;
};
// NAME.key as it lies there, whichever key signs by now.
Result<ParticipantKeys> participant_keys_of(const std::filesystem::path& net, const GenesisParticipant& participant);
// The same, checked against the key that genesis registers.
Result<ParticipantKeys> load_participant_keys(const std::filesystem::path& net, const std::string& name,
                                              const Genesis& genesis);

struct ParticipantCard {
  std::string name;
  PublicKey key;
  bls::PublicKey bls_key;
  bls::Possession bls_proof;
  seal::PublicKey seal_key;
  Signature signature;  // over card_digest
  bool operator==(const ParticipantCard&) const = default;
};
Hash card_digest(const ParticipantCard& card);
ParticipantCard make_card(const std::string& name, const Secret& seed);
Json card_json(const ParticipantCard& card);
// The card of a participant that genesis registers, with its signature and possession checked.
Result<ParticipantCard> card_from_json(const Json& json, const Genesis& genesis);
Result<ParticipantCard> load_card(const std::filesystem::path& net, const std::string& name, const Genesis& genesis);

// Both keys as one signer: it signs transactions and endorses trades.
class ParticipantSigner final : public Signer {
 public:
  explicit ParticipantSigner(ParticipantKeys keys) : keys_(std::move(keys)) {}
  Signature sign(ByteView message) const override { return keys_.signer->sign(message); }
  PublicKey public_key() const override { return keys_.signer->public_key(); }
  bls::Signature sign_share(ByteView message) const override { return keys_.bls_key.sign(message); }
  bls::PublicKey bls_key() const override { return keys_.bls_key.public_key(); }

 private:
  ParticipantKeys keys_;
};

}  // namespace tieline::cli
