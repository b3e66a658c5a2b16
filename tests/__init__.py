"""Tests: small ones that mirror the package, laws that hold for every input, and other programs."""
