#!/usr/bin/env bash
# Builds the server of rmcp, which takes about three minutes of processor the first time.
# For the nightly tests: CI asks for no Rust.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo >/dev/null || {
	echo "interop: ERROR: no cargo found; it comes with Rust 1.88 or later" >&2
	exit 1
}
target=$(scripts/live-setup.sh --path)/interop/rmcp
cargo build --quiet --release --locked --manifest-path interop/servers/rmcp/Cargo.toml --target-dir "$target"
