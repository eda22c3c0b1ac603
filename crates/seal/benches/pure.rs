//! `cargo bench -p allclear-seal`: what sealing, looking up and believing cost alone.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::hint::black_box;

use allclear_seal::{Keys, canonical_statement, read_statement, to_base64url};
use criterion::Criterion;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    cells(&mut criterion);
    handover(&mut criterion);
    criterion.final_summary();
}

fn cells(criterion: &mut Criterion) {
    let keys = Keys::from_master(&[7; 32]);
    let sealed = keys.seal_cell("document", "number", "1", "11010519491231002X");
    let mut group = criterion.benchmark_group("cells");
    group.bench_function("seal", |b| b.iter(|| keys.seal_cell("document", "number", "1", black_box("11010519491231002X"))));
    group.bench_function("open", |b| b.iter(|| keys.open_cell("document", "number", "1", black_box(&sealed))));
    group.bench_function("blind index", |b| b.iter(|| keys.blind("resident_id", black_box("11010519491231002X"))));
    group.finish();
}

fn handover(criterion: &mut Criterion) {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
    let signed = canonical_statement(br#"{"at":"2022-01-06T00:00:00Z","boxes":["B000000075"],"side":"giver","v":1}"#);
    let text = format!("{signed}.{}", to_base64url(pair.sign(&random, signed.as_bytes()).unwrap().as_ref()));
    let key = pair.public_key().as_ref();
    let mut group = criterion.benchmark_group("hand-over");
    group.bench_function("read and verify", |b| b.iter(|| read_statement(black_box(&text)).unwrap().verify(key)));
    group.finish();
}
