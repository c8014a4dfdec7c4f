#include "energy/exchange.h"

#include <gtest/gtest.h>

#include "private_testing.h"

namespace tieline::energy {
namespace {

using testing::kChain;
using testing::secret_of;
using testing::signer_of;

std::string code(const Status& status) { return status ? "" : status.error().code; }
template <class T>
std::string code(const Result<T>& result) {
  return result ? "" : result.error().code;
}

// A power plant A and a grid company B.
struct World {
  Ed25519Signer a = signer_of("a");
  Ed25519Signer b = signer_of("b");
  seal::SecretKey a_seal = seal::SecretKey::derive(secret_of("a seal"));
  seal::SecretKey b_seal = seal::SecretKey::derive(secret_of("b seal"));
  ExchangePair pair{kChain, {1, a.public_key(), a_seal.public_key()}, {2, b.public_key(), b_seal.public_key()}};
  Ed25519Verifier verifier;
  Bytes message = {'2', '4', '0', ' ', 'M', 'W', 'h'};

  ExchangeSender send(const char* nonce = "nonce") const {
    return ExchangeSender::start(pair, message, secret_of(nonce), secret_of("seed"), a).value();
  }
  Result<ExchangeReceiver> receive(const ExchangeRequest& request) const {
    return ExchangeReceiver::open(pair, request, b_seal, secret_of("challenge"), secret_of("b seed"), b, verifier);
  }
  Result<ExchangeConfirmation> confirm(const ExchangeSender& sender, const ExchangeResponse& response) const {
    return sender.confirm(response, a_seal, a, verifier);
  }
};

// The formats once more, as docs/formats/private.md writes them: what a liar needs who signs and seals well.
Hash pair_digest(const ExchangePair& pair) {
  Writer w;
  encode(w, pair.chain);
  for (const ExchangeParty* party : {&pair.a, &pair.b}) {
    w.u32(party->id);
    encode(w, party->key);
    encode(w, party->seal_key);
  }
  return tagged_hash("tieline/exchange-pair/1", {w.view()});
}

void sign(const World& w, ExchangeConfirmation& c) {
  const Bytes bytes = encoded(c);
  c.signature = w.a.sign(tagged_hash("tieline/exchange-confirmation/1",
                                     {pair_digest(w.pair).view(), ByteView(bytes).first(bytes.size() - 64)})
                             .view());
}

ExchangeResponse respond(const World& w, const Hash& n_enc, ByteView plain) {
  Writer info;
  info.string("response");
  encode(info, pair_digest(w.pair));
  encode(info, n_enc);
  ExchangeResponse out{n_enc, seal::seal(w.pair.a.seal_key, secret_of("s"), info.view(), {}, plain).value(), {}};
  const Bytes bytes = encoded(out);
  out.signature = w.b.sign(
      tagged_hash("tieline/exchange-response/1", {pair_digest(w.pair).view(), ByteView(bytes).first(bytes.size() - 64)})
          .view());
  return out;
}

TEST(Exchange, AnHonestExchangeEndsInAConfirmationThatTheReceiverAccepts) {
  const World w;
  const ExchangeSender sender = w.send();
  const ExchangeReceiver receiver = w.receive(sender.request()).value();
  EXPECT_EQ(receiver.message(), w.message);
  const ExchangeConfirmation confirmation = w.confirm(sender, receiver.response()).value();
  EXPECT_EQ(code(receiver.accept(confirmation, w.verifier)), "");
  EXPECT_EQ(decoded<ExchangeRequest>(encoded(sender.request()), "request").value(), sender.request());
  EXPECT_EQ(decoded<ExchangeResponse>(encoded(receiver.response()), "response").value(), receiver.response());
  EXPECT_EQ(decoded<ExchangeConfirmation>(encoded(confirmation), "confirmation").value(), confirmation);
}

TEST(Exchange, TheBytesOfItsMessagesArePinned) {
  const World w;
  const ExchangeSender sender = w.send();
  const ExchangeReceiver receiver = w.receive(sender.request()).value();
  const Bytes confirmation = encoded(w.confirm(sender, receiver.response()).value());
  EXPECT_EQ(to_hex(sha256({encoded(sender.request()), encoded(receiver.response()), confirmation})),
            "07c2be8bab9305c01df0b53c007dc3df1cd96d11a0447ae3a3a83f5f572e32dd");
}

TEST(Exchange, EveryChangedBitOfTheRequestIsCaughtInTheEncryptionPhase) {
  const World w;
  const Bytes bytes = encoded(w.send().request());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes bad = bytes;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const auto request = decoded<ExchangeRequest>(bad, "request");
    if (!request) continue;
    const std::string refused = code(w.receive(*request));
    EXPECT_TRUE(refused == "not_addressed" || refused == "does_not_open") << bit << " " << refused;
  }
}

TEST(Exchange, EveryChangedBitOfTheResponseIsCaughtInTheInteractivePhase) {
  const World w;
  const ExchangeSender sender = w.send();
  const Bytes bytes = encoded(w.receive(sender.request())->response());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes bad = bytes;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const auto response = decoded<ExchangeResponse>(bad, "response");
    if (!response) continue;
    const std::string refused = code(w.confirm(sender, *response));
    EXPECT_TRUE(refused == "other_exchange" || refused == "bad_signature") << bit << " " << refused;
  }
}

TEST(Exchange, EveryChangedBitOfTheConfirmationIsCaughtInTheInteractivePhase) {
  const World w;
  const ExchangeSender sender = w.send();
  const ExchangeReceiver receiver = w.receive(sender.request()).value();
  const Bytes bytes = encoded(w.confirm(sender, receiver.response()).value());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes bad = bytes;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const auto confirmation = decoded<ExchangeConfirmation>(bad, "confirmation");
    ASSERT_TRUE(confirmation.ok());
    const std::string refused = code(receiver.accept(*confirmation, w.verifier));
    EXPECT_TRUE(refused == "other_exchange" || refused == "bad_signature") << bit << " " << refused;
  }
}

// The sender itself, or whoever holds its signing key, signs what it changed.
TEST(Exchange, AConfirmationOfAnotherMessageOrAnotherResponseIsCaughtEvenWhenSigned) {
  const World w;
  const ExchangeSender sender = w.send();
  const ExchangeReceiver receiver = w.receive(sender.request()).value();

  World lie;
  lie.message[0] = '9';
  const ExchangeSender other_message = lie.send();
  // The same nonce and seed, another message: another ciphertext, so another exchange.
  EXPECT_EQ(code(w.confirm(other_message, receiver.response())), "other_exchange");
  EXPECT_EQ(code(lie.receive(sender.request())), "");

  // A response that B really made, in another exchange of the same message.
  const ExchangeSender again = w.send("another nonce");
  EXPECT_EQ(code(w.confirm(sender, w.receive(again.request())->response())), "other_exchange");
  const ExchangeConfirmation for_again = w.confirm(again, w.receive(again.request())->response()).value();
  EXPECT_EQ(code(receiver.accept(for_again, w.verifier)), "other_exchange");
}

TEST(Exchange, TheHashChainEndsInTheReceiversOwnChallenge) {
  const World w;
  const ExchangeSender sender = w.send();
  const ExchangeReceiver receiver = w.receive(sender.request()).value();
  // The same request answered twice: a confirmation of the one answer is none of the other.
  const ExchangeReceiver second = ExchangeReceiver::open(w.pair, sender.request(), w.b_seal, secret_of("challenge 2"),
                                                         secret_of("b seed 2"), w.b, w.verifier)
                                      .value();
  const ExchangeConfirmation first = w.confirm(sender, receiver.response()).value();
  EXPECT_EQ(code(receiver.accept(first, w.verifier)), "");
  EXPECT_EQ(code(second.accept(first, w.verifier)), "bad_hash_chain");
}

TEST(Exchange, AResponseThatIsNotBoundToTheNonceIsNotConfirmed) {
  const World w;
  const ExchangeSender sender = w.send();
  const Hash n_enc = w.receive(sender.request())->response().n_enc;
  const Secret challenge = secret_of("challenge");
  const auto answer = [&](const Secret& nonce, std::string_view message) {
    const Hash n_msg = keyed_hash("tieline/exchange-msg/1", nonce, {n_enc.view(), view_of(message)});
    const Hash tag = keyed_hash("tieline/exchange-response-tag/1", nonce, {n_msg.view(), challenge.bytes()});
    Writer plain;
    plain.raw(challenge.bytes());
    encode(plain, tag);
    return code(w.confirm(sender, respond(w, n_enc, plain.view())));
  };
  EXPECT_EQ(answer(secret_of("nonce"), "240 MWh"), "");
  EXPECT_EQ(answer(secret_of("another nonce"), "240 MWh"), "bad_tag") << "B never opened the request";
  EXPECT_EQ(answer(secret_of("nonce"), "940 MWh"), "bad_tag") << "B read another message";
  EXPECT_EQ(code(w.confirm(sender, respond(w, n_enc, {}))), "malformed");
  EXPECT_EQ(code(w.confirm(sender, respond(w, n_enc, Bytes(63)))), "malformed");
}

TEST(Exchange, AMessageThatItsSenderDidNotSignIsCaughtInTheEncryptionPhase) {
  const World w;
  const ExchangeSender forged =
      ExchangeSender::start(w.pair, w.message, secret_of("n"), secret_of("s"), signer_of("stranger")).value();
  EXPECT_EQ(code(w.receive(forged.request())), "bad_signature");
  // Sealed well, but no request inside.
  Writer info;
  info.string("request");
  encode(info, pair_digest(w.pair));
  const seal::Sealed rubbish = seal::seal(w.pair.b.seal_key, secret_of("s"), info.view(), {}, Bytes(99)).value();
  EXPECT_EQ(code(w.receive({1, 2, rubbish})), "malformed");
}

TEST(Exchange, AValidatorSeesThatAConfirmationIsTheSenders) {
  const World w;
  const ExchangeSender sender = w.send();
  ExchangeConfirmation c = w.confirm(sender, w.receive(sender.request())->response()).value();
  EXPECT_TRUE(is_signed(w.pair, c, w.verifier));
  c.from = 3;
  EXPECT_FALSE(is_signed(w.pair, c, w.verifier));
  c.from = 1;
  c.n_hash.bytes[0] ^= 1;
  EXPECT_FALSE(is_signed(w.pair, c, w.verifier));
}

TEST(Exchange, IsBoundToItsPartiesTheirKeysAndTheChain) {
  const World w;
  const ExchangeSender sender = w.send();
  const auto refusal = [&](auto change) {
    World other;
    change(other.pair);
    return code(other.receive(sender.request()));
  };
  EXPECT_EQ(refusal([](ExchangePair&) {}), "");
  EXPECT_EQ(refusal([](ExchangePair& p) { p.chain.bytes[0] ^= 1; }), "does_not_open");
  EXPECT_EQ(refusal([](ExchangePair& p) { p.a.id = 3; }), "not_addressed");
  EXPECT_EQ(refusal([](ExchangePair& p) { p.b.id = 3; }), "not_addressed");
  EXPECT_EQ(refusal([](ExchangePair& p) { p.a.key.bytes[0] ^= 1; }), "does_not_open");
  EXPECT_EQ(refusal([](ExchangePair& p) { p.a.seal_key.bytes[0] ^= 1; }), "does_not_open");
  EXPECT_EQ(refusal([](ExchangePair& p) { p.b.key.bytes[0] ^= 1; }), "does_not_open");
}

TEST(Exchange, TheChainShowsNothingOfAMessageThatCouldBeGuessed) {
  const World w;
  const ExchangeSender one = w.send("nonce 1");
  const ExchangeSender two = w.send("nonce 2");
  const auto first = w.confirm(one, w.receive(one.request())->response()).value();
  const auto second = w.confirm(two, w.receive(two.request())->response()).value();
  EXPECT_NE(first.n_msg, second.n_msg) << "the same message twice";
  // Whoever guesses the message but not the nonce computes another digest.
  const Hash guessed = keyed_hash("tieline/exchange-msg/1", secret_of("guess"), {first.n_enc.view(), w.message});
  EXPECT_NE(guessed, first.n_msg);
  const Hash right = keyed_hash("tieline/exchange-msg/1", secret_of("nonce 1"), {first.n_enc.view(), w.message});
  EXPECT_EQ(right, first.n_msg);
}

// Table 5. The attacker holds A's signing key.
TEST(ExchangeCases, CaseOneWithoutTheReceiversKeyFailsInTheEncryptionPhase) {
  const World w;
  for (int i = 0; i < 50; ++i) {
    ExchangePair guessed = w.pair;
    guessed.b.seal_key = seal::SecretKey::derive(secret_of("guess " + std::to_string(i))).public_key();
    const ExchangeSender forged =
        ExchangeSender::start(guessed, w.message, secret_of("n"), secret_of("s"), w.a).value();
    EXPECT_EQ(code(w.receive(forged.request())), "does_not_open");
  }
}

TEST(ExchangeCases, CaseTwoOpensAndFailsInTheInteractivePhase) {
  const World w;
  for (int i = 0; i < 50; ++i) {
    const std::string n = std::to_string(i);
    const Secret nonce = secret_of("forger's nonce " + n);
    const ExchangeSender forged = ExchangeSender::start(w.pair, w.message, nonce, secret_of(n), w.a).value();
    const Result<ExchangeReceiver> receiver = w.receive(forged.request());
    ASSERT_TRUE(receiver.ok()) << "the encryption phase cannot tell";
    // It can read everything but the challenge, which is sealed to A.
    const auto own_seal = seal::SecretKey::derive(secret_of("forger's seal"));
    EXPECT_EQ(code(forged.confirm(receiver->response(), own_seal, w.a, w.verifier)), "does_not_open");
    // So it signs a confirmation with what it has, and a guess for the rest.
    ExchangeConfirmation guess{1, 2, receiver->response().n_enc, {}, {}, {}};
    guess.n_msg = keyed_hash("tieline/exchange-msg/1", nonce, {guess.n_enc.view(), w.message});
    guess.n_hash = keyed_hash("tieline/exchange-hash/1", nonce, {guess.n_msg.view(), secret_of("guess").bytes()});
    sign(w, guess);
    EXPECT_EQ(code(receiver->accept(guess, w.verifier)), "bad_hash_chain");
    guess.n_msg = {};
    sign(w, guess);
    EXPECT_EQ(code(receiver->accept(guess, w.verifier)), "bad_message_digest");
  }
}

TEST(ExchangeCases, ARequestReplayedLaterIsNotConfirmedByItsOldConfirmation) {
  const World w;
  const ExchangeSender sender = w.send();
  const ExchangeReceiver then = w.receive(sender.request()).value();
  const ExchangeConfirmation old = w.confirm(sender, then.response()).value();
  const ExchangeReceiver now = ExchangeReceiver::open(w.pair, sender.request(), w.b_seal, secret_of("fresh challenge"),
                                                      secret_of("fresh seed"), w.b, w.verifier)
                                   .value();
  EXPECT_EQ(code(now.accept(old, w.verifier)), "bad_hash_chain");
}

TEST(Exchange, BoundsAndUnusableKeysAreRefused) {
  World w;
  w.message.assign(kExchangeMessageMax, 'x');
  EXPECT_EQ(code(w.receive(w.send().request())), "");
  w.message.push_back('x');
  EXPECT_EQ(code(ExchangeSender::start(w.pair, w.message, secret_of("n"), secret_of("s"), w.a)), "oversized");
  w.message.clear();
  EXPECT_EQ(code(w.receive(w.send().request())), "");
  w.pair.b.seal_key = {};
  EXPECT_EQ(code(ExchangeSender::start(w.pair, w.message, secret_of("n"), secret_of("s"), w.a)), "bad_seal_key");
}

TEST(LinkClass, FollowsTrustAndTheConfirmation) {
  EXPECT_EQ(link_class(65'536, true), LinkClass::kSecure);
  EXPECT_EQ(link_class(kSecureTrust, true), LinkClass::kSecure);
  EXPECT_EQ(link_class(kSecureTrust - 1, true), LinkClass::kRisk);
  EXPECT_EQ(link_class(kTruncatedTrust, true), LinkClass::kRisk);
  EXPECT_EQ(link_class(kTruncatedTrust - 1, true), LinkClass::kTruncated);
  EXPECT_EQ(link_class(65'536, false), LinkClass::kTruncated);
  EXPECT_STREQ(link_class_name(link_class(65'536, true)), "secure");
  EXPECT_STREQ(link_class_name(link_class(40'000, true)), "risk");
  EXPECT_STREQ(link_class_name(link_class(0, true)), "truncated");
}

}  // namespace
}  // namespace tieline::energy
