//! BLS12-381 signatures, minimal signature size (signature in G1, key in G2), proof-of-possession scheme of
//! draft-irtf-cfrg-bls-signature, by blst.
//!
//! Keys are checked once (`tc_bls_key_new`: on the curve, in the subgroup, not infinity). Signatures are added up
//! unchecked; the sum is checked for the subgroup and infinity before the one pairing equation that decides.

use blst::min_sig::{AggregatePublicKey, AggregateSignature, PublicKey, SecretKey, Signature};
use blst::{
    blst_hash_to_g1, blst_p1, blst_p1_affine, blst_p1_affine_is_inf, blst_p1_to_affine, blst_p2_affine,
    blst_p2_affine_is_inf,
};
use blst::{Pairing, BLST_ERROR};

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
