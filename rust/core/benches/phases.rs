//! Time of single phases on each instruction set: `make bench-rust`.

#![allow(missing_docs, reason = "criterion's macros write functions")]

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridr_dask_core::arch::Isa;
use gridr_dask_core::bench::phases;

fn measure(criterion: &mut Criterion) {
    for isa in Isa::available() {
        let mut group = criterion.benchmark_group(isa.name());
        for mut phase in phases(isa) {
            group.throughput(Throughput::Elements(phase.pixels as u64));
            group.bench_function(&phase.name, |bencher| bencher.iter(&mut phase.run));
        }
    }
}

criterion_group! {
    name = benches;
    // Phases take from 50 microseconds to 50 milliseconds.
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    targets = measure
}
criterion_main!(benches);
