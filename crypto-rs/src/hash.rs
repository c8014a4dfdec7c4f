//! SHA-256 over several parts, with the SHA extensions of the CPU where it has them.
//!
//! Nearly all that a validator hashes is short: Merkle nodes, keys of the state, votes. What fits `SHORT_BLOCKS` blocks is
//! gathered and padded here (FIPS 180-4, 5.1.1) and compressed in one call; sha2's own buffering costs as much as the
//! compression of a block.

use sha2::{block_api::compress256, Digest, Sha256};

use crate::{put, slice, TcBytes};

const BLOCK: usize = 64;
const SHORT_BLOCKS: usize = 6;
const SHORT_BYTES: usize = SHORT_BLOCKS * BLOCK - PADDING_MIN;
const LENGTH_BYTES: usize = 8;
const PADDING_MIN: usize = 1 + LENGTH_BYTES; // a byte 0x80, and the length in bits
const INITIAL: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// `size` is the sum of the parts' sizes, at most `SHORT_BYTES`.
unsafe fn short_sha256(parts: &[TcBytes], size: usize) -> [u8; 32] {
    let mut blocks = [[0u8; BLOCK]; SHORT_BLOCKS];
    let bytes = blocks.as_flattened_mut();
    let mut at = 0;
    for part in parts {
        let part = unsafe { part.as_slice() };
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    bytes[size] = 0x80;
    let count = (size + PADDING_MIN).div_ceil(BLOCK);
    bytes[count * BLOCK - LENGTH_BYTES..count * BLOCK]
        .copy_from_slice(&(size as u64 * 8).to_be_bytes());
    let mut state = INITIAL;
    compress256(&mut state, &blocks[..count]);
    let mut out = [0u8; 32];
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

#[no_mangle]
pub unsafe extern "C" fn tc_sha256(parts: *const TcBytes, count: usize, out: *mut u8) {
    let parts = unsafe { slice(parts, count) };
    let size = parts
        .iter()
        .fold(0usize, |sum, part| sum.saturating_add(part.size));
    if size <= SHORT_BYTES {
        return unsafe { put(out, &short_sha256(parts, size)) };
    }
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(unsafe { part.as_slice() });
    }
    unsafe { put(out, &hasher.finalize().into()) }
}
