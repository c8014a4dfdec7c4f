//! BLS12-381 signatures, minimal signature size (signature in G1, key in G2), proof-of-possession scheme of
//! draft-irtf-cfrg-bls-signature, by blst.
//!
//! Keys are checked once (`tc_bls_key_new`: on the curve, in the subgroup, not infinity). Signatures are added up
//! unchecked; the sum is checked for the subgroup and infinity before the one pairing equation that decides.

use std::collections::HashMap;

use blst::min_sig::{AggregatePublicKey, AggregateSignature, PublicKey, SecretKey, Signature};
use blst::{
    blst_hash_to_g1, blst_p1, blst_p1_add_or_double, blst_p1_affine, blst_p1_affine_is_inf, blst_p1_from_affine,
    blst_p1_mult, blst_p1_to_affine, blst_p2_affine, blst_p2_affine_is_inf,
};
use blst::{Pairing, BLST_ERROR};
use sha2::{Digest, Sha256};

use crate::{array, put, slice, slice_mut, TcBytes};

const SIGN_DST: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
const POSSESSION_DST: &[u8] = b"BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

/// blst wipes the scalar when it is dropped.
pub struct TcBlsSigner(SecretKey);

pub struct TcBlsKey {
    point: PublicKey,
    bytes: [u8; 96],
}

#[repr(C)]
pub struct TcBlsItem {
    key: *const TcBlsKey,
    msg: TcBytes,
}

/// A point of G1's curve other than infinity; its subgroup is not checked.
fn decode_unchecked(bytes: &[u8; 48]) -> Option<Signature> {
    let signature = Signature::uncompress(bytes).ok()?;
    (!is_infinity(&signature)).then_some(signature)
}

fn is_infinity(signature: &Signature) -> bool {
    let point: &blst_p1_affine = signature.into();
    unsafe { blst_p1_affine_is_inf(point) }
}

fn decode(bytes: &[u8; 48]) -> Option<Signature> {
    decode_unchecked(bytes).filter(Signature::subgroup_check)
}

fn hash_to_curve(message: &[u8], dst: &[u8]) -> blst_p1_affine {
    let (mut point, mut affine) = (blst_p1::default(), blst_p1_affine::default());
    unsafe {
        blst_hash_to_g1(&mut point, message.as_ptr(), message.len(), dst.as_ptr(), dst.len(), std::ptr::null(), 0);
        blst_p1_to_affine(&mut affine, &point);
    }
    affine
}

/// product of e(hash, key) over all pairs == e(signature, generator). Needs checked keys; checks the signature.
fn equation_holds<'a>(pairs: impl Iterator<Item = (&'a PublicKey, blst_p1_affine)>, signature: &Signature) -> bool {
    if signature.validate(true).is_err() {
        return false;
    }
    let mut pairing = Pairing::new(true, SIGN_DST);
    for (key, hash) in pairs {
        let key: &blst_p2_affine = key.into();
        // Keys that cancel out make a sum under which anything verifies.
        if unsafe { blst_p2_affine_is_inf(key) } {
            return false;
        }
        pairing.raw_aggregate(key, &hash);
    }
    pairing.commit();
    let mut right = blst::blst_fp12::default();
    Pairing::aggregated(&mut right, <&blst_p1_affine>::from(signature));
    pairing.finalverify(Some(&right))
}

fn sum_of_keys<'a>(mut keys: impl Iterator<Item = &'a TcBlsKey>) -> Option<PublicKey> {
    let mut sum = AggregatePublicKey::from_public_key(&keys.next()?.point);
    for key in keys {
        sum.add_public_key(&key.point, false).ok()?;
    }
    Some(sum.to_public_key())
}

fn sum_of_signatures(mut signatures: impl Iterator<Item = Signature>) -> Option<Signature> {
    let mut sum = AggregateSignature::from_signature(&signatures.next()?);
    for signature in signatures {
        sum.add_signature(&signature, false).ok()?;
    }
    Some(sum.to_signature())
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_signer_new(ikm: *const u8) -> *mut TcBlsSigner {
    match SecretKey::key_gen(unsafe { array::<32>(ikm) }, &[]) {
        Ok(secret) => Box::into_raw(Box::new(TcBlsSigner(secret))),
        Err(_) => std::ptr::null_mut(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_signer_free(signer: *mut TcBlsSigner) {
    drop(unsafe { Box::from_raw(signer) });
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_signer_public(signer: *const TcBlsSigner, out: *mut u8) {
    unsafe { put(out, &(*signer).0.sk_to_pk().compress()) }
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_sign(signer: *const TcBlsSigner, msg: *const u8, len: usize, out: *mut u8) {
    unsafe { put(out, &(*signer).0.sign(slice(msg, len), SIGN_DST, &[]).compress()) }
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_prove_possession(signer: *const TcBlsSigner, out: *mut u8) {
    let secret = unsafe { &(*signer).0 };
    let proof = secret.sign(&secret.sk_to_pk().compress(), POSSESSION_DST, &[]);
    unsafe { put(out, &proof.compress()) }
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_key_new(bytes: *const u8) -> *mut TcBlsKey {
    let bytes = unsafe { array::<96>(bytes) };
    match PublicKey::uncompress(bytes).and_then(|point| point.validate().map(|()| point)) {
        Ok(point) => Box::into_raw(Box::new(TcBlsKey { point, bytes: *bytes })),
        Err(_) => std::ptr::null_mut(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_key_free(key: *mut TcBlsKey) {
    drop(unsafe { Box::from_raw(key) });
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_verify_possession(key: *const TcBlsKey, proof: *const u8) -> bool {
    let (key, proof) = unsafe { (&*key, array::<48>(proof)) };
    decode(proof).is_some_and(|proof| {
        proof.verify(false, &key.bytes, POSSESSION_DST, &[], &key.point, false) == BLST_ERROR::BLST_SUCCESS
    })
}

/// 0: a point of the subgroup other than infinity; 1: no point of the curve; 2: infinity; 3: outside the subgroup.
#[no_mangle]
pub unsafe extern "C" fn tc_bls_signature_fault(signature: *const u8) -> u8 {
    match Signature::uncompress(unsafe { array::<48>(signature) }) {
        Err(_) => 1,
        Ok(point) if is_infinity(&point) => 2,
        Ok(point) if !point.subgroup_check() => 3,
        Ok(_) => 0,
    }
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_signature_valid(signature: *const u8) -> bool {
    decode(unsafe { array::<48>(signature) }).is_some()
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_verify(key: *const TcBlsKey, msg: *const u8, len: usize, signature: *const u8) -> bool {
    let (key, msg, signature) = unsafe { (&*key, slice(msg, len), array::<48>(signature)) };
    decode_unchecked(signature)
        .is_some_and(|s| equation_holds(std::iter::once((&key.point, hash_to_curve(msg, SIGN_DST))), &s))
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_aggregate(signatures: *const *const u8, count: usize, out: *mut u8) -> bool {
    let decoded: Option<Vec<Signature>> =
        unsafe { slice(signatures, count) }.iter().map(|s| decode_unchecked(unsafe { array::<48>(*s) })).collect();
    match decoded.and_then(|all| sum_of_signatures(all.into_iter())) {
        Some(sum) => {
            unsafe { put(out, &sum.compress()) };
            true
        }
        None => false,
    }
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_verify_aggregate(
    keys: *const *const TcBlsKey,
    count: usize,
    msg: *const u8,
    len: usize,
    signature: *const u8,
) -> bool {
    let (keys, msg) = unsafe { (slice(keys, count), slice(msg, len)) };
    let Some(signature) = decode_unchecked(unsafe { array::<48>(signature) }) else { return false };
    sum_of_keys(keys.iter().map(|k| unsafe { &**k }))
        .is_some_and(|sum| equation_holds(std::iter::once((&sum, hash_to_curve(msg, SIGN_DST))), &signature))
}

#[no_mangle]
pub unsafe extern "C" fn tc_bls_verify_distinct(items: *const TcBlsItem, count: usize, signature: *const u8) -> bool {
    let items = unsafe { slice(items, count) };
    let Some(signature) = decode_unchecked(unsafe { array::<48>(signature) }) else { return false };
    !items.is_empty()
        && equation_holds(
            items.iter().map(|i| unsafe { (&(*i.key).point, hash_to_curve(i.msg.as_slice(), SIGN_DST)) }),
            &signature,
        )
}

struct Share<'a> {
    index: usize,
    key: &'a TcBlsKey,
    signature: Signature,
}

/// Adds up all shares and checks the sum; only if that fails, halves until each part holds or is one bad share.
#[no_mangle]
pub unsafe extern "C" fn tc_bls_aggregate_shares(
    keys: *const *const TcBlsKey,
    signatures: *const *const u8,
    count: usize,
    msg: *const u8,
    len: usize,
    accepted: *mut u8,
    out: *mut u8,
) -> bool {
    let (keys, signatures) = unsafe { (slice(keys, count), slice(signatures, count)) };
    let accepted = unsafe { slice_mut(accepted, count) };
    accepted.fill(0);
    let shares: Vec<Share> = std::iter::zip(keys, signatures)
        .enumerate()
        .filter_map(|(index, (key, signature))| {
            let signature = decode_unchecked(unsafe { array::<48>(*signature) })?;
            Some(Share { index, key: unsafe { &**key }, signature })
        })
        .collect();
    let hash = hash_to_curve(unsafe { slice(msg, len) }, SIGN_DST);
    if !shares.is_empty() {
        judge_shares(&shares, &hash, accepted, false);
    }
    let good = shares.iter().filter(|s| accepted[s.index] == 1).map(|s| s.signature);
    // Accepted parts whose keys cancel out add up to infinity, which verifies nothing. All those keys are one holder's.
    match sum_of_signatures(good).filter(|sum| !is_infinity(sum)) {
        Some(sum) => {
            unsafe { put(out, &sum.compress()) };
            true
        }
        None => {
            accepted.fill(0);
            false
        }
    }
}

/// Marks the shares to accept and returns whether the range held a bad one. `known_bad`: its sum is known not to hold.
fn judge_shares(shares: &[Share], hash: &blst_p1_affine, accepted: &mut [u8], known_bad: bool) -> bool {
    let holds = !known_bad
        && sum_of_keys(shares.iter().map(|s| s.key))
            .zip(sum_of_signatures(shares.iter().map(|s| s.signature)))
            .is_some_and(|(key, signature)| equation_holds(std::iter::once((&key, *hash)), &signature));
    if holds {
        shares.iter().for_each(|s| accepted[s.index] = 1);
    } else if shares.len() > 1 {
        // If the whole fails and its left half holds, the right half fails: that check can be spared.
        let (left, right) = shares.split_at(shares.len() / 2);
        let left_bad = judge_shares(left, hash, accepted, false);
        judge_shares(right, hash, accepted, !left_bad);
    }
    !holds
}

#[repr(C)]
pub struct TcBlsClaim {
    keys: *const *const TcBlsKey,
    count: usize,
    msg: TcBytes,
    signature: *const u8,
}

struct Claim<'a> {
    index: usize,
    key: PublicKey,
    message: &'a [u8],
    signature: Signature,
    scalar: [u8; SCALAR_BYTES],
}

const SCALAR_BYTES: usize = 16;

/// Many claims, each of signers and one message, by one random combination: a linear relation between bad claims holds
/// for one choice of coefficients in 2^128. They come from the seed and from all claims, and are never zero.
#[no_mangle]
pub unsafe extern "C" fn tc_bls_verify_multiple(claims: *const TcBlsClaim, count: usize, seed: *const u8, ok: *mut u8) {
    let (raw, seed) = unsafe { (slice(claims, count), array::<32>(seed)) };
    let ok = unsafe { slice_mut(ok, count) };
    ok.fill(0);
    let mut transcript = Sha256::new();
    transcript.update(seed);
    let mut all: Vec<Claim> = Vec::with_capacity(count);
    for (index, claim) in raw.iter().enumerate() {
        let keys = unsafe { slice(claim.keys, claim.count) };
        let (message, bytes) = unsafe { (claim.msg.as_slice(), array::<48>(claim.signature)) };
        transcript.update((claim.count as u64).to_le_bytes());
        keys.iter().for_each(|key| transcript.update(unsafe { &(**key).bytes }));
        transcript.update((message.len() as u64).to_le_bytes());
        transcript.update(message);
        transcript.update(bytes);
        let Some(key) = sum_of_keys(keys.iter().map(|k| unsafe { &**k })) else { continue };
        let Some(signature) = decode_unchecked(bytes) else { continue };
        all.push(Claim { index, key, message, signature, scalar: [0; SCALAR_BYTES] });
    }
    let root = transcript.finalize();
    for claim in &mut all {
        let mut hash = Sha256::new();
        hash.update(root);
        hash.update((claim.index as u64).to_le_bytes());
        claim.scalar.copy_from_slice(&hash.finalize()[..SCALAR_BYTES]);
        if claim.scalar == [0; SCALAR_BYTES] {
            claim.scalar[0] = 1;
        }
    }
    if !all.is_empty() {
        judge_claims(&all, ok, false);
    }
}

fn claims_hold(claims: &[Claim]) -> bool {
    if let [claim] = claims {
        let pair = (&claim.key, hash_to_curve(claim.message, SIGN_DST));
        return equation_holds(std::iter::once(pair), &claim.signature);
    }
    // One key's claims share a pairing: the product over i of e(r_i H(m_i), key) is e(sum of r_i H(m_i), key).
    let mut sums: HashMap<[u8; 192], (&PublicKey, blst_p1)> = HashMap::new();
    let mut signatures = blst_p1::default();
    for claim in claims {
        let (key, point): (&blst_p2_affine, &blst_p1_affine) = ((&claim.key).into(), (&claim.signature).into());
        // Keys that cancel out make a sum under which anything verifies.
        if unsafe { blst_p2_affine_is_inf(key) } || !claim.signature.subgroup_check() {
            return false;
        }
        let (mut hash, mut signature) = (blst_p1::default(), blst_p1::default());
        let entry = sums.entry(claim.key.serialize()).or_insert((&claim.key, blst_p1::default()));
        unsafe {
            let (message, scalar) = (claim.message, claim.scalar.as_ptr());
            let (dst, length) = (SIGN_DST.as_ptr(), SIGN_DST.len());
            blst_hash_to_g1(&mut hash, message.as_ptr(), message.len(), dst, length, std::ptr::null(), 0);
            let mut product = blst_p1::default();
            blst_p1_mult(&mut product, &hash, scalar, 8 * SCALAR_BYTES);
            let sum = entry.1;
            blst_p1_add_or_double(&mut entry.1, &sum, &product);
            blst_p1_from_affine(&mut signature, point);
            blst_p1_mult(&mut product, &signature, scalar, 8 * SCALAR_BYTES);
            let sum = signatures;
            blst_p1_add_or_double(&mut signatures, &sum, &product);
        }
    }
    let mut pairing = Pairing::new(true, SIGN_DST);
    for (key, sum) in sums.values() {
        let Some(sum) = finite(sum) else { return false };
        pairing.raw_aggregate((*key).into(), &sum);
    }
    pairing.commit();
    let Some(signatures) = finite(&signatures) else { return false };
    let mut right = blst::blst_fp12::default();
    Pairing::aggregated(&mut right, &signatures);
    pairing.finalverify(Some(&right))
}

/// Sums with random coefficients are infinity for no honest claims: each is then judged alone.
fn finite(point: &blst_p1) -> Option<blst_p1_affine> {
    let mut affine = blst_p1_affine::default();
    unsafe {
        blst_p1_to_affine(&mut affine, point);
        (!blst_p1_affine_is_inf(&affine)).then_some(affine)
    }
}

/// As judge_shares: marks the good claims and returns whether there was a bad one.
fn judge_claims(claims: &[Claim], ok: &mut [u8], known_bad: bool) -> bool {
    // That a half is bad says nothing of one claim alone: it is always judged by its own equation.
    let holds = (!known_bad || claims.len() == 1) && claims_hold(claims);
    if holds {
        claims.iter().for_each(|c| ok[c.index] = 1);
    } else if claims.len() > 1 {
        let (left, right) = claims.split_at(claims.len() / 2);
        let left_bad = judge_claims(left, ok, false);
        judge_claims(right, ok, !left_bad);
    }
    !holds
}
