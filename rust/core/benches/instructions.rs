//! Instructions per pixel of single phases, which a busy machine does not alter: `make bench-instructions`.
//!
//! Valgrind counts those of this program, called again for a phase that runs once, and twice: the difference
//! is one run. It has no AVX-512.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a tool may stop at what must not happen")]

use std::env;
use std::process::Command;

use gridr_dask_core::arch::Isa;
use gridr_dask_core::bench::phases;

fn main() {
    let words: Vec<_> = env::args().filter(|word| word != "--bench").skip(1).collect();
    match &words[..] {
        [isa, phase, times] => run(isa, phase.parse().unwrap(), times.parse().unwrap()),
        _ => print(),
    }
}

/// Runs one phase some times.
fn run(isa: &str, phase: usize, times: usize) {
    let mut phases = phases(Isa::from_name(isa).unwrap());
    for _ in 0..times {
        (phases[phase].run)();
    }
}

/// Prints the instructions of all phases.
fn print() {
    let sets = ["portable", "avx2"].map(Isa::from_name).into_iter().flatten();
    println!("{:<12}{:<32}instructions per pixel", "set", "phase");
    for isa in sets {
        for (index, phase) in phases(isa).iter().enumerate() {
            let [once, twice] = [1, 2].map(|times| counted(isa, index, times));
            let each = (twice - once) as f64 / phase.pixels as f64;
            println!("{:<12}{:<32}{each:.2}", isa.name(), phase.name);
        }
    }
}

/// Instructions of a call of this program.
fn counted(isa: Isa, phase: usize, times: usize) -> u64 {
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args([isa.name(), &phase.to_string(), &times.to_string()])
        .output()
        .unwrap_or_else(|error| panic!("valgrind: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected :"));
    count.unwrap_or_else(|| panic!("{said}")).1.trim().parse().unwrap()
}
