#!/usr/bin/env python3
"""A second, slow implementation of what src/crypto/commitment.h computes: ristretto255 as in RFC 9496, in plain integers.

    ristretto_reference.py     prints the vectors that commitment_test.cc pins
"""
import hashlib
import hmac

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def negative(x):
    return x % P & 1


def absolute(x):
    return -x % P if negative(x) else x % P


def sqrt_ratio(u, v):
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    if check in (-u % P, -u * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return check in (u % P, -u % P), absolute(r)


INVSQRT_A_MINUS_D = sqrt_ratio(1, -1 - D)[1]
SQRT_AD_MINUS_ONE = -sqrt_ratio(-D - 1, 1)[1] % P  # the root that the RFC names is the odd one


def add(p, q):
    (x1, y1), (x2, y2) = p, q
    k = D * x1 * x2 * y1 * y2
    return ((x1 * y2 + y1 * x2) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P)


def times(k, p):
    out = (0, 1)
    for bit in bin(k % L)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, p)
    return out


def encode(p):
    x, y = p
    u1, u2 = (1 + y) * (1 - y) % P, x * y % P
    inv = sqrt_ratio(1, u1 * u2 * u2)[1]
    den1, den2 = inv * u1 % P, inv * u2 % P
    z_inv = den1 * den2 * x * y % P
    rotate = negative(x * y * z_inv)
    den = den1 * INVSQRT_A_MINUS_D % P if rotate else den2
    x, y = (y * SQRT_M1 % P, x * SQRT_M1 % P) if rotate else (x, y)
    if negative(x * z_inv):
        y = -y % P
    return absolute(den * (1 - y)).to_bytes(32, "little")


def elligator(t):
    r = SQRT_M1 * t * t % P
    u = (r + 1) * (1 - D * D) % P
    v = (-1 - r * D) * (r + D) % P
    square, s = sqrt_ratio(u, v)
    if not square:
        s = -absolute(s * t) % P
    c = -1 % P if square else r
    n = (c * (r - 1) * (D - 1) ** 2 - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return w0 * pow(w1, -1, P) % P, w2 * pow(w3, -1, P) % P


def from_uniform(wide):
    halves = [int.from_bytes(h, "little") % 2**255 for h in (wide[:32], wide[32:])]
    return add(*map(elligator, halves))


def hkdf_sha512(salt, secret, info, size):
    key = hmac.new(salt, secret, hashlib.sha512).digest()
    out, block, count = b"", b"", 1
    while len(out) < size:
        block = hmac.new(key, block + info + bytes([count]), hashlib.sha512).digest()
        out, count = out + block, count + 1
    return out[:size]


Y = 4 * pow(5, -1, P) % P
X = absolute(sqrt_ratio(Y * Y - 1, D * Y * Y + 1)[1])
G = (X, Y)
H = from_uniform(hashlib.sha512(b"tieline/pedersen/h/1").digest())


def blinding(tag, secret, info):
    return int.from_bytes(hkdf_sha512(tag, secret, info, 64), "little") % L


def commit(value, r):
    return encode(add(times(value, G), times(r, H))).hex()


def main():
    print("G", encode(G).hex())
    print("H", encode(H).hex())
    r1 = blinding(b"tieline/test/1", bytes([7] * 32), b"one")
    r2 = blinding(b"tieline/test/1", bytes([7] * 32), b"two")
    for name, r in (("r1", r1), ("r2", r2)):
        print(name, r.to_bytes(32, "little").hex())
    for value, r in ((250, r1), (0, r2), (2**64 - 1, r2), (-3, r1), (2**127 - 1, r1), (-(2**127), r2)):
        print("commit", value, "r1" if r == r1 else "r2", commit(value, r))
    print("3 C(250, r1) - 7 C(0, r2) + 11 G", commit(3 * 250 + 11, (3 * r1 - 7 * r2) % L))
    print("3 r1 - 7 r2", ((3 * r1 - 7 * r2) % L).to_bytes(32, "little").hex())


if __name__ == "__main__":
    main()
