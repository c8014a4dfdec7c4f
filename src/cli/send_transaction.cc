#include "cli/send_transaction.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "api/market_json.h"
#include "crypto/hash.h"
#include "ledger/codes.h"
#include "node/key_file.h"

namespace tieline::cli {
namespace {

std::string shown(const Json& value) { return value.is_string() ? value.get<std::string>() : dump(value); }

void print_more(const Json& more) {
  for (const auto& item : more.items()) {
    std::string name = item.key();
    name.resize(std::max<size_t>(name.size() + 1, 11), ' ');
    print_line(name + shown(item.value()));
  }
}

}  // namespace

void add_send_options(CLI::App& command, SendOptions& options) {
  add_net(command, options.net);
  command.add_option("--as", options.as, "the participant who signs, with NET/participants/NAME.key")
      ->type_name("NAME");
  command
      .add_option("--key", options.key,
                  "the file with the key that signs for --as, once another is in force than NET/participants/NAME.key")
      ->type_name("FILE");
  command.add_option("--with", options.with, "who signs besides, with keys in the same folder")
      ->type_name("NAME,...")
      ->delimiter(',');
  command.add_flag("--dry-run", options.dry_run, "ask a validator which rule would refuse it, and record nothing");
  command.add_option("--sign-only", options.sign_only, "write the signed bytes there and send nothing")
      ->type_name("OUT");
  command.add_option("--receipt", options.receipt, "keep the receipt there")->type_name("OUT");
  command.add_flag("--json", options.json, "one JSON object on the last line");
}

Result<std::unique_ptr<Sending>> Sending::open(const SendOptions& options) {
  auto genesis = genesis_of_net(options.net);
  if (!genesis) return genesis.error();
  std::unique_ptr<Sending> out(new Sending(options, std::move(*genesis)));
  auto client = api::NetworkClient::open(out->genesis_);
  if (!client) return client.error();
  out->client_ = std::move(*client);
  out->network_ = import_network(*out->client_, out->genesis_, out->verifier_);
  if (!options.as.empty()) {
    auto signer = query_signer_of(*out->client_, out->genesis_, options.net, options.as, options.key);
    if (!signer) return signer.error();
    out->client_->sign_queries(std::move(*signer));
  }
  return out;
}

Result<Json> Sending::get(const std::string& target) {
  auto reply = client_->get(target);
  if (!reply) return reply.error();
  return parse_json(reply->body, target);
}

Result<GenesisParticipant> Sending::participant(const std::string& name) {
  return find_participant(*client_, genesis_, name);
}

Result<MeterTable> Sending::meters() {
  MeterTable table = meters_of(genesis_);
  auto who = participant(options_.as);
  if (!who) return who.error();
  if (who->id <= genesis_.participants.size()) return table;
  auto record = get("/v1/participants/" + std::to_string(who->id));
  if (!record) return record.error();
  auto next = record->value("first_meter", MeterId{0});
  for (const Json& meter : record->value("meters", Json::array())) {
    if (!meter.is_string()) return Error{"json_malformed", "a metering point's name is no text"};
    table[meter.get<std::string>()] = {next++, who->id};
  }
  return table;
}

Result<ParticipantKeys> Sending::keys_of(const std::string& name, const std::string& key) {
  const auto& known = genesis_.participants;
  if (key.empty() && std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.name == name; }))
    return load_participant_keys(options_.net, name, genesis_);
  auto who = participant(name);
  if (!who) return who.error();
  const GenesisParticipant& one = later_[name] = std::move(*who);
  auto keys = participant_keys_of(options_.net, one);
  if (!keys || key.empty()) return keys;
  auto file = node::read_key_file(key, node::KeyKind::kEd25519);
  if (!file) return file.error();
  keys->signer = std::make_unique<Ed25519Signer>(ed25519::SecretKey::from_seed(file->bytes));
  return keys;
}

// The terms an endorsement is about: the action's own, or those that stand in the trade it names.
Status Sending::endorse(energy::MarketAction& action, const ParticipantKeys& who, uint64_t sequence, uint32_t place) {
  const ChainId chain = genesis_.chain_id();
  const auto sign = [&](const energy::TradeId& trade, uint32_t round, const energy::TradeTerms& terms) {
    return who.bls_key.sign(energy::endorsement_message(chain, trade, round, terms).view());
  };
  if (auto* offer = std::get_if<energy::Offer>(&action)) {
    const energy::TradeId trade = energy::trade_id(chain, who.participant->id, sequence, place);
    made_["trade"] = to_hex(trade);
    if (offer->endorsement.is_zero()) offer->endorsement = sign(trade, 1, offer->terms);
  } else if (auto* counter = std::get_if<energy::Counter>(&action)) {
    made_["trade"] = to_hex(counter->trade);
    if (counter->endorsement.is_zero()) counter->endorsement = sign(counter->trade, counter->round, counter->terms);
  } else if (auto* endorsed = std::get_if<energy::Endorse>(&action)) {
    made_["trade"] = to_hex(endorsed->trade);
    if (!endorsed->endorsement.is_zero()) return {};
    auto trade = get("/v1/trades/" + to_hex(endorsed->trade));
    if (!trade) return trade.error();
    if (!trade->contains("terms")) return Error{"json_malformed", "a trade without terms"};
    auto terms = api::terms_from_json(genesis_, (*trade)["terms"], "the trade's terms");
    if (!terms) return terms.error();
    endorsed->endorsement = sign(endorsed->trade, endorsed->round, *terms);
  } else if (std::holds_alternative<energy::Propose>(action)) {
    made_["proposal"] = to_hex(energy::proposal_id(chain, who.participant->id, sequence, place));
  }
  return {};
}

Result<Bytes> Sending::sign(Submission submission) {
  std::vector<ParticipantKeys> keys;
  std::vector<std::string> names = options_.with;
  names.insert(names.begin(), options_.as);
  for (const std::string& name : names) {
    auto one = keys_of(name, keys.empty() ? options_.key : std::string());
    if (!one) return one.error();
    keys.push_back(std::move(*one));
  }
  // A transaction's signatories ascend, and the first of them is who acts.
  for (size_t i = 1; i < keys.size(); ++i) {
    if (keys[i].participant->id < keys[0].participant->id)
      return Error{"usage", "'" + names[i] + "' stands before '" + names[0] +
                                "' in genesis, so it must be the one that acts: --as " + names[i]};
  }
  std::sort(keys.begin(), keys.end(),
            [](const auto& a, const auto& b) { return a.participant->id < b.participant->id; });
  TransactionDraft draft;
  draft.chain = genesis_.chain_id();
  std::vector<const Signer*> signers;
  for (const ParticipantKeys& one : keys) {
    if (!draft.signatories.empty() && draft.signatories.back() == one.participant->id)
      return Error{"usage", "'" + one.participant->name + "' is named twice among those who sign"};
    draft.signatories.push_back(one.participant->id);
    signers.push_back(one.signer.get());
  }
  draft.timestamp_ms = submission.timestamp_ms.value_or(network_->now_ms());
  if (submission.sequence) {
    draft.sequence = *submission.sequence;
  } else {
    auto record = get("/v1/participants/" + std::to_string(draft.signatories.front()));
    if (!record) return record.error();
    draft.sequence = record->value("sequence", uint64_t{0}) + 1;
  }
  if (submission.expiry_height) {
    draft.expiry_height = *submission.expiry_height;
  } else {
    auto height = network_->height();
    if (!height) return height.error();
    draft.expiry_height = *height + kImportLifetime;
  }
  draft.actions = std::move(submission.actions);
  for (energy::MarketAction& action : submission.market) {
    const auto place = static_cast<uint32_t>(draft.actions.size());
    if (auto status = endorse(action, keys.front(), draft.sequence, place); !status) return status.error();
    draft.actions.push_back({energy::type_of(action), energy::encode_market_action(action)});
  }
  return build_transaction(draft, signers);
}

int Sending::dry_run(const Bytes& bytes, const Json& more) {
  Error last{"no_validator", "genesis names no validator"};
  for (const GenesisValidator& validator : genesis_.validators) {
    auto reply = client_->client(validator.id)->post("/v1/dry-run", "application/octet-stream", bytes);
    if (!reply) {
      last = reply.error();
      if (exit_of(last) == kExitUnreachable) continue;
      return fail(last, options_.json);
    }
    auto verdict = parse_json(reply->body, "/v1/dry-run");
    if (!verdict) return fail(verdict.error(), options_.json);
    const bool accepted = verdict->value("accepted", false);
    if (accepted) {
      print_line("WOULD BE ACCEPTED at height " + shown((*verdict)["height"]));
    } else {
      print_line("WOULD BE REFUSED: " + verdict->value("code", "") + ": " + verdict->value("why", ""));
    }
    print_more(more);
    Json out = {{"dry_run", true}};
    out.update(*verdict);
    out.update(more);
    if (options_.json) print_json(out);
    return accepted ? kExitDone : kExitNo;
  }
  return fail(last, options_.json);
}

int Sending::send(Bytes bytes, const Json& more) {
  const TxId id = sha256(bytes);
  if (options_.dry_run) return dry_run(bytes, more);
  if (!options_.sign_only.empty()) {
    if (auto status = write_file(options_.sign_only, bytes); !status) return fail(status.error(), options_.json);
    print_line("Signed, not sent: " + options_.sign_only + ", transaction " + to_hex(id));
    Json out = {{"txid", to_hex(id)}, {"file", options_.sign_only}, {"bytes", bytes.size()}};
    out.update(more);
    if (options_.json) print_json(out);
    return kExitDone;
  }
  auto before = network_->find(id);
  if (!before) return fail(before.error(), options_.json);
  auto outcomes = network_->submit({Blob(std::move(bytes))});
  if (!outcomes) return fail(outcomes.error(), options_.json);
  const ImportOutcome& outcome = outcomes->front();
  const bool accepted = outcome.committed && outcome.code == number(TxCode::ok);
  const bool again = outcome.committed && before->has_value();
  if (again) {
    print_line("ALREADY RECORDED in block " + std::to_string(outcome.height) +
               ": the same bytes count once, however often they are sent.");
  } else if (accepted) {
    print_line("ACCEPTED in block " + std::to_string(outcome.height) + ": transaction " + to_hex(outcome.id));
  } else {
    print_line(std::string("REFUSED: ") + code_name(outcome.code) + ": " + code_reason(outcome.code) +
               (outcome.committed ? " (recorded as refused in block " + std::to_string(outcome.height) + ")" : ""));
  }
  print_more(more);
  if (accepted && !options_.receipt.empty()) {
    auto receipt = network_->verified_receipt(outcome.id);
    if (!receipt) return fail(receipt.error(), options_.json);
    if (auto status = write_file(options_.receipt, *receipt); !status) return fail(status.error(), options_.json);
    print_line("receipt    " + options_.receipt + " (verified)");
  }
  if (options_.json) {
    Json out = {{"txid", to_hex(outcome.id)},
                {"accepted", accepted},
                {"committed", outcome.committed},
                {"already", again},
                {"code", code_name(outcome.code)},
                {"why", code_reason(outcome.code)},
                {"height", outcome.committed ? Json(outcome.height) : Json(nullptr)}};
    out.update(more);
    print_json(out);
  }
  return accepted ? kExitDone : kExitNo;
}

int Sending::sign_and_send(Submission submission, const Json& more) {
  made_.update(more);
  auto bytes = sign(std::move(submission));
  if (!bytes) return fail(bytes.error(), options_.json);
  return send(std::move(*bytes), made_);
}

}  // namespace tieline::cli
