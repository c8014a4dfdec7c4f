//! Pedersen commitments C = vG + rH over ristretto255 (RFC 9496), and what may be computed with them in public.
//!
//! G is ristretto255's generator; H is the element that RFC 9496's derivation makes of SHA-512 over a fixed sentence, so
//! nobody knows a logarithm between them. Scalars and points are read in their canonical encoding only.

use std::sync::OnceLock;

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_TABLE;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use sha2::{Digest, Sha512};
use zeroize::Zeroize;

use crate::{array, put, slice};

const H_LABEL: &[u8] = b"tieline/pedersen/h/1";

/// A signed integer of at most 128 bits: sign apart from magnitude, little-endian, so that no two compilers need to
/// agree on a 128-bit argument.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TcInteger {
    magnitude: [u8; 16],
    negative: bool,
}

impl TcInteger {
    fn scalar(&self) -> Scalar {
        let magnitude = Scalar::from(u128::from_le_bytes(self.magnitude));
        if self.negative {
            -magnitude
        } else {
            magnitude
        }
    }
}

struct BlindingBase {
    point: RistrettoPoint,
    table: RistrettoBasepointTable,
}

fn blinding_base() -> &'static BlindingBase {
    static BASE: OnceLock<BlindingBase> = OnceLock::new();
    BASE.get_or_init(|| {
        let point = RistrettoPoint::from_uniform_bytes(&Sha512::digest(H_LABEL).into());
        BlindingBase { point, table: RistrettoBasepointTable::create(&point) }
    })
}

/// H.
pub fn blinding_point() -> RistrettoPoint {
    blinding_base().point
}

pub fn commit(value: &Scalar, blinding: &Scalar) -> RistrettoPoint {
    RISTRETTO_BASEPOINT_TABLE * value + &blinding_base().table * blinding
}

pub fn scalar(bytes: &[u8; 32]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(*bytes).into()
}

/// The identity hides nothing and opens to 0 without a secret: it is no commitment.
pub fn point(bytes: &[u8; 32]) -> Option<RistrettoPoint> {
    CompressedRistretto(*bytes).decompress().filter(|point| !point.is_identity())
}

#[no_mangle]
pub unsafe extern "C" fn tc_commitment_base(out: *mut u8) {
    unsafe { put(out, &blinding_point().compress().0) }
}

#[no_mangle]
pub unsafe extern "C" fn tc_scalar_reduce(wide: *const u8, out: *mut u8) {
    unsafe { put(out, &Scalar::from_bytes_mod_order_wide(array::<64>(wide)).to_bytes()) }
}

#[no_mangle]
pub unsafe extern "C" fn tc_scalar_is_canonical(bytes: *const u8) -> bool {
    scalar(unsafe { array::<32>(bytes) }).is_some()
}

#[no_mangle]
pub unsafe extern "C" fn tc_scalar_combine(
    scalars: *const [u8; 32],
    weights: *const TcInteger,
    count: usize,
    out: *mut u8,
) -> bool {
    let mut sum = Scalar::ZERO;
    for (bytes, weight) in unsafe { slice(scalars, count).iter().zip(slice(weights, count)) } {
        let Some(mut value) = scalar(bytes) else { return false };
        sum += value * weight.scalar();
        value.zeroize();
    }
    unsafe { put(out, &sum.to_bytes()) };
    sum.zeroize();
    true
}

#[no_mangle]
pub unsafe extern "C" fn tc_commit(value: TcInteger, blinding: *const u8, out: *mut u8) -> bool {
    let Some(mut blinding) = scalar(unsafe { array::<32>(blinding) }) else { return false };
    let mut value = value.scalar();
    unsafe { put(out, &commit(&value, &blinding).compress().0) };
    blinding.zeroize();
    value.zeroize();
    true
}

#[no_mangle]
pub unsafe extern "C" fn tc_commitment_is_valid(bytes: *const u8) -> bool {
    point(unsafe { array::<32>(bytes) }).is_some()
}

#[no_mangle]
pub unsafe extern "C" fn tc_commitment_combine(
    commitments: *const [u8; 32],
    weights: *const TcInteger,
    count: usize,
    added: TcInteger,
    out: *mut u8,
) -> bool {
    let (commitments, weights) = unsafe { (slice(commitments, count), slice(weights, count)) };
    let Some(points) = commitments.iter().map(point).collect::<Option<Vec<_>>>() else { return false };
    let weighted = RistrettoPoint::vartime_multiscalar_mul(weights.iter().map(TcInteger::scalar), points);
    let sum = weighted + RISTRETTO_BASEPOINT_TABLE * &added.scalar();
    unsafe { put(out, &sum.compress().0) };
    true
}
