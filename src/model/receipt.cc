#include "model/receipt.h"

#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/verified_cache.h"
#include "model/certificate_batch.h"

namespace tieline {
namespace {

constexpr uint8_t kReceiptVersion = 1;
constexpr size_t kReceiptPathMax = 32;  // more than log2(kBlockTxMax)
constexpr size_t kVoteBytes = 2 + 64;
constexpr size_t kLinkBytesMin = kHeaderBytesMin + 24 + 1 + 4 + 8 + 32 + 1 + 1 + 4;

Error untrusted(std::string why) { return Error{"receipt_untrusted_committee", std::move(why)}; }

// The positions in `trusted` of validators that strictly ascend.
Result<std::vector<size_t>> positions_in(const Committee& trusted, const std::vector<ValidatorId>& signers,
                                         const std::string& which) {
  std::vector<size_t> positions;
  for (size_t i = 0; i < signers.size(); ++i) {
    if (i > 0 && signers[i - 1] >= signers[i]) return untrusted(which + ": votes out of order or twice");
    const std::optional<size_t> position = trusted.position_of(signers[i]);
    if (!position) return untrusted(which + ": validator " + std::to_string(signers[i]) + " is not trusted yet");
    positions.push_back(*position);
  }
  return positions;
}

// Did members of `trusted` that form its quorum sign the link, with the keys that it holds?
Status verify_link_votes(const CommitteeLink& link, const Committee& trusted, const Hash& digest,
                         const std::string& which, const Verifier& verifier) {
  if (link.aggregate.has_value() != (trusted.certificates() == CertificateKind::kBls)) {
    return untrusted(which + " has signatures of another kind than the chain");
  }
  std::vector<ValidatorId> signers = link.signers;
  std::vector<Signature> signatures;
  for (const CommitteeLink::Vote& vote : link.votes) {
    signers.push_back(vote.signer);
    signatures.push_back(vote.signature);
  }
  auto positions = positions_in(trusted, signers, which);
  if (!positions.ok()) return positions.error();
  SignerSet set;
  for (size_t position : *positions) set.insert(position);
  if (!trusted.is_quorum(set)) return untrusted(which + ": too few votes of the committee trusted before");
  if (Status s = verify_signatures(set, signatures, link.aggregate, digest, trusted, verifier); !s.ok()) {
    return untrusted(which + ": " + s.error().why);
  }
  return {};
}

// Does `trusted` vouch, by a quorum under the keys that it holds, for the committee that the link names?
Status verify_link(const CommitteeLink& link, const Committee& trusted, VotePhase phase, const ChainId& chain,
                   const Verifier& verifier) {
  const std::string which = "the link to the committee of epoch " + std::to_string(link.next.epoch());
  if (link.header.chain != chain) return untrusted(which + " is of another chain");
  if (!link.header.ends_epoch() || link.header.is_void) return untrusted(which + " is no last block of an epoch");
  if (link.header.epoch < trusted.epoch()) return untrusted(which + " leads backwards");
  if (link.slot.epoch != link.header.epoch || link.slot.index < 0) {
    return untrusted(which + " was confirmed at a slot of another epoch");
  }
  if (link.next.size() == 0 || link.next.epoch() != link.header.epoch + 1 ||
      link.next.digest() != *link.header.next_committee) {
    return untrusted(which + " names another committee than it brings");
  }
  const Hash digest = vote_digest(phase, chain, link.slot, link.header.height, link.header.digest());
  return verify_link_votes(link, trusted, digest, which, verifier);
}

// With a market keys change and participants are registered later: what no key of genesis signed is then on the word of
// the validators that signed the block, and of nobody else.
Status verify_signatories(const Transaction& tx, const Genesis& genesis, const Verifier& verifier) {
  for (size_t i = 0; i < tx.signatories().size(); ++i) {
    const ParticipantId id = tx.signatories()[i];
    const GenesisParticipant* signatory = nullptr;
    for (const GenesisParticipant& p : genesis.participants) {
      if (p.id == id) signatory = &p;
    }
    const bool good =
        signatory != nullptr && verifier.verify(signatory->key, tx.signed_digest().view(), tx.signatures()[i]);
    if (good || genesis.market) continue;
    if (signatory == nullptr) {
      return Error{"receipt_bad_signature", "signatory " + std::to_string(id) + " is not in genesis"};
    }
    return Error{"receipt_bad_signature", "the signature of " + signatory->name + " does not verify"};
  }
  return {};
}

}  // namespace

void encode(Writer& w, const CommitteeLink::Vote& v) {
  w.u16(v.signer);
  encode(w, v.signature);
}

void decode(Reader& r, CommitteeLink::Vote& v) {
  v.signer = r.u16();
  decode(r, v.signature);
}

void encode(Writer& w, const CommitteeLink& l) {
  encode(w, l.header);
  encode(w, l.slot);
  w.u8(static_cast<uint8_t>(l.aggregate ? CertificateKind::kBls : CertificateKind::kList));
  if (l.aggregate) {
    w.u32(static_cast<uint32_t>(l.signers.size()));
    for (ValidatorId signer : l.signers) w.u16(signer);
    encode(w, *l.aggregate);
  } else {
    encode_list(w, l.votes);
  }
  encode(w, l.next);
}

void decode(Reader& r, CommitteeLink& l) {
  decode(r, l.header);
  decode(r, l.slot);
  l.votes.clear();
  l.signers.clear();
  l.aggregate.reset();
  switch (r.u8()) {
    case static_cast<uint8_t>(CertificateKind::kList):
      decode_list(r, l.votes, kCommitteeMax, kVoteBytes);
      break;
    case static_cast<uint8_t>(CertificateKind::kBls):
      l.signers.resize(r.count(kCommitteeMax, sizeof(ValidatorId)));
      for (ValidatorId& signer : l.signers) signer = r.u16();
      decode(r, l.aggregate.emplace());
      break;
    default:
      return r.fail();
  }
  decode(r, l.next);
}

void encode(Writer& w, const Receipt& r) {
  w.u8(r.version);
  encode(w, r.chain);
  w.bytes(r.transaction);
  w.u32(r.index);
  encode_list(w, r.tx_path);
  encode(w, r.result);
  encode_list(w, r.result_path);
  encode(w, r.header);
  encode(w, r.proof);
  encode_list(w, r.links);
}

void decode(Reader& r, Receipt& receipt) {
  receipt.version = r.u8();
  if (receipt.version != kReceiptVersion) return r.fail();
  decode(r, receipt.chain);
  const ByteView transaction = r.bytes(kTxBytesMax);
  receipt.transaction.assign(transaction.begin(), transaction.end());
  receipt.index = r.u32();
  decode_list(r, receipt.tx_path, kReceiptPathMax, Hash::kSize);
  decode(r, receipt.result);
  decode_list(r, receipt.result_path, kReceiptPathMax, Hash::kSize);
  decode(r, receipt.header);
  decode(r, receipt.proof);
  decode_list(r, receipt.links, kCommitteeLinksMax, kLinkBytesMin);
}

Result<Committee> follow_links(const std::vector<CommitteeLink>& links, Epoch epoch, const Genesis& genesis,
                               const ChainId& chain, const Verifier& verifier) {
  const VotePhase phase = deciding_phase(genesis.consensus.commit_rule());
  Committee trusted = genesis.committee(chain);
  for (const CommitteeLink& link : links) {
    if (Status s = verify_link(link, trusted, phase, chain, verifier); !s.ok()) return s.error();
    trusted = link.next;
  }
  // A link beyond what is asked for would be bytes that prove nothing.
  if (trusted.epoch() != epoch) {
    return untrusted("the links lead to the committee of epoch " + std::to_string(trusted.epoch()) + ", not of " +
                     std::to_string(epoch));
  }
  return trusted;
}

Result<ReceiptFacts> verify_receipt(ByteView bytes, const Genesis& genesis, const Verifier& verifier) {
  if (bytes.size() > kReceiptBytesMax) return Error{"receipt_malformed", "the receipt is larger than any can be"};
  auto decoding = decoded<Receipt>(bytes, "receipt");
  if (!decoding.ok()) return Error{"receipt_malformed", decoding.error().why};
  const Receipt& receipt = *decoding;
  // The decoder accepts one spelling only; if it ever took a second, this is where it would show.
  const Bytes again = encoded(receipt);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) {
    return Error{"receipt_malformed", "the receipt is not in its canonical encoding"};
  }

  const ChainId chain = genesis.chain_id();
  if (receipt.chain != chain || receipt.header.chain != chain) {
    return Error{"receipt_wrong_chain", "the receipt is of another chain than this genesis file"};
  }
  auto parsing = Transaction::parse(Blob::copy_of(receipt.transaction));
  if (!parsing.ok()) return Error{"receipt_malformed", parsing.error().why};
  const Transaction& tx = **parsing;
  if (tx.chain() != chain) return Error{"receipt_wrong_chain", "the transaction was signed for another chain"};
  if (receipt.result.id != tx.id()) return Error{"receipt_bad_result", "the result is of another transaction"};

  const Header& header = receipt.header;
  if (header.is_void) return Error{"receipt_bad_path", "a void block holds no transactions"};
  if (!merkle_verify(header.tx_root, merkle_leaf(tx.id().view()), receipt.index, header.tx_count, receipt.tx_path)) {
    return Error{"receipt_bad_path", "the transaction is not at this place of the block"};
  }
  if (!merkle_verify(header.result_root, merkle_leaf(encoded(receipt.result)), receipt.index, header.tx_count,
                     receipt.result_path)) {
    return Error{"receipt_bad_result", "the result is not at this place of the block"};
  }

  // All certificates in it together, then each by itself, with the answers at hand.
  const VerifiedCache remembered(verifier);
  const Committee first = genesis.committee(chain);
  CertificateBatch batch(chain, genesis.consensus.commit_rule());
  const Committee* trusted = &first;
  for (const CommitteeLink& link : receipt.links) {
    batch.add(link, *trusted);
    trusted = &link.next;
  }
  batch.add(receipt.proof, *trusted);
  batch.ask(remembered);

  auto committee = follow_links(receipt.links, header.epoch, genesis, chain, remembered);
  if (!committee.ok()) return committee.error();
  const Hash block = header.digest();
  if (receipt.proof.path.empty() && receipt.proof.certificate.height != header.height) {
    return Error{"commit_bad_path", "the certificate gives the block another height than its header"};
  }
  if (Status s = verify_commit(receipt.proof, block, genesis.consensus.commit_rule(), chain, *committee, remembered);
      !s.ok()) {
    return s.error();
  }
  if (Status s = verify_signatories(tx, genesis, verifier); !s.ok()) return s.error();

  ReceiptFacts facts;
  facts.txid = tx.id();
  facts.height = header.height;
  facts.time_ms = header.time_ms;
  facts.result_code = receipt.result.code;
  for (size_t position : receipt.proof.certificate.signers.positions()) {
    facts.signers.push_back(committee->at(position).id);
  }
  const bool fast = genesis.consensus.commit_rule() == CommitRule::kFastOrTwoChain && !receipt.proof.second;
  facts.quorum = fast ? committee->count().fast() : committee->count().quorum();
  facts.committee = committee->size();
  return facts;
}

}  // namespace tieline
