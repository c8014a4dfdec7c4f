//! Ed25519 batch verification over keys that are already decompressed, with one verdict an item.
//!
//! The equation is that of ed25519-zebra's batch (ZIP-215):
//!     8 * (-sum(z_i s_i) B + sum(z_i R_i) + sum(z_i k_i A_i)) = 0
//! It is written out here only because zebra's batch takes keys as bytes and decompresses them every time. A verdict is
//! that of single verification, up to a chance of 2^-128 in the coefficients z_i.

use std::collections::HashMap;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use sha2::{Digest, Sha256, Sha512};

use crate::ed25519::TcEd25519Key;
use crate::{array, slice, slice_mut};

/// More items gain nothing measurable and only hold memory.
const CHUNK_MAX: usize = 1024;
/// Below this a failed range is checked one by one: a further batch check costs as much as it can save.
const BISECT_MIN: usize = 8;
/// A hostile batch may cost this many times its first check in further batch checks; then singles decide.
const BISECT_WORK_FACTOR: usize = 2;

#[repr(C)]
pub struct TcEd25519Item {
    key: *const TcEd25519Key,
    msg: *const u8,
    len: usize,
    signature: *const u8,
}

impl TcEd25519Item {
    unsafe fn message<'a>(&self) -> &'a [u8] {
        unsafe { slice(self.msg, self.len) }
    }
}

struct Prepared {
    index: usize,
    key: *const TcEd25519Key,
    r: EdwardsPoint,
    s: Scalar,
    k: Scalar,
    z: Scalar,
}

#[no_mangle]
pub unsafe extern "C" fn tc_ed25519_verify_batch(
    items: *const TcEd25519Item,
    count: usize,
    seed: *const u8,
    ok: *mut u8,
) -> usize {
    let seed = unsafe { array::<32>(seed) };
    let items = unsafe { slice(items, count) };
    let ok = unsafe { slice_mut(ok, count) };
    let chunks = items.chunks(CHUNK_MAX).zip(ok.chunks_mut(CHUNK_MAX));
    chunks.map(|(items, ok)| unsafe { verify_chunk(items, seed, ok) }).sum()
}

/// Returns how many items had to be verified on their own.
unsafe fn verify_chunk(items: &[TcEd25519Item], seed: &[u8; 32], ok: &mut [u8]) -> usize {
    ok.fill(0);
    let single = |i: usize| unsafe {
        let item: &TcEd25519Item = &items[i];
        (*item.key).verify(item.message(), array::<64>(item.signature))
    };
    if items.len() < 2 {
        for (i, verdict) in ok.iter_mut().enumerate() {
            *verdict = single(i).into();
        }
        return items.len();
    }

    let prepared = unsafe { prepare(items, seed) };
    let mut judge = Judge { single: &single, ok, work_left: (1 + BISECT_WORK_FACTOR) * prepared.len(), singles: 0 };
    judge.range(&prepared, false);
    judge.singles
}

struct Judge<'a> {
    single: &'a dyn Fn(usize) -> bool,
    ok: &'a mut [u8],
    work_left: usize,
    singles: usize,
}

impl Judge<'_> {
    /// Writes the verdicts of a range and returns whether it holds a bad item. `known_bad`: the caller has seen that.
    fn range(&mut self, range: &[Prepared], known_bad: bool) -> bool {
        if !known_bad && range.len() >= 2 && range.len() <= self.work_left {
            self.work_left -= range.len();
            if batch_holds(range) {
                range.iter().for_each(|p| self.ok[p.index] = 1);
                return false;
            }
        } else if !known_bad {
            return self.one_by_one(range);
        }
        if range.len() < BISECT_MIN {
            return self.one_by_one(range);
        }
        let (left, right) = range.split_at(range.len() / 2);
        let left_bad = self.range(left, false);
        let right_bad = self.range(right, !left_bad);
        left_bad || right_bad
    }

    fn one_by_one(&mut self, range: &[Prepared]) -> bool {
        self.singles += range.len();
        let mut bad = false;
        for p in range {
            let good = (self.single)(p.index);
            self.ok[p.index] = good.into();
            bad |= !good;
        }
        bad
    }
}

/// Decodes R and s and draws z. Items that do not decode are left out: they are bad whatever the equation says.
unsafe fn prepare(items: &[TcEd25519Item], seed: &[u8; 32]) -> Vec<Prepared> {
    let mut prepared = Vec::with_capacity(items.len());
    // The coefficients depend on the seed and on all that is checked, so that even a known seed gives a forger nothing
    // to aim at: whatever it changes moves every z.
    let mut transcript = Sha256::new();
    transcript.update(b"tieline/ed25519-batch/1");
    transcript.update(seed);
    for (index, item) in items.iter().enumerate() {
        let key = unsafe { &*item.key };
        let signature = unsafe { array::<64>(item.signature) };
        let (r_bytes, s_bytes): ([u8; 32], [u8; 32]) =
            (signature[..32].try_into().unwrap(), signature[32..].try_into().unwrap());
        let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(s_bytes)) else { continue };
        let Some(r) = CompressedEdwardsY(r_bytes).decompress() else { continue };
        let k = Scalar::from_hash(
            Sha512::new().chain_update(r_bytes).chain_update(key.bytes).chain_update(unsafe { item.message() }),
        );
        transcript.update(key.bytes);
        transcript.update(signature);
        transcript.update(k.as_bytes());
        prepared.push(Prepared { index, key, r, s, k, z: Scalar::ZERO });
    }
    let root: [u8; 32] = transcript.finalize().into();
    for (block, pair) in prepared.chunks_mut(2).enumerate() {
        let bytes: [u8; 32] =
            Sha256::new().chain_update(root).chain_update((block as u64).to_le_bytes()).finalize().into();
        for (half, p) in bytes.chunks_exact(16).zip(pair) {
            // A zero coefficient would drop its item from the check.
            p.z = Scalar::from(u128::from_le_bytes(half.try_into().unwrap()).max(1));
        }
    }
    prepared
}

fn batch_holds(range: &[Prepared]) -> bool {
    let mut b_coefficient = Scalar::ZERO;
    let mut slot_of = HashMap::with_capacity(range.len());
    let mut scalars = Vec::with_capacity(2 * range.len() + 1);
    let mut points = Vec::with_capacity(2 * range.len() + 1);
    for p in range {
        b_coefficient -= p.z * p.s;
        scalars.push(p.z);
        points.push(p.r);
    }
    for p in range {
        // Signatures of one key share one term.
        let zk = p.z * p.k;
        match slot_of.entry(p.key) {
            std::collections::hash_map::Entry::Occupied(slot) => scalars[*slot.get()] += zk,
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(scalars.len());
                scalars.push(zk);
                points.push(unsafe { (*p.key).point });
            }
        }
    }
    scalars.push(b_coefficient);
    points.push(ED25519_BASEPOINT_POINT);
    EdwardsPoint::vartime_multiscalar_mul(&scalars, &points).mul_by_cofactor().is_identity()
}
