//! Small programs that are run natively and in the sandbox, and whose output is compared.
//!
//! Owns what a program exercises; the comparison is done by the tests under `tests/`.
