//! Every pair by criterion, each followed by the ratio of an interleaved run.
//!
//! `BENCH_MEMBERS=2,10` limits the sizes of groups.
#![allow(missing_docs, reason = "the macros of criterion make public items")]
#![allow(clippy::print_stdout, reason = "a bench prints its result")]

use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use sotto_bench::{Pair, SIZES, Work, for_each_pair};

criterion_group!(benches, all);
criterion_main!(benches);

fn all(criterion: &mut Criterion) {
    for_each_pair(&sizes(), |mut pair| {
        by_criterion(criterion, &mut pair);
        println!("{}", pair.measure());
    });
}

fn by_criterion(criterion: &mut Criterion, pair: &mut Pair) {
    let mut group = criterion.benchmark_group(format!("{}, {}", pair.task, pair.baseline));
    group.sample_size(10).measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(200));
    group.bench_function("ours", |bencher| measure(bencher, &mut *pair.ours));
    group.bench_function("baseline", |bencher| measure(bencher, &mut *pair.floor));
    group.finish();
}

fn measure(bencher: &mut Bencher<'_>, work: &mut dyn Work) {
    bencher.iter_custom(|rounds| {
        let time = |_| {
            work.prepare();
            let start = Instant::now();
            work.run();
            start.elapsed()
        };
        (0..rounds).map(time).sum()
    });
}

fn sizes() -> Vec<usize> {
    let limit = std::env::var("BENCH_MEMBERS").unwrap_or_default();
    let chosen: Vec<usize> = limit.split(',').filter_map(|number| number.parse().ok()).collect();
    if chosen.is_empty() { SIZES.to_vec() } else { chosen }
}
