//! What can be wrong with a task.

use crate::sample::DType;
use crate::window::Window;

/// Why a task was refused. Every variant carries the values that a user needs to mend it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A kernel name that the registry does not hold.
    #[error("unknown interpolation {name:?}; known: {known}")]
    UnknownKernel {
        /// The name asked for.
        name: String,
        /// The names of the registry.
        known: String,
    },
    /// A boundary rule that does not exist.
    #[error("unknown boundary_condition {name:?}; known: {known}")]
    UnknownBoundary {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// An instruction set that does not exist or that this CPU lacks.
    #[error("instruction set {name:?} is not available here; available: {available}")]
    UnknownIsa {
        /// The name asked for.
        name: String,
        /// The names that this CPU can run.
        available: String,
    },
    /// A source and an output type that have no arithmetic in common.
    #[error("cannot resample {src:?} to {out:?}; cast the source with astype first")]
    Types {
        /// Type of the source.
        src: DType,
        /// Type of the output.
        out: DType,
    },
    /// Arrays whose shapes do not fit together.
    #[error("{what}: expected {expected}, got {found}")]
    Shape {
        /// Which array.
        what: &'static str,
        /// What its shape should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A number outside of its range.
    #[error("{what} = {value} is out of range; expected {expected}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: i64,
        /// The allowed range.
        expected: &'static str,
    },
    /// A prefilter precision that is no positive number.
    #[error("epsilon = {value} must be a positive finite number")]
    Epsilon {
        /// Its value.
        value: f64,
    },
    /// A target window whose pixels need grid nodes that were not given.
    #[error("target {target} needs grid nodes {needed}, but nodes {given} were given")]
    Nodes {
        /// The target window.
        target: Window,
        /// Nodes that its pixels are interpolated from.
        needed: Window,
        /// Nodes that the task holds.
        given: Window,
    },
    /// A position needs a sample of the image that none of the delivered blocks holds.
    #[error(
        "source sample ({row}, {col}) is needed but lies in none of the delivered blocks; \
         the source windows of the plan are too small"
    )]
    Uncovered {
        /// Row of the sample in the source.
        row: i64,
        /// Column of the sample in the source.
        col: i64,
    },
}

impl Error {
    /// A stable name of the variant, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownKernel { .. } => "unknown-kernel",
            Self::UnknownBoundary { .. } => "unknown-boundary",
            Self::UnknownIsa { .. } => "unknown-isa",
            Self::Types { .. } => "types",
            Self::Shape { .. } => "shape",
            Self::Range { .. } => "range",
            Self::Epsilon { .. } => "epsilon",
            Self::Nodes { .. } => "nodes",
            Self::Uncovered { .. } => "uncovered",
        }
    }
}

/// Result of a fallible step of the engine.
pub type Result<T> = std::result::Result<T, Error>;
