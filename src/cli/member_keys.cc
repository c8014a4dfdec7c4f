#include "cli/member_keys.h"

#include <CLI/CLI.hpp>

#include "api/market_json.h"
#include "cli/rfc3339.h"
#include "model/names.h"
#include "node/key_file.h"

namespace tieline::cli {
namespace {

constexpr int64_t kMsPerSecond = 1'000;

Result<std::unique_ptr<Ed25519Signer>> new_key(const std::filesystem::path& file) {
  ed25519::Seed seed{};
  auto signer = std::make_unique<Ed25519Signer>(ed25519::SecretKey::generate(seed));
  const Status written = node::write_key_file(file, node::KeyKind::kEd25519, seed);
  ::explicit_bzero(seed.data(), seed.size());
  if (!written) return written.error();
  return signer;
}

std::string taken(Json& action, const char* field) {
  const std::string text = action.value(field, "");
  action.erase(field);
  return text;
}

// In milliseconds; now, if nothing is said.
Result<int64_t> doubtful_from(const std::string& text) {
  if (text.empty()) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  auto seconds = parse_rfc3339(text);
  if (!seconds) return seconds.error();
  return *seconds * kMsPerSecond;
}

Status keep(const std::string& out, const Json& json) {
  if (out.empty()) return {};
  const std::string text = json.dump(2) + "\n";
  return write_file(out, view_of(text));
}

int told(const std::string& out, const Json& request, const std::string& next, bool json) {
  if (auto kept = keep(out, request); !kept) return fail(kept.error(), json);
  if (!out.empty()) print_line(out + " says it; " + next);
  if (out.empty() && !json) print_line(request.dump(2));
  if (json) print_json(request);
  return kExitDone;
}

struct NewMember {
  std::string net, name, role, out;
  uint16_t org = 0;
  uint64_t capacity_w = 0;
  uint32_t loss_ppm = 0;
  std::vector<std::string> meters;
  bool json = false;
};

int make_member(const NewMember& o) {
  if (!is_participant_name(o.name))
    return fail(Error{"usage", "a name is 1 to 63 of a-z 0-9 . _ -, the first a letter or digit"}, o.json);
  if (!role_from_name(o.role)) return fail(Error{"usage", "there is no role '" + o.role + "'"}, o.json);
  const auto file = std::filesystem::path(o.net) / "participants" / (o.name + ".key");
  auto signer = new_key(file);
  if (!signer) return fail(signer.error(), o.json);
  auto seed = node::read_key_file(file, node::KeyKind::kEd25519);
  if (!seed) return fail(seed.error(), o.json);
  const ParticipantCard card = make_card(o.name, Secret{std::span<const uint8_t, Secret::kSize>(seed->bytes)});
  return told(o.out,
              {{"name", o.name},
               {"org", o.org},
               {"role", o.role},
               {"key", to_hex(card.key)},
               {"bls_key", to_hex(card.bls_key)},
               {"bls_proof", to_hex(card.bls_proof)},
               {"seal_key", to_hex(card.seal_key)},
               {"capacity_w", o.capacity_w},
               {"loss_ppm", o.loss_ppm},
               {"meters", o.meters}},
              "who holds votes proposes it: tieline govern propose member", o.json);
}

struct LostKey {
  SendOptions send;
  std::string name, file, doubtful_from, out;
};

int make_recovery(const LostKey& o) {
  auto from = doubtful_from(o.doubtful_from);
  if (!from) return fail(from.error(), o.send.json);
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), o.send.json);
  auto owner = (*sending)->participant(o.name);
  if (!owner) return fail(owner.error(), o.send.json);
  auto next = new_key(o.file);
  if (!next) return fail(next.error(), o.send.json);
  const PublicKey key = (*next)->public_key();
  const Hash message = energy::key_message((*sending)->genesis().chain_id(), ActionType::kPropose, owner->id, key);
  return told(o.out,
              {{"participant", owner->id},
               {"next", to_hex(key)},
               {"possession", to_hex((*next)->sign(message.view()))},
               {"doubtful_from_ms", *from}},
              "who holds votes proposes it: tieline govern propose recover-key", o.send.json);
}

}  // namespace

Status make_next_key(Sending& sending, Json& action) {
  auto owner = sending.participant(sending.who());
  if (!owner) return owner.error();
  auto next = new_key(taken(action, "file"));
  if (!next) return next.error();
  const PublicKey key = (*next)->public_key();
  const bool recovery = action["action"] == "set_recovery_key";
  const ActionType type = recovery ? ActionType::kSetRecoveryKey : ActionType::kRotateKey;
  const Hash message = energy::key_message(sending.genesis().chain_id(), type, owner->id, key);
  action[recovery ? "recovery" : "next"] = to_hex(key);
  action["possession"] = to_hex((*next)->sign(message.view()));
  return {};
}

Status make_revocation(Sending& sending, Json& action) {
  auto owner = sending.participant(action.value("owner", ""));
  if (!owner) return owner.error();
  auto from = doubtful_from(taken(action, "doubtful_from"));
  if (!from) return from.error();
  auto recovery = node::read_key_file(taken(action, "recovery_file"), node::KeyKind::kEd25519);
  if (!recovery) return recovery.error();
  if (!action.contains("revoked")) {
    auto record = sending.get("/v1/participants/" + std::to_string(owner->id));
    if (!record) return record.error();
    action["revoked"] = record->value("key", "");
  }
  const auto revoked = fixed_from_hex<32, PublicKeyTag>(action.value("revoked", ""));
  if (!revoked) return Error{"usage", "--revoked must be the 64 hex digits of a key"};
  auto next = new_key(taken(action, "next_file"));
  if (!next) return next.error();
  energy::RevokeKey revocation{owner->id, *revoked, (*next)->public_key(), *from, {}};
  const Ed25519Signer signer(ed25519::SecretKey::from_seed(recovery->bytes));
  revocation.recovery = signer.sign(energy::revocation_message(sending.genesis().chain_id(), revocation).view());
  action["owner"] = owner->id;
  action["next"] = to_hex(revocation.next);
  action["doubtful_from_ms"] = *from;
  action["recovery_signature"] = to_hex(revocation.recovery);
  return {};
}

void add_new_member(CLI::App& group, int& exit_status) {
  auto o = std::make_shared<NewMember>();
  CLI::App* command = group.add_subcommand("new", "make keys for a newcomer, and the request that a vote decides on");
  command->add_option("NAME", o->name, "its name; the key goes to NET/participants/NAME.key")->required();
  add_net(*command, o->net);
  command->add_option("--role", o->role, "plant, grid, distributor, user or neutral")->required();
  command->add_option("--org", o->org, "number of its organisation")->required();
  command->add_option("--capacity-w", o->capacity_w, "its capacity, of a user its contracted load");
  command->add_option("--loss-ppm", o->loss_ppm, "of a carrier");
  command->add_option("--meters", o->meters, "names of its metering points")->delimiter(',');
  command->add_option("-o,--out", o->out, "where the request goes, in JSON");
  command->add_flag("--json", o->json, "one JSON object on the last line");
  command->footer(
      "Example:\n  tieline participant new bakery-2 --role user --org 9 --capacity-w 50000 --meters bakery-2-main "
      "--net NET -o bakery-2.member.json\n  tieline govern propose member bakery-2.member.json --net NET --as "
      "northwire");
  command->callback([o, &exit_status] { exit_status = make_member(*o); });
}

void add_lost_key(CLI::App& group, int& exit_status) {
  auto o = std::make_shared<LostKey>();
  CLI::App* command = group.add_subcommand("lost-key", "make a new key in place of a lost one: a vote decides on it");
  command->add_option("NAME", o->name, "who lost it")->required();
  command->add_option("FILE", o->file, "the new key is made and written there")->required();
  add_net(*command, o->send.net);
  command->add_option("--doubtful-from", o->doubtful_from,
                      "what the lost key signed since then is marked, RFC 3339; now, if not given");
  command->add_option("-o,--out", o->out, "where the request goes, in JSON");
  command->add_flag("--json", o->send.json, "one JSON object on the last line");
  command->footer(
      "Example:\n  tieline participant lost-key bakery bakery-new.key --net NET -o lost.json\n"
      "  tieline govern propose recover-key lost.json --net NET --as northwire");
  command->callback([o, &exit_status] { exit_status = make_recovery(*o); });
}

}  // namespace tieline::cli
