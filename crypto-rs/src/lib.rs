//! The C ABI of Tieline's cryptography: SHA-256, Ed25519 (ZIP-215), BLS12-381 (minimal signature size), and for privacy
//! HPKE, Pedersen commitments, range proofs and key derivation.
//!
//! The contract is in `include/tieline_crypto.h`. Callers are only `src/crypto/*.cc`, which check lengths and never pass
//! a null pointer where the header forbids it. A panic aborts (see Cargo.toml), so nothing unwinds over the boundary.
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(clippy::missing_safety_doc)] // one contract for all functions: the header

mod bls;
mod commitment;
mod ed25519;
mod ed25519_batch;
mod hash;
mod hpke;
mod kdf;
mod range;

/// A byte string of the caller. `data` may be null only if `size` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TcBytes {
    data: *const u8,
    size: usize,
}

impl TcBytes {
    unsafe fn as_slice<'a>(&self) -> &'a [u8] {
        unsafe { slice(self.data, self.size) }
    }
}

/// A slice that tolerates C++'s empty span, whose pointer may be null.
unsafe fn slice<'a, T>(data: *const T, count: usize) -> &'a [T] {
    if count == 0 {
        &[]
    } else {
        unsafe { std::slice::from_raw_parts(data, count) }
    }
}

unsafe fn slice_mut<'a, T>(data: *mut T, count: usize) -> &'a mut [T] {
    if count == 0 {
        &mut []
    } else {
        unsafe { std::slice::from_raw_parts_mut(data, count) }
    }
}

unsafe fn array<'a, const N: usize>(data: *const u8) -> &'a [u8; N] {
    unsafe { &*data.cast::<[u8; N]>() }
}

unsafe fn put<const N: usize>(out: *mut u8, value: &[u8; N]) {
    unsafe { *out.cast::<[u8; N]>() = *value }
}
