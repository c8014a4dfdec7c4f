// tieline seal, open: what only named receivers may read. The sealed exchange of two participants (energy/exchange.h)
// in its four steps, and the readings of a private metering point (energy/private_reading.h).

#include <CLI/CLI.hpp>

#include "api/market_json.h"
#include "api/views.h"
#include "cli/commands.h"
#include "cli/private_readings.h"
#include "cli/rfc3339.h"
#include "cli/send_transaction.h"
#include "energy/exchange.h"

namespace tieline::cli {
namespace {

struct Options {
  SendOptions send;  // net, as, json
  std::string file, to, out, keep, meter, start, end;
  std::vector<std::string> receivers;
  uint64_t bucket_w = 0;
  uint8_t version = 0;
  bool record = false;
};

Error usage(std::string why) { return {"usage", std::move(why)}; }

energy::ExchangeParty party_of(const ParticipantCard& card, ParticipantId id) { return {id, card.key, card.seal_key}; }

// `name`'s registered keys, from its card.
Result<energy::ExchangeParty> party(const std::string& net, const std::string& name, const Genesis& genesis) {
  auto card = load_card(net, name, genesis);
  if (!card) return card.error();
  auto id = api::participant_from_name(genesis, name);
  if (!id) return id.error();
  return party_of(*card, *id);
}

Result<std::string> name_of(const Genesis& genesis, ParticipantId id) {
  if (id >= 1 && id <= genesis.participants.size()) return genesis.participants[id - 1].name;
  return Error{"participant_unknown", "genesis registers no participant " + std::to_string(id)};
}

// What one side keeps of an exchange until its next step: with it the step before is made again, bit by bit.
struct Kept {
  std::string peer;
  Secret first, second;  // nonce and seed, or challenge and seed
  Bytes bytes;           // the message, or the request
};
Status keep(const std::string& file, const Kept& kept) {
  return write_secret(file, dump({{"peer", kept.peer},
                                  {"first", to_hex(ByteView(kept.first.bytes()))},
                                  {"second", to_hex(ByteView(kept.second.bytes()))},
                                  {"bytes", to_hex(kept.bytes)}}) +
                                "\n");
}
Result<Kept> kept_in(const std::string& file) {
  auto json = read_json_file(file);
  if (!json) return json.error();
  auto first = hex_field<32, HashTag>(*json, "first");
  if (!first) return first.error();
  auto second = hex_field<32, HashTag>(*json, "second");
  if (!second) return second.error();
  const auto bytes = from_hex(json->value("bytes", "-"));
  if (!bytes) return Error{"file_invalid", file + ": bytes must be hexadecimal digits"};
  return Kept{json->value("peer", ""), Secret(first->bytes), Secret(second->bytes), *bytes};
}

// An exchange fails for what the other side sent: that is a no, told with the phase in which it was caught.
int refused(const Error& error, const char* phase, bool json) {
  print_line(std::string("REFUSED in the ") + phase + ": " + error.code + ": " + error.why);
  if (json) print_json({{"valid", false}, {"phase", phase}, {"code", error.code}, {"why", error.why}});
  return kExitNo;
}
constexpr const char* kEncryption = "encryption phase";
constexpr const char* kInteractive = "interactive verification";

struct Us {
  std::unique_ptr<const Genesis> held;
  const Genesis& genesis;  // keys point into it
  ParticipantKeys keys;
  energy::ExchangeParty self;
};
Result<std::unique_ptr<Us>> us(const Options& o) {
  auto genesis = genesis_of_net(o.send.net);
  if (!genesis) return genesis.error();
  auto held = std::make_unique<const Genesis>(std::move(*genesis));
  auto keys = load_participant_keys(o.send.net, o.send.as, *held);
  if (!keys) return keys.error();
  const energy::ExchangeParty self{keys->participant->id, keys->signer->public_key(), keys->seal_key.public_key()};
  const Genesis& stays = *held;
  return std::unique_ptr<Us>(new Us{std::move(held), stays, std::move(*keys), self});
}

int seal_message(const Options& o) {
  auto we = us(o);
  if (!we) return fail(we.error(), o.send.json);
  auto message = read_input(o.file, energy::kExchangeMessageMax);
  if (!message) return fail(message.error(), o.send.json);
  auto peer = party(o.send.net, o.to, (*we)->genesis);
  if (!peer) return fail(peer.error(), o.send.json);
  const Kept kept{o.to, Secret::generate(), Secret::generate(), Bytes(message->begin(), message->end())};
  auto sender = energy::ExchangeSender::start({(*we)->genesis.chain_id(), (*we)->self, *peer}, kept.bytes, kept.first,
                                              kept.second, *(*we)->keys.signer);
  if (!sender) return fail(sender.error(), o.send.json);
  if (auto s = keep(o.keep, kept); !s) return fail(s.error(), o.send.json);
  const Bytes request = encoded(sender->request());
  if (auto s = write_text(o.out, to_hex(request) + "\n"); !s) return fail(s.error(), o.send.json);
  print_line("sealed to " + o.to + ": " + o.out + "; keep " + o.keep + " secret until it is confirmed");
  if (o.send.json) print_json({{"file", o.out}, {"to", o.to}, {"bytes", request.size()}});
  return kExitDone;
}

// B's side made from the request and what it drew; the same each time.
Result<energy::ExchangeReceiver> received(const Us& we, const energy::ExchangePair& pair, const Kept& kept) {
  auto request = decoded<energy::ExchangeRequest>(kept.bytes, "request");
  if (!request) return request.error();
  return energy::ExchangeReceiver::open(pair, *request, we.keys.seal_key, kept.first, kept.second, *we.keys.signer,
                                        Ed25519Verifier());
}

int open_message(const Options& o) {
  auto we = us(o);
  if (!we) return fail(we.error(), o.send.json);
  auto bytes = read_hex_file(o.file);
  if (!bytes) return fail(bytes.error(), o.send.json);
  auto request = decoded<energy::ExchangeRequest>(*bytes, "request");
  if (!request) return refused(request.error(), kEncryption, o.send.json);
  auto from = name_of((*we)->genesis, request->from);
  if (!from) return fail(from.error(), o.send.json);
  auto peer = party(o.send.net, *from, (*we)->genesis);
  if (!peer) return fail(peer.error(), o.send.json);
  const Kept kept{*from, Secret::generate(), Secret::generate(), *bytes};
  auto receiver = received(**we, {(*we)->genesis.chain_id(), *peer, (*we)->self}, kept);
  if (!receiver) return refused(receiver.error(), kEncryption, o.send.json);
  if (auto s = keep(o.keep, kept); !s) return fail(s.error(), o.send.json);
  if (auto s = write_text(o.out, to_hex(encoded(receiver->response())) + "\n"); !s) return fail(s.error(), o.send.json);
  print_line("from " + *from + ", " + grouped(receiver->message().size()) + " bytes; the answer is in " + o.out +
             ". Nothing is shown before " + *from + " confirms.");
  if (o.send.json)
    print_json({{"valid", true}, {"from", *from}, {"bytes", receiver->message().size()}, {"file", o.out}});
  return kExitDone;
}

int seal_confirm(const Options& o) {
  auto we = us(o);
  if (!we) return fail(we.error(), o.send.json);
  auto kept = kept_in(o.keep);
  if (!kept) return fail(kept.error(), o.send.json);
  auto bytes = read_hex_file(o.file);
  if (!bytes) return fail(bytes.error(), o.send.json);
  auto response = decoded<energy::ExchangeResponse>(*bytes, "response");
  if (!response) return refused(response.error(), kInteractive, o.send.json);
  auto peer = party(o.send.net, kept->peer, (*we)->genesis);
  if (!peer) return fail(peer.error(), o.send.json);
  auto sender = energy::ExchangeSender::start({(*we)->genesis.chain_id(), (*we)->self, *peer}, kept->bytes, kept->first,
                                              kept->second, *(*we)->keys.signer);
  if (!sender) return fail(sender.error(), o.send.json);
  auto confirmation = sender->confirm(*response, (*we)->keys.seal_key, *(*we)->keys.signer, Ed25519Verifier());
  if (!confirmation) return refused(confirmation.error(), kInteractive, o.send.json);
  const Bytes confirmed = encoded(*confirmation);
  if (auto s = write_text(o.out, to_hex(confirmed) + "\n"); !s) return fail(s.error(), o.send.json);
  print_line("confirmed: " + o.out);
  if (!o.record) {
    if (o.send.json) print_json({{"valid", true}, {"to", kept->peer}, {"file", o.out}});
    return kExitDone;
  }
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), o.send.json);
  Submission submission;
  submission.actions.push_back({ActionType::kData, confirmed});
  return (*sending)->sign_and_send(std::move(submission));
}

int open_confirmation(const Options& o) {
  auto we = us(o);
  if (!we) return fail(we.error(), o.send.json);
  auto kept = kept_in(o.keep);
  if (!kept) return fail(kept.error(), o.send.json);
  auto bytes = read_hex_file(o.file);
  if (!bytes) return fail(bytes.error(), o.send.json);
  auto confirmation = decoded<energy::ExchangeConfirmation>(*bytes, "confirmation");
  if (!confirmation) return refused(confirmation.error(), kInteractive, o.send.json);
  auto peer = party(o.send.net, kept->peer, (*we)->genesis);
  if (!peer) return fail(peer.error(), o.send.json);
  auto receiver = received(**we, {(*we)->genesis.chain_id(), *peer, (*we)->self}, *kept);
  if (!receiver) return refused(receiver.error(), kEncryption, o.send.json);
  if (auto s = receiver->accept(*confirmation, Ed25519Verifier()); !s)
    return refused(s.error(), kInteractive, o.send.json);
  const std::string message(receiver->message().begin(), receiver->message().end());
  print_line("from " + kept->peer + ", confirmed:");
  print_line(message);
  if (o.send.json) print_json({{"valid", true}, {"from", kept->peer}, {"message", message}});
  return kExitDone;
}

int seal_meter(const Options& o) {
  auto start = parse_rfc3339(o.start);
  auto end = parse_rfc3339(o.end);
  if (!start || !end || *end <= *start) return fail(usage("--start and --end must be times, one after the other"));
  const Secret secret = Secret::generate();
  const Json json = {{"secret", to_hex(ByteView(secret.bytes()))},
                     {"bucket_w", o.bucket_w},
                     {"start", rfc3339_utc(*start)},
                     {"end", rfc3339_utc(*end)}};
  if (auto s = write_secret(o.out, dump(json) + "\n"); !s) return fail(s.error(), o.send.json);
  auto genesis = genesis_of_net(o.send.net);
  if (!genesis) return fail(genesis.error(), o.send.json);
  const MeterFile meter{secret, o.bucket_w, {*start, *end}};
  const std::string pseudonym = to_hex(meter.pseudonym(genesis->chain_id()).public_key());
  print_line("a private point's secret is in " + o.out + "; its pseudonym of this period is " + pseudonym);
  if (o.send.json) print_json({{"file", o.out}, {"pseudonym", pseudonym}});
  return kExitDone;
}

int seal_readings(const Options& o) {
  auto genesis = genesis_of_net(o.send.net);
  if (!genesis) return fail(genesis.error(), o.send.json);
  auto meter = read_meter(o.meter);
  if (!meter) return fail(meter.error(), o.send.json);
  auto measured = read_measured(o.file, o.version);
  if (!measured) return fail(measured.error(), o.send.json);
  std::vector<energy::Receiver> receivers;
  for (const std::string& name : o.receivers) {
    auto one = party(o.send.net, name, *genesis);
    if (!one) return fail(one.error(), o.send.json);
    receivers.push_back({one->id, one->seal_key});
  }
  std::sort(receivers.begin(), receivers.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  auto records = make_records(genesis->chain_id(), *meter, *measured, receivers);
  if (!records) return fail(records.error(), o.send.json);
  if (auto s = write_text(o.out, dump(records_json(*records)) + "\n"); !s) return fail(s.error(), o.send.json);
  print_line(grouped(measured->size()) + " readings sealed in " + grouped(records->records.size()) +
             " records: " + o.out);
  if (o.send.json) print_json({{"file", o.out}, {"readings", measured->size()}, {"records", records->records.size()}});
  return kExitDone;
}

int open_readings(const Options& o) {
  auto we = us(o);
  if (!we) return fail(we.error(), o.send.json);
  const ChainId chain = (*we)->genesis.chain_id();
  auto records = read_records(o.file, chain);
  if (!records) return fail(records.error(), o.send.json);
  Json list = Json::array();
  size_t bad = 0;
  for (const energy::PrivateRecord& record : records->records) {
    for (const energy::PrivateReading& reading : record.readings) {
      auto opened = energy::open_payload(chain, record.pseudonym, reading, (*we)->self.id, (*we)->keys.seal_key,
                                         Ed25519Verifier());
      if (!opened) return fail(opened.error(), o.send.json);
      const bool good = opened->verdict == energy::PayloadVerdict::kGood;
      bad += good ? 0 : 1;
      const char* verdict = good                                                 ? "good"
                            : opened->verdict == energy::PayloadVerdict::kForged ? "forged"
                                                                                 : "does_not_open";
      list.push_back({{"start", rfc3339_utc(reading.start_s)},
                      {"obis", api::obis_text(reading.obis)},
                      {"wh", good ? Json(opened->payload.wh) : Json(nullptr)},
                      {"verdict", verdict}});
      if (!o.send.json)
        print_line(list.back()["start"].get<std::string>() + "  " + dump(list.back()["wh"]) + "  " + verdict);
    }
  }
  print_line(grouped(list.size()) + " readings opened, " + grouped(bad) + " of them not good");
  if (o.send.json) print_json({{"readings", list}, {"bad", bad}});
  return bad == 0 ? kExitDone : kExitNo;
}

using Action = int (*)(const Options&);
CLI::App* add(CLI::App& group, const char* name, const char* help, const char* example,
              const std::shared_ptr<Options>& o, Action action, int& exit_status) {
  CLI::App* command = group.add_subcommand(name, help);
  add_net(*command, o->send.net);
  command->add_flag("--json", o->send.json, "one JSON object on the last line");
  command->footer(std::string("Example:\n  tieline ") + example);
  command->callback([o, action, &exit_status] { exit_status = action(*o); });
  return command;
}
void add_as(CLI::App& command, Options& o) {
  command.add_option("--as", o.send.as, "whose keys, from NET/participants")->type_name("NAME")->required();
}
void add_out(CLI::App& command, Options& o) { command.add_option("-o,--out", o.out, "written there")->required(); }
void add_keep(CLI::App& command, Options& o, const char* help) {
  command.add_option("--keep", o.keep, help)->type_name("SECRET")->required();
}

}  // namespace

void add_seal(CLI::App& root, int& exit_status) {
  CLI::App* seal = root.add_subcommand("seal", "write what only named receivers can read");
  seal->require_subcommand(1);
  seal->footer(
      "A message, in four steps:\n"
      "  tieline seal message offer.txt --to northwire --as sunfield --net NET -o 1.request --keep a.secret\n"
      "  tieline open message 1.request --as northwire --net NET -o 2.response --keep b.secret\n"
      "  tieline seal confirm 2.response --as sunfield --net NET -o 3.confirmation --keep a.secret --record\n"
      "  tieline open confirmation 3.confirmation --as northwire --net NET --keep b.secret\n"
      "Example:\n  tieline seal meter --bucket-w 11000 --start 2026-11-01T00:00:00Z --end 2026-12-01T00:00:00Z --net "
      "NET "
      "-o home.meter");
  auto o = std::make_shared<Options>();
  CLI::App* c = add(*seal, "message", "step 1 of 4: a message to one participant",
                    "seal message offer.txt --to northwire --as sunfield --net NET -o 1.request --keep a.secret", o,
                    seal_message, exit_status);
  c->add_option("FILE", o->file, "the message; - reads standard input")->required();
  add_as(*c, *o);
  c->add_option("--to", o->to, "who can open it")->required();
  add_out(*c, *o);
  add_keep(*c, *o, "what is needed to confirm is written there: a secret");

  o = std::make_shared<Options>();
  c = add(*seal, "confirm", "step 3 of 4: answer the receiver's challenge",
          "seal confirm 2.response --as sunfield --net NET -o 3.confirmation --keep a.secret --record", o, seal_confirm,
          exit_status);
  c->add_option("FILE", o->file, "the response")->required();
  add_as(*c, *o);
  add_out(*c, *o);
  add_keep(*c, *o, "of step 1");
  c->add_flag("--record", o->record, "record the confirmation on the ledger");

  o = std::make_shared<Options>();
  c = add(*seal, "meter", "make a private metering point's secret, for one billing period",
          "seal meter --bucket-w 11000 --start 2026-11-01T00:00:00Z --end 2026-12-01T00:00:00Z --net NET -o home.meter",
          o, seal_meter, exit_status);
  c->add_option("--bucket-w", o->bucket_w, "its capacity bucket in W")->required();
  c->add_option("--start", o->start, "of the period, RFC 3339")->required();
  c->add_option("--end", o->end, "of the period, not included")->required();
  add_out(*c, *o);

  o = std::make_shared<Options>();
  c = add(*seal, "readings", "a private point's readings, committed, proved to be in range, sealed to receivers",
          "seal readings home.csv --meter home.meter --to cityline,bakery --net NET -o home.records", o, seal_readings,
          exit_status);
  c->add_option("FILE", o->file, "the readings in CSV")->required();
  c->add_option("--meter", o->meter, "the point's secret file")->required();
  c->add_option("--to", o->receivers, "who may open them")->delimiter(',')->required();
  c->add_option("--correction", o->version, "the number of the correction; 0: the first values")
      ->check(CLI::Range(0, static_cast<int>(energy::kPrivateVersionMax)));
  add_out(*c, *o);
}

void add_open(CLI::App& root, int& exit_status) {
  CLI::App* open = root.add_subcommand("open", "read what was sealed to you");
  open->require_subcommand(1);
  open->footer(
      "Example:\n  tieline open readings home.records --as cityline --net NET\nSee also `tieline seal --help`.");
  auto o = std::make_shared<Options>();
  CLI::App* c = add(*open, "message", "step 2 of 4: open a sealed message and answer it",
                    "open message 1.request --as northwire --net NET -o 2.response --keep b.secret", o, open_message,
                    exit_status);
  c->add_option("FILE", o->file, "the request")->required();
  add_as(*c, *o);
  add_out(*c, *o);
  add_keep(*c, *o, "what is needed to check the confirmation is written there: a secret");

  o = std::make_shared<Options>();
  c = add(*open, "confirmation", "step 4 of 4: check the confirmation and show the message",
          "open confirmation 3.confirmation --as northwire --net NET --keep b.secret", o, open_confirmation,
          exit_status);
  c->add_option("FILE", o->file, "the confirmation")->required();
  add_as(*c, *o);
  add_keep(*c, *o, "of step 2");

  o = std::make_shared<Options>();
  c = add(*open, "readings", "a private point's readings that are sealed to you",
          "open readings home.records --as cityline --net NET --json", o, open_readings, exit_status);
  c->add_option("FILE", o->file, "its records")->required();
  add_as(*c, *o);
}

}  // namespace tieline::cli
