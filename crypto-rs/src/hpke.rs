//! HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, by the crate `hpke`.
//!
//! The encapsulation takes its 32 bytes of randomness (the RFC's ikmE) from the caller, so that a sealing can be repeated
//! bit by bit by whoever is shown the seed.

use std::convert::Infallible;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroize;

use crate::{array, put, slice_mut, TcBytes};

const TAG_SIZE: usize = 16;

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Hands out the seed once. The encapsulation asks for exactly one private key's worth, which the RFC's vectors show;
/// anything else would be another scheme.
struct Once {
    seed: [u8; 32],
    taken: bool,
}

impl Drop for Once {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl TryRng for Once {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("the encapsulation draws bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("the encapsulation draws bytes")
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        assert!(!self.taken && dst.len() == self.seed.len(), "the encapsulation draws its seed once");
        dst.copy_from_slice(&self.seed);
        self.taken = true;
        Ok(())
    }
}

impl TryCryptoRng for Once {}

#[no_mangle]
pub unsafe extern "C" fn tc_seal_derive_key(ikm: *const u8, secret_out: *mut u8, public_out: *mut u8) {
    let (secret, public) = X25519HkdfSha256::derive_keypair(unsafe { array::<32>(ikm) });
    unsafe {
        put::<32>(secret_out, &secret.to_bytes().into());
        put::<32>(public_out, &public.to_bytes().into());
    }
}

fn seal(key: &[u8; 32], seed: &[u8; 32], info: &[u8], aad: &[u8], plain: &[u8]) -> Option<([u8; 32], Vec<u8>)> {
    let key = PublicKey::from_bytes(key).ok()?;
    let mut once = Once { seed: *seed, taken: false };
    let (enc, cipher) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &key,
        info,
        plain,
        aad,
        &mut once,
    )
    .ok()?;
    Some((enc.to_bytes().into(), cipher))
}

#[no_mangle]
pub unsafe extern "C" fn tc_seal(
    key: *const u8,
    seed: *const u8,
    info: TcBytes,
    aad: TcBytes,
    plain: TcBytes,
    enc_out: *mut u8,
    cipher_out: *mut u8,
) -> bool {
    let sealed =
        unsafe { seal(array::<32>(key), array::<32>(seed), info.as_slice(), aad.as_slice(), plain.as_slice()) };
    let Some((enc, cipher)) = sealed else { return false };
    unsafe {
        put(enc_out, &enc);
        slice_mut(cipher_out, plain.size + TAG_SIZE).copy_from_slice(&cipher);
    }
    true
}

fn open(secret: &[u8; 32], enc: &[u8; 32], info: &[u8], aad: &[u8], cipher: &[u8]) -> Option<Vec<u8>> {
    let secret = PrivateKey::from_bytes(secret).ok()?;
    let enc = EncappedKey::from_bytes(enc).ok()?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &enc,
        info,
        cipher,
        aad,
    )
    .ok()
}

#[no_mangle]
pub unsafe extern "C" fn tc_open(
    secret: *const u8,
    enc: *const u8,
    info: TcBytes,
    aad: TcBytes,
    cipher: TcBytes,
    plain_out: *mut u8,
) -> bool {
    if cipher.size < TAG_SIZE {
        return false;
    }
    let opened =
        unsafe { open(array::<32>(secret), array::<32>(enc), info.as_slice(), aad.as_slice(), cipher.as_slice()) };
    let Some(mut plain) = opened else { return false };
    unsafe { slice_mut(plain_out, cipher.size - TAG_SIZE).copy_from_slice(&plain) };
    plain.zeroize();
    true
}
