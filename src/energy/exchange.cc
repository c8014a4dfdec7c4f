#include "energy/exchange.h"

#include <algorithm>

#include "crypto/hash.h"

namespace tieline::energy {
namespace {

constexpr size_t kRequestOverhead = 32 + 4 + 64;  // nonce, the message's length, signature
constexpr size_t kRequestCipherMax = kExchangeMessageMax + kRequestOverhead + seal::kTagSize;
constexpr size_t kResponsePlain = 32 + 32;  // challenge, tag
constexpr size_t kResponseCipher = kResponsePlain + seal::kTagSize;

using Nonce = FixedBytes<32, struct NonceTag>;

struct RequestPlain {
  Nonce nonce;
  Bytes message;
  Signature signature;
};

void encode(Writer& w, const RequestPlain& p) {
  encode(w, p.nonce);
  w.bytes(p.message);
  encode(w, p.signature);
}

void decode(Reader& r, RequestPlain& p) {
  decode(r, p.nonce);
  const ByteView message = r.bytes(kExchangeMessageMax);
  p.message.assign(message.begin(), message.end());
  decode(r, p.signature);
}

void encode_sealed(Writer& w, const seal::Sealed& sealed) {
  encode(w, sealed.enc);
  w.bytes(sealed.cipher);
}

void decode_sealed(Reader& r, seal::Sealed& sealed, size_t max) {
  decode(r, sealed.enc);
  const ByteView cipher = r.bytes(max);
  sealed.cipher.assign(cipher.begin(), cipher.end());
}

void encode_party(Writer& w, const ExchangeParty& party) {
  w.u32(party.id);
  encode(w, party.key);
  encode(w, party.seal_key);
}

// The keys go in as well as the ids, so that nothing carries over to another registration.
Hash pair_digest(const ExchangePair& pair) {
  Writer w;
  encode(w, pair.chain);
  encode_party(w, pair.a);
  encode_party(w, pair.b);
  return tagged_hash("tieline/exchange-pair/1", {w.view()});
}

Nonce nonce_of(const Secret& secret) {
  Nonce out;
  std::ranges::copy(secret.bytes(), out.bytes.begin());
  return out;
}

Hash message_digest(const ExchangePair& pair, const Nonce& nonce, ByteView message) {
  return tagged_hash("tieline/exchange-message/1", {pair_digest(pair).view(), nonce.view(), message});
}

Hash n_enc_of(const ExchangeRequest& request) { return tagged_hash("tieline/exchange-enc/1", {encoded(request)}); }

Hash n_msg_of(const Secret& nonce, const Hash& n_enc, ByteView message) {
  return keyed_hash("tieline/exchange-msg/1", nonce, {n_enc.view(), message});
}

Hash tag_of(const Secret& nonce, const Hash& n_msg, const Secret& challenge) {
  return keyed_hash("tieline/exchange-response-tag/1", nonce, {n_msg.view(), challenge.bytes()});
}

Hash response_digest(const ExchangePair& pair, const ExchangeResponse& response) {
  Writer w;
  encode(w, response.n_enc);
  encode_sealed(w, response.sealed);
  return tagged_hash("tieline/exchange-response/1", {pair_digest(pair).view(), w.view()});
}

Hash n_hash_of(const Secret& nonce, const Hash& n_msg, const Secret& challenge, const Hash& response) {
  return keyed_hash("tieline/exchange-hash/1", nonce, {n_msg.view(), challenge.bytes(), response.view()});
}

void encode_unsigned(Writer& w, const ExchangeConfirmation& c) {
  w.u32(c.from);
  w.u32(c.to);
  encode(w, c.n_enc);
  encode(w, c.n_msg);
  encode(w, c.n_hash);
}

Hash confirmation_digest(const ExchangePair& pair, const ExchangeConfirmation& c) {
  Writer w;
  encode_unsigned(w, c);
  return tagged_hash("tieline/exchange-confirmation/1", {pair_digest(pair).view(), w.view()});
}

// What a sealing of the exchange is bound to.
Bytes info_of(const ExchangePair& pair, const char* step, const Hash* n_enc) {
  Writer w;
  w.string(step);
  encode(w, pair_digest(pair));
  if (n_enc != nullptr) encode(w, *n_enc);
  return w.take();
}

}  // namespace

void encode(Writer& w, const ExchangeRequest& r) {
  w.u32(r.from);
  w.u32(r.to);
  encode_sealed(w, r.sealed);
}

void decode(Reader& r, ExchangeRequest& request) {
  request.from = r.u32();
  request.to = r.u32();
  decode_sealed(r, request.sealed, kRequestCipherMax);
}

void encode(Writer& w, const ExchangeResponse& r) {
  encode(w, r.n_enc);
  encode_sealed(w, r.sealed);
  encode(w, r.signature);
}

void decode(Reader& r, ExchangeResponse& response) {
  decode(r, response.n_enc);
  decode_sealed(r, response.sealed, kResponseCipher);
  decode(r, response.signature);
}

void encode(Writer& w, const ExchangeConfirmation& c) {
  encode_unsigned(w, c);
  encode(w, c.signature);
}

void decode(Reader& r, ExchangeConfirmation& confirmation) {
  confirmation.from = r.u32();
  confirmation.to = r.u32();
  decode(r, confirmation.n_enc);
  decode(r, confirmation.n_msg);
  decode(r, confirmation.n_hash);
  decode(r, confirmation.signature);
}

bool is_signed(const ExchangePair& pair, const ExchangeConfirmation& confirmation, const Verifier& verifier) {
  return confirmation.from == pair.a.id && confirmation.to == pair.b.id &&
         verifier.verify(pair.a.key, confirmation_digest(pair, confirmation).view(), confirmation.signature);
}

Result<ExchangeSender> ExchangeSender::start(const ExchangePair& pair, ByteView message, const Secret& nonce,
                                             const Secret& seed, const Signer& a) {
  if (message.size() > kExchangeMessageMax) return Error{"oversized", "a sealed exchange carries at most 16 KiB"};
  ExchangeSender out(pair, nonce);
  const Nonce plain_nonce = nonce_of(nonce);
  const RequestPlain plain = {plain_nonce, Bytes(message.begin(), message.end()),
                              a.sign(message_digest(pair, plain_nonce, message).view())};
  Result<seal::Sealed> sealed =
      seal::seal(pair.b.seal_key, seed, info_of(pair, "request", nullptr), ByteView{}, encoded(plain));
  if (!sealed) return sealed.error();
  out.request_ = {pair.a.id, pair.b.id, std::move(*sealed)};
  out.n_enc_ = n_enc_of(out.request_);
  out.n_msg_ = n_msg_of(nonce, out.n_enc_, message);
  return out;
}

Result<ExchangeConfirmation> ExchangeSender::confirm(const ExchangeResponse& response, const seal::SecretKey& a_seal,
                                                     const Signer& a, const Verifier& verifier) const {
  if (response.n_enc != n_enc_) return Error{"other_exchange", "this response answers another request"};
  const Hash digest = response_digest(pair_, response);
  if (!verifier.verify(pair_.b.key, digest.view(), response.signature))
    return Error{"bad_signature", "the response is not signed by the receiver"};
  const Result<Bytes> plain = a_seal.open(response.sealed, info_of(pair_, "response", &n_enc_), ByteView{});
  if (!plain) return plain.error();
  if (plain->size() != kResponsePlain) return Error{"malformed", "the response holds no challenge and tag"};
  const Secret challenge(std::span<const uint8_t, Secret::kSize>(plain->data(), Secret::kSize));
  if (!std::ranges::equal(tag_of(nonce_, n_msg_, challenge).view(), ByteView(*plain).subspan(Secret::kSize)))
    return Error{"bad_tag", "the response is not bound to this nonce and message"};
  ExchangeConfirmation out{pair_.a.id, pair_.b.id, n_enc_, n_msg_, n_hash_of(nonce_, n_msg_, challenge, digest), {}};
  out.signature = a.sign(confirmation_digest(pair_, out).view());
  return out;
}

Result<ExchangeReceiver> ExchangeReceiver::open(const ExchangePair& pair, const ExchangeRequest& request,
                                                const seal::SecretKey& b_seal, const Secret& challenge,
                                                const Secret& seed, const Signer& b, const Verifier& verifier) {
  if (request.from != pair.a.id || request.to != pair.b.id)
    return Error{"not_addressed", "the request is between other participants"};
  const Result<Bytes> opened = b_seal.open(request.sealed, info_of(pair, "request", nullptr), ByteView{});
  if (!opened) return opened.error();
  const Result<RequestPlain> plain = decoded<RequestPlain>(*opened, "exchange request");
  if (!plain) return plain.error();
  if (!verifier.verify(pair.a.key, message_digest(pair, plain->nonce, plain->message).view(), plain->signature))
    return Error{"bad_signature", "the message is not signed by its sender"};

  ExchangeReceiver out(pair);
  const Secret nonce(plain->nonce.bytes);
  out.message_ = plain->message;
  out.response_.n_enc = n_enc_of(request);
  out.n_msg_ = n_msg_of(nonce, out.response_.n_enc, plain->message);
  const Hash tag = tag_of(nonce, out.n_msg_, challenge);
  Writer w;
  w.raw(challenge.bytes());
  encode(w, tag);
  Result<seal::Sealed> sealed =
      seal::seal(pair.a.seal_key, seed, info_of(pair, "response", &out.response_.n_enc), ByteView{}, w.view());
  if (!sealed) return sealed.error();
  out.response_.sealed = std::move(*sealed);
  const Hash digest = response_digest(pair, out.response_);
  out.response_.signature = b.sign(digest.view());
  out.n_hash_ = n_hash_of(nonce, out.n_msg_, challenge, digest);
  return out;
}

Status ExchangeReceiver::accept(const ExchangeConfirmation& confirmation, const Verifier& verifier) const {
  if (confirmation.from != pair_.a.id || confirmation.to != pair_.b.id || confirmation.n_enc != response_.n_enc)
    return Error{"other_exchange", "this confirms another request"};
  if (!is_signed(pair_, confirmation, verifier))
    return Error{"bad_signature", "the confirmation is not signed by the sender"};
  if (confirmation.n_msg != n_msg_) return Error{"bad_message_digest", "the sender confirms another message"};
  if (confirmation.n_hash != n_hash_)
    return Error{"bad_hash_chain", "the sender has not seen this receiver's response"};
  return {};
}

LinkClass link_class(uint32_t trust, bool confirmed) {
  if (!confirmed || trust < kTruncatedTrust) return LinkClass::kTruncated;
  return trust >= kSecureTrust ? LinkClass::kSecure : LinkClass::kRisk;
}

const char* link_class_name(LinkClass link) {
  switch (link) {
    case LinkClass::kSecure:
      return "secure";
    case LinkClass::kRisk:
      return "risk";
    case LinkClass::kTruncated:
      return "truncated";
  }
  return "truncated";
}

}  // namespace tieline::energy
