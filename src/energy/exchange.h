#pragma once
// The sealed exchange of two participants (paper 004, Fig. 5 and Fig. 8), A's message to B:
//
//   1 request       A draws a nonce and seals (nonce, message, A's signature) to B
//   2 response      B opens it, checks the signature, and seals (its own challenge, a tag keyed by the nonce) to A's
//                   REGISTERED sealing key, signed by B
//   3 confirmation  A opens the response and signs (N_Enc, N_Msg, N_Hash), which goes on the chain
//
//   N_Enc  = H(sealed request)                             what travelled
//   N_Msg  = HMAC(nonce, N_Enc || message)                 what it says
//   N_Hash = HMAC(nonce, N_Msg || challenge || H(response)) that A saw B's answer to it: the end of the hash chain
//
// Both are keyed by the 256-bit nonce, so the chain shows nothing of a message that could be guessed. Up to the opening
// of the request is the paper's encryption phase; what follows, the interactive verification. B takes the message as
// said only once A's confirmation verifies.
//
// The paper's cases (5.3.4). Both attackers hold A's signing key. Case 1 does not know B's sealing key: what it seals
// does not open, the encryption phase stops it. The paper treats public keys as secret here; ours never relies on that.
// Case 2 knows it and makes a request that opens; B's response is sealed to A's registered key, so without A's sealing
// secret there is no confirmation: the interactive phase stops it. Who holds both of A's keys is A.

#include "crypto/seal.h"
#include "model/transaction.h"

namespace tieline::energy {

inline constexpr size_t kExchangeMessageMax = 16 * 1024;

// A participant as registered.
struct ExchangeParty {
  ParticipantId id = 0;
  PublicKey key;
  seal::PublicKey seal_key;
};

// Who speaks to whom, on which chain. Bound into every step.
struct ExchangePair {
  ChainId chain;
  ExchangeParty a;
  ExchangeParty b;
};

struct ExchangeRequest {
  ParticipantId from = 0;
  ParticipantId to = 0;
  seal::Sealed sealed;
  bool operator==(const ExchangeRequest&) const = default;
};
void encode(Writer& w, const ExchangeRequest& r);
void decode(Reader& r, ExchangeRequest& request);

struct ExchangeResponse {
  Hash n_enc;
  seal::Sealed sealed;
  Signature signature;  // of B
  bool operator==(const ExchangeResponse&) const = default;
};
void encode(Writer& w, const ExchangeResponse& r);
void decode(Reader& r, ExchangeResponse& response);

struct ExchangeConfirmation {
  ParticipantId from = 0;
  ParticipantId to = 0;
  Hash n_enc;
  Hash n_msg;
  Hash n_hash;
  Signature signature;  // of A
  bool operator==(const ExchangeConfirmation&) const = default;
};
void encode(Writer& w, const ExchangeConfirmation& c);
void decode(Reader& r, ExchangeConfirmation& confirmation);

// What a validator checks of a confirmation: A signed it, for this pair on this chain. The rest only B can check.
bool is_signed(const ExchangePair& pair, const ExchangeConfirmation& confirmation, const Verifier& verifier);

// A's side. One object an exchange; the nonce and the seed are fresh each time.
class ExchangeSender {
 public:
  // Errors: oversized, bad_seal_key.
  static Result<ExchangeSender> start(const ExchangePair& pair, ByteView message, const Secret& nonce,
                                      const Secret& seed, const Signer& a);
  const ExchangeRequest& request() const { return request_; }
  // Errors, all of the interactive phase: other_exchange, bad_signature (B's), does_not_open, bad_tag (not bound to
  // this nonce and message).
  Result<ExchangeConfirmation> confirm(const ExchangeResponse& response, const seal::SecretKey& a_seal, const Signer& a,
                                       const Verifier& verifier) const;

 private:
  ExchangeSender(const ExchangePair& pair, const Secret& nonce) : pair_(pair), nonce_(nonce) {}
  ExchangePair pair_;
  Secret nonce_;
  ExchangeRequest request_;
  Hash n_enc_;
  Hash n_msg_;
};

// B's side: from the request to the confirmation.
class ExchangeReceiver {
 public:
  // Opens the request and prepares the response. Errors, all of the encryption phase: not_addressed, does_not_open,
  // malformed, bad_signature (A's); and bad_seal_key if A registered an unusable key.
  static Result<ExchangeReceiver> open(const ExchangePair& pair, const ExchangeRequest& request,
                                       const seal::SecretKey& b_seal, const Secret& challenge, const Secret& seed,
                                       const Signer& b, const Verifier& verifier);
  const ExchangeResponse& response() const { return response_; }
  const Bytes& message() const { return message_; }  // not to be acted upon before accept()
  // Errors, all of the interactive phase: other_exchange, bad_signature (A's), bad_message_digest, bad_hash_chain.
  Status accept(const ExchangeConfirmation& confirmation, const Verifier& verifier) const;

 private:
  explicit ExchangeReceiver(const ExchangePair& pair) : pair_(pair) {}
  ExchangePair pair_;
  Bytes message_;
  ExchangeResponse response_;
  Hash n_msg_;
  Hash n_hash_;
};

// How a link is shown, by the trust of the party at its other end (Fig. 8). Trust in Q16, 65,536 is 1.
enum class LinkClass : uint8_t { kSecure, kRisk, kTruncated };
inline constexpr uint32_t kSecureTrust = 52'429;       // 0.8, the paper's bound for a trusted node
inline constexpr uint32_t kTruncatedTrust = 13'107;    // 0.2: nothing is passed on to it
LinkClass link_class(uint32_t trust, bool confirmed);  // unconfirmed by its deadline: truncated
const char* link_class_name(LinkClass link);           // "secure", "risk", "truncated"

}  // namespace tieline::energy
