//! Ed25519 keys, signing and single verification (ZIP-215), by ed25519-zebra.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes};
use zeroize::Zeroize;

use crate::{array, put, slice};

/// A secret key with its expansion, so that signing hashes and multiplies nothing twice.
pub struct TcEd25519Signer(SigningKey);

impl Drop for TcEd25519Signer {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A public key, decompressed once. `zebra` serves single verification; `point` is what the batch needs of it and
/// zebra keeps private.
pub struct TcEd25519Key {
    pub(crate) zebra: VerificationKey,
    pub(crate) point: EdwardsPoint,
    pub(crate) bytes: [u8; 32],
}

impl TcEd25519Key {
    pub fn parse(bytes: &[u8; 32]) -> Option<Self> {
        Some(TcEd25519Key {
            zebra: VerificationKey::try_from(*bytes).ok()?,
            point: CompressedEdwardsY(*bytes).decompress()?,
            bytes: *bytes,
        })
    }

    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.zebra.verify(&Signature::from_bytes(signature), message).is_ok()
    }
}

#[no_mangle]
pub unsafe extern "C" fn tc_ed25519_signer_new(seed: *const u8) -> *mut TcEd25519Signer {
    let seed = unsafe { array::<32>(seed) };
    Box::into_raw(Box::new(TcEd25519Signer(SigningKey::from(*seed))))
}

#[no_mangle]
pub unsafe extern "C" fn tc_ed25519_signer_free(signer: *mut TcEd25519Signer) {
    drop(unsafe { Box::from_raw(signer) });
}

#[no_mangle]
pub unsafe extern "C" fn tc_ed25519_signer_public(signer: *const TcEd25519Signer, out: *mut u8) {
    let bytes: [u8; 32] = VerificationKeyBytes::from(unsafe { &(*signer).0 }).into();
    unsafe { put(out, &bytes) }
}

#[no_mangle]
pub unsafe extern "C" fn tc_ed25519_sign(signer: *const TcEd25519Signer, msg: *const u8, len: usize, out: *mut u8) {
    let signature = unsafe { (*signer).0.sign(slice(msg, len)) };
    unsafe { put(out, &signature.to_bytes()) }
}

#[no_mangle]
pub unsafe extern "C" fn tc_ed25519_key_new(bytes: *const u8) -> *mut TcEd25519Key {
    match TcEd25519Key::parse(unsafe { array::<32>(bytes) }) {
        Some(key) => Box::into_raw(Box::new(key)),
        None => std::ptr::null_mut(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn tc_ed25519_key_free(key: *mut TcEd25519Key) {
    drop(unsafe { Box::from_raw(key) });
}

#[no_mangle]
pub unsafe extern "C" fn tc_ed25519_key_is_weak(key: *const TcEd25519Key) -> bool {
    let key = unsafe { &*key };
    key.point.is_small_order() || key.point.compress().0 != key.bytes
}

#[no_mangle]
pub unsafe extern "C" fn tc_ed25519_verify(
    key: *const TcEd25519Key,
    msg: *const u8,
    len: usize,
    signature: *const u8,
) -> bool {
    unsafe { (*key).verify(slice(msg, len), array::<64>(signature)) }
}

#[no_mangle]
pub extern "C" fn tc_ed25519_backend() -> *const std::ffi::c_char {
    #[cfg(target_arch = "x86_64")]
    {
        if cfg!(curve25519_dalek_backend = "avx512")
            && is_x86_feature_detected!("avx512ifma")
            && is_x86_feature_detected!("avx512vl")
        {
            return c"avx512ifma".as_ptr();
        }
        if is_x86_feature_detected!("avx2") {
            return c"avx2".as_ptr();
        }
    }
    c"serial".as_ptr()
}
