//! SHA-256 over several parts, with the SHA extensions of the CPU where it has them.

use sha2::{Digest, Sha256};

use crate::{put, slice, TcBytes};

#[no_mangle]
pub unsafe extern "C" fn tc_sha256(parts: *const TcBytes, count: usize, out: *mut u8) {
    let mut hasher = Sha256::new();
    for part in unsafe { slice(parts, count) } {
        hasher.update(unsafe { part.as_slice() });
    }
    unsafe { put(out, &hasher.finalize().into()) }
}
