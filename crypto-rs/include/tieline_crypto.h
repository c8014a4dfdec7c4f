#pragma once
/* The C ABI of crypto-rs: SHA-256, Ed25519 (ZIP-215), BLS12-381 (minimal signature size, proof of possession), and for
 * privacy HPKE (RFC 9180), Pedersen commitments over ristretto255, range proofs (Bulletproofs+) and key derivation.
 *
 * Only src/crypto includes this. Lengths are fixed by the name of the array argument and checked by the C++ side. No
 * pointer may be null, except data pointers of length 0 and results of the `_new` functions (null: refused). Handles
 * are immutable once made and may be used by several threads at once; `_free` takes a handle once, when nobody uses it.
 * A bug on the Rust side aborts the process; nothing unwinds into C++. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tc_bytes {
  const uint8_t* data;
  size_t size;
} tc_bytes;

/* SHA-256 of the parts, one after the other. */
void tc_sha256(const tc_bytes* parts, size_t count, uint8_t out[32]);

/* ---- Ed25519 ---- */
typedef struct tc_ed25519_signer tc_ed25519_signer;
typedef struct tc_ed25519_key tc_ed25519_key;
typedef struct tc_ed25519_item {
  const tc_ed25519_key* key;
  const uint8_t* msg;
  size_t len;
  const uint8_t* signature; /* 64 bytes */
} tc_ed25519_item;

tc_ed25519_signer* tc_ed25519_signer_new(const uint8_t seed[32]);
void tc_ed25519_signer_free(tc_ed25519_signer* signer); /* wipes it */
void tc_ed25519_signer_public(const tc_ed25519_signer* signer, uint8_t out[32]);
void tc_ed25519_sign(const tc_ed25519_signer* signer, const uint8_t* msg, size_t len, uint8_t out[64]);
tc_ed25519_key* tc_ed25519_key_new(const uint8_t key[32]); /* null: no point of the curve */
void tc_ed25519_key_free(tc_ed25519_key* key);
bool tc_ed25519_key_is_weak(const tc_ed25519_key* key); /* of small order, or not spelled canonically */
bool tc_ed25519_verify(const tc_ed25519_key* key, const uint8_t* msg, size_t len, const uint8_t signature[64]);
/* ok[i] becomes 1 exactly if item i verifies on its own, else 0. The seed only feeds the coefficients of the check.
 * Returns how many items had to be verified on their own: none in a good batch of two or more. */
size_t tc_ed25519_verify_batch(const tc_ed25519_item* items, size_t count, const uint8_t seed[32], uint8_t* ok);
const char* tc_ed25519_backend(void); /* "avx512ifma", "avx2" or "serial": what this CPU gets */

/* ---- BLS12-381: signatures 48 bytes (G1), keys 96 bytes (G2), both compressed ---- */
typedef struct tc_bls_signer tc_bls_signer;
typedef struct tc_bls_key tc_bls_key;
typedef struct tc_bls_item {
  const tc_bls_key* key;
  tc_bytes msg;
} tc_bls_item;

tc_bls_signer* tc_bls_signer_new(const uint8_t ikm[32]); /* KeyGen of the draft; null never for 32 bytes */
void tc_bls_signer_free(tc_bls_signer* signer);          /* wipes it */
void tc_bls_signer_public(const tc_bls_signer* signer, uint8_t out[96]);
void tc_bls_sign(const tc_bls_signer* signer, const uint8_t* msg, size_t len, uint8_t out[48]);
void tc_bls_prove_possession(const tc_bls_signer* signer, uint8_t out[48]);
tc_bls_key* tc_bls_key_new(const uint8_t key[96]); /* null: malformed, infinity or outside the subgroup */
void tc_bls_key_free(tc_bls_key* key);
bool tc_bls_verify_possession(const tc_bls_key* key, const uint8_t proof[48]);
typedef struct tc_bls_claim {
  const tc_bls_key* const* keys;
  size_t count;
  tc_bytes msg;
  const uint8_t* signature; /* 48 bytes */
} tc_bls_claim;
/* ok[i] becomes 1 exactly if tc_bls_verify_aggregate accepts claim i, else 0. The seed only feeds the coefficients. */
void tc_bls_verify_multiple(const tc_bls_claim* claims, size_t count, const uint8_t seed[32], uint8_t* ok);
/* 0: a point of the subgroup other than infinity; 1: no point of the curve; 2: infinity; 3: outside the subgroup. */
uint8_t tc_bls_signature_fault(const uint8_t signature[48]);
bool tc_bls_signature_valid(const uint8_t signature[48]); /* a point of the subgroup other than infinity */
bool tc_bls_verify(const tc_bls_key* key, const uint8_t* msg, size_t len, const uint8_t signature[48]);
/* false: none given, or one is malformed or infinity. The subgroup is left to whoever verifies the sum. */
bool tc_bls_aggregate(const uint8_t* const* signatures, size_t count, uint8_t out[48]);
bool tc_bls_verify_aggregate(const tc_bls_key* const* keys, size_t count, const uint8_t* msg, size_t len,
                             const uint8_t signature[48]);
bool tc_bls_verify_distinct(const tc_bls_item* items, size_t count, const uint8_t signature[48]);
/* accepted[i] = 1 marks shares whose sum, written to out, verifies; false: none. */
bool tc_bls_aggregate_shares(const tc_bls_key* const* keys, const uint8_t* const* signatures, size_t count,
                             const uint8_t* msg, size_t len, uint8_t* accepted, uint8_t out[48]);

/* ---- Key derivation ---- */
/* HKDF (RFC 5869) with SHA-512 over the info's parts, one after the other; size at most 255 * 64. */
void tc_hkdf_sha512(tc_bytes salt, const uint8_t secret[32], const tc_bytes* info, size_t info_count, uint8_t* out,
                    size_t size);
void tc_hmac_sha256(const uint8_t key[32], const tc_bytes* parts, size_t count, uint8_t out[32]); /* RFC 2104 */

/* ---- HPKE (RFC 9180), base mode: X25519, HKDF-SHA256, ChaCha20-Poly1305 ---- */
void tc_seal_derive_key(const uint8_t ikm[32], uint8_t secret_out[32], uint8_t public_out[32]); /* DeriveKeyPair */
/* cipher_out: plain.size + 16 bytes. The seed is the RFC's ikmE. false: the key is a point of small order. */
bool tc_seal(const uint8_t key[32], const uint8_t seed[32], tc_bytes info, tc_bytes aad, tc_bytes plain,
             uint8_t enc_out[32], uint8_t* cipher_out);
/* plain_out: cipher.size - 16 bytes. false: it does not open. */
bool tc_open(const uint8_t secret[32], const uint8_t enc[32], tc_bytes info, tc_bytes aad, tc_bytes cipher,
             uint8_t* plain_out);

/* ---- Pedersen commitments vG + rH over ristretto255; scalars and points of 32 bytes, canonical only ---- */
typedef struct tc_integer {
  uint8_t magnitude[16]; /* little-endian */
  bool negative;
} tc_integer;

void tc_commitment_base(uint8_t out[32]); /* H */
void tc_scalar_reduce(const uint8_t wide[64], uint8_t out[32]);
bool tc_scalar_is_canonical(const uint8_t scalar[32]);
/* out = sum(weight * scalar); false: a scalar is not canonical. */
bool tc_scalar_combine(const uint8_t (*scalars)[32], const tc_integer* weights, size_t count, uint8_t out[32]);
bool tc_commit(tc_integer value, const uint8_t blinding[32], uint8_t out[32]); /* false: blinding not canonical */
bool tc_commitment_is_valid(const uint8_t commitment[32]); /* canonical, and not the identity */
/* out = sum(weight * commitment) + added * G, which may be the identity; false: a commitment is not valid. */
bool tc_commitment_combine(const uint8_t (*commitments)[32], const tc_integer* weights, size_t count, tc_integer added,
                           uint8_t out[32]);

/* ---- Range proofs: at most 32 sides, a capped commitment has two ---- */
typedef struct tc_range_claim {
  uint32_t bits; /* 16, 32 or 64 */
  const uint8_t (*commitments)[32];
  const uint64_t* caps; /* null: only 0 <= v < 2^bits */
  size_t count;
  tc_bytes context;
} tc_range_claim;
typedef struct tc_range_item {
  tc_range_claim claim;
  tc_bytes proof;
} tc_range_item;

/* The proof's size; 0: an opening is wrong or out of range, a size is not served, or capacity is too small. */
size_t tc_range_prove(const tc_range_claim* claim, const uint64_t* values, const uint8_t (*blindings)[32],
                      const uint8_t seed[32], uint8_t* out, size_t capacity);
/* ok[i] becomes 1 exactly if item i holds on its own, else 0. */
size_t tc_range_verify(const tc_range_item* items, size_t count, uint8_t* ok);

#ifdef __cplusplus
}
#endif
