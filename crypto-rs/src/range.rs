//! Range proofs over Pedersen commitments: Bulletproofs+ (Chung, Han, Ju, Kim, Seo; eprint 2020/735) by the crate
//! `tari_bulletproofs_plus`, which stands on the same curve25519-dalek as our signatures.
//!
//! A proof is about a list of commitments of ONE prover, each in [0, 2^bits). With a cap for each, it is about the pairs
//! (C, cap G - C), so that 0 <= v <= cap: with bits at most 64 neither half can wrap around the group's order. The list is
//! filled up to a power of two with H, a commitment to 0 that opens with 1.

use std::convert::Infallible;
use std::sync::OnceLock;

use curve25519_dalek::constants::{
    RISTRETTO_BASEPOINT_COMPRESSED, RISTRETTO_BASEPOINT_POINT, RISTRETTO_BASEPOINT_TABLE,
};
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use hpke::rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha512};
use tari_bulletproofs_plus::commitment_opening::CommitmentOpening;
use tari_bulletproofs_plus::generators::pedersen_gens::ExtensionDegree;
use tari_bulletproofs_plus::range_parameters::RangeParameters;
use tari_bulletproofs_plus::range_proof::{RangeProof, VerifyAction};
use tari_bulletproofs_plus::range_statement::RangeStatement;
use tari_bulletproofs_plus::range_witness::RangeWitness;
use tari_bulletproofs_plus::ristretto::RistrettoRangeProof;
use tari_bulletproofs_plus::PedersenGens;
use tari_merlin::Transcript;
use zeroize::Zeroize;

use crate::commitment::{blinding_point, point, scalar};
use crate::{array, slice, slice_mut, TcBytes};

/// Sides of a proof, after filling up: 2^5 = 32, two for each of 16 readings. The precomputed tables of a size grow with
/// it (32 bits and 32 sides: about 20 MB), which is what bounds it.
const SIDES_LOG_MAX: usize = 5;

type Parameters = RangeParameters<RistrettoPoint>;
type Statement = RangeStatement<RistrettoPoint>;

/// What a proof is about, as the C++ side says it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TcRangeClaim {
    bits: u32,
    commitments: *const [u8; 32],
    caps: *const u64, // null: one-sided
    count: usize,
    context: TcBytes,
}

/// A claim with its proof.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TcRangeItem {
    claim: TcRangeClaim,
    proof: TcBytes,
}

/// One set of generators for each number of bits and sides: a proof that needs two sides does not pay for the tables of
/// thirty-two. None: a size we do not serve.
fn parameters(bits: u32, sides: usize) -> Option<&'static Parameters> {
    static SETS: [[OnceLock<Parameters>; SIDES_LOG_MAX + 1]; 3] =
        [const { [const { OnceLock::new() }; SIDES_LOG_MAX + 1] }; 3];
    let row = match bits {
        16 => 0,
        32 => 1,
        64 => 2,
        _ => return None,
    };
    let set = SETS[row].get(usize::try_from(sides.ilog2()).ok()?)?;
    Some(set.get_or_init(|| {
        let h = blinding_point();
        // The crate calls the base of the value H and that of the blinding G.
        let bases = PedersenGens {
            h_base: RISTRETTO_BASEPOINT_POINT,
            h_base_compressed: RISTRETTO_BASEPOINT_COMPRESSED,
            g_base_vec: vec![h],
            g_base_compressed_vec: vec![h.compress()],
            extension_degree: ExtensionDegree::DefaultPedersen,
        };
        RangeParameters::init(bits as usize, sides, bases).expect("sizes are powers of two within the crate's bounds")
    }))
}

impl TcRangeClaim {
    unsafe fn caps(&self) -> Option<&[u64]> {
        (!self.caps.is_null()).then(|| unsafe { slice(self.caps, self.count) })
    }

    unsafe fn sides(&self) -> Option<usize> {
        let sides = self.count.checked_mul(if self.caps.is_null() { 1 } else { 2 })?;
        (1..=1 << SIDES_LOG_MAX).contains(&sides).then(|| sides.next_power_of_two())
    }

    unsafe fn statement(&self) -> Option<(Statement, Transcript)> {
        let sides = unsafe { self.sides() }?;
        let set = parameters(self.bits, sides)?;
        let mut points = Vec::with_capacity(sides);
        for bytes in unsafe { slice(self.commitments, self.count) } {
            points.push(point(bytes)?);
        }
        let mut transcript = Transcript::new(b"tieline/range/1");
        transcript.append_message(b"context", unsafe { self.context.as_slice() });
        transcript.append_u64(b"count", self.count as u64);
        if let Some(caps) = unsafe { self.caps() } {
            for (i, cap) in caps.iter().enumerate() {
                if self.bits < 64 && cap >> self.bits > 0 {
                    return None;
                }
                transcript.append_u64(b"cap", *cap);
                let rest = RISTRETTO_BASEPOINT_TABLE * &Scalar::from(*cap) - points[i];
                points.push(rest);
            }
        }
        points.resize(sides, blinding_point());
        let statement = RangeStatement::init(set.clone(), points, vec![None; sides], None).ok()?;
        Some((statement, transcript))
    }
}

/// The prover's outside randomness: SHA-512 in counter mode over the caller's seed. The crate mixes it with the witness
/// and the transcript for every draw.
struct Expand {
    seed: [u8; 32],
    counter: u64,
}

impl Drop for Expand {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl TryRng for Expand {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(64) {
            let block = Sha512::new()
                .chain_update(b"tieline/range-prover/1")
                .chain_update(self.seed)
                .chain_update(self.counter.to_le_bytes())
                .finalize();
            self.counter += 1;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Expand {}

/// The openings in the statement's order: values, what is left to the caps, filling.
fn openings(
    values: &[u64],
    blindings: &[[u8; 32]],
    caps: Option<&[u64]>,
    sides: usize,
) -> Option<Vec<CommitmentOpening>> {
    let blindings: Vec<Scalar> = blindings.iter().map(scalar).collect::<Option<_>>()?;
    let mut out = Vec::with_capacity(sides);
    for (value, blinding) in values.iter().zip(&blindings) {
        out.push(CommitmentOpening::new(*value, vec![*blinding]));
    }
    if let Some(caps) = caps {
        for ((value, blinding), cap) in values.iter().zip(&blindings).zip(caps) {
            out.push(CommitmentOpening::new(cap.checked_sub(*value)?, vec![-blinding]));
        }
    }
    out.resize_with(sides, || CommitmentOpening::new(0, vec![Scalar::ONE]));
    Some(out)
}

unsafe fn prove(claim: &TcRangeClaim, values: &[u64], blindings: &[[u8; 32]], seed: &[u8; 32]) -> Option<Vec<u8>> {
    let (statement, mut transcript) = unsafe { claim.statement() }?;
    let openings = openings(values, blindings, unsafe { claim.caps() }, statement.commitments.len())?;
    let witness = RangeWitness::init(openings).ok()?;
    let mut rng = Expand { seed: *seed, counter: 0 };
    let proof = RistrettoRangeProof::prove_with_rng(&mut transcript, &statement, &witness, &mut rng).ok()?;
    Some(proof.to_bytes())
}

#[no_mangle]
pub unsafe extern "C" fn tc_range_prove(
    claim: *const TcRangeClaim,
    values: *const u64,
    blindings: *const [u8; 32],
    seed: *const u8,
    out: *mut u8,
    capacity: usize,
) -> usize {
    let claim = unsafe { &*claim };
    let (values, blindings) = unsafe { (slice(values, claim.count), slice(blindings, claim.count)) };
    match unsafe { prove(claim, values, blindings, array::<32>(seed)) } {
        Some(proof) if proof.len() <= capacity => {
            unsafe { slice_mut(out, proof.len()).copy_from_slice(&proof) };
            proof.len()
        }
        _ => 0,
    }
}

/// An item that reads well, with its place in the caller's list.
struct Candidate {
    place: usize,
    size: (u32, usize), // bits, sides
    statement: Statement,
    proof: RistrettoRangeProof,
    transcript: Transcript,
}

fn holds(candidates: &[Candidate]) -> bool {
    let mut transcripts: Vec<Transcript> = candidates.iter().map(|c| c.transcript.clone()).collect();
    let statements: Vec<Statement> = candidates.iter().map(|c| c.statement.clone()).collect();
    let proofs: Vec<RistrettoRangeProof> = candidates.iter().map(|c| c.proof.clone()).collect();
    RangeProof::verify_batch(&mut transcripts, &statements, &proofs, VerifyAction::VerifyOnly).is_ok()
}

/// Below this a failed range is checked one by one: a further batch check costs as much as it can save.
const BISECT_MIN: usize = 4;
/// A hostile batch may cost this many times its first check in further batch checks; then singles decide.
const BISECT_WORK_FACTOR: usize = 1;

/// Marks those that hold. A failed batch is halved; when the left half holds, the right half is known not to.
struct Judge<'a> {
    ok: &'a mut [u8],
    work_left: usize, // proofs in batch checks
    checked: usize,   // proofs, each as often as it was
}

impl Judge<'_> {
    /// Returns whether the range holds a bad proof. `known_bad`: the caller has seen that.
    fn range(&mut self, range: &[Candidate], known_bad: bool) -> bool {
        if !known_bad {
            if range.len() < 2 || range.len() > self.work_left {
                return self.one_by_one(range);
            }
            self.work_left -= range.len();
            self.checked += range.len();
            if holds(range) {
                range.iter().for_each(|c| self.ok[c.place] = 1);
                return false;
            }
        }
        if range.len() < BISECT_MIN {
            return self.one_by_one(range);
        }
        let (left, right) = range.split_at(range.len() / 2);
        let left_bad = self.range(left, false);
        let right_bad = self.range(right, !left_bad);
        left_bad || right_bad
    }

    fn one_by_one(&mut self, range: &[Candidate]) -> bool {
        self.checked += range.len();
        let mut bad = false;
        for candidate in range {
            let good = holds(std::slice::from_ref(candidate));
            self.ok[candidate.place] = good.into();
            bad |= !good;
        }
        bad
    }
}

/// Returns how many proofs were checked, each counted as often as it was: at most three times the candidates.
#[no_mangle]
pub unsafe extern "C" fn tc_range_verify(items: *const TcRangeItem, count: usize, ok: *mut u8) -> usize {
    let (items, ok) = unsafe { (slice(items, count), slice_mut(ok, count)) };
    ok.fill(0);
    let mut candidates = Vec::with_capacity(count);
    for (place, item) in items.iter().enumerate() {
        let Ok(proof) = RistrettoRangeProof::from_bytes(unsafe { item.proof.as_slice() }) else { continue };
        let Some((statement, transcript)) = (unsafe { item.claim.statement() }) else { continue };
        let size = (item.claim.bits, statement.commitments.len());
        candidates.push(Candidate { place, size, statement, proof, transcript });
    }
    // Proofs of one size share generators; comparing two sets of them would cost more than a proof.
    candidates.sort_by_key(|c| c.size);
    let mut checked = 0;
    for group in candidates.chunk_by(|a, b| a.size == b.size) {
        let mut judge = Judge { ok: &mut *ok, work_left: (1 + BISECT_WORK_FACTOR) * group.len(), checked: 0 };
        judge.range(group, false);
        checked += judge.checked;
    }
    checked
}
