//! Key derivation: HKDF (RFC 5869) with SHA-512, and HMAC (RFC 2104) with SHA-256.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

use crate::{array, put, slice, slice_mut, TcBytes};

#[no_mangle]
pub unsafe extern "C" fn tc_hkdf_sha512(
    salt: TcBytes,
    secret: *const u8,
    info: *const TcBytes,
    info_count: usize,
    out: *mut u8,
    size: usize,
) {
    let (salt, secret, out) = unsafe { (salt.as_slice(), array::<32>(secret), slice_mut(out, size)) };
    let info: Vec<&[u8]> = unsafe { slice(info, info_count).iter().map(|part| part.as_slice()).collect() };
    let derived = Hkdf::<Sha512>::new(Some(salt), secret).expand_multi_info(&info, out);
    assert!(derived.is_ok(), "HKDF-SHA512 gives at most 255 * 64 bytes");
}

#[no_mangle]
pub unsafe extern "C" fn tc_hmac_sha256(key: *const u8, parts: *const TcBytes, count: usize, out: *mut u8) {
    let mut mac = Hmac::<Sha256>::new_from_slice(unsafe { array::<32>(key) }).expect("HMAC takes keys of any length");
    for part in unsafe { slice(parts, count) } {
        mac.update(unsafe { part.as_slice() });
    }
    unsafe { put::<32>(out, &mac.finalize().into_bytes().into()) }
}
