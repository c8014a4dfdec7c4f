#pragma once
// Keys that a member makes for itself, and what it says with them: the next key, the recovery key, a revocation, the
// request of a newcomer, the request of one that has lost its key. Secrets are written to files that only their owner
// may read and go nowhere else. Errors: key_* (node/key_file.h), usage, and those of Sending.

#include "cli/send_transaction.h"

namespace CLI {
class App;
}

namespace tieline::cli {

// For rotate_key and set_recovery_key: makes the key in the action's "file", and says that it is in our hands.
Status make_next_key(Sending& sending, Json& action);
// For revoke_key: makes the next key in "next_file" and signs by the key in "recovery_file". Without "revoked" it is
// the key in force, without "doubtful_from" what it signed from now on is in doubt.
Status make_revocation(Sending& sending, Json& action);

// `participant new` and `participant lost-key`: the requests that a vote decides on.
void add_new_member(CLI::App& group, int& exit_status);
void add_lost_key(CLI::App& group, int& exit_status);

}  // namespace tieline::cli
