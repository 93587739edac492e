# What the scripts share. Source it; it leaves the caller in the root of the checkout.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# Tools that are installed for this checkout alone come first; then rustup's, which a non-login shell may not know.
export PATH="$ROOT/.tools/node_modules/.bin:$PATH:${CARGO_HOME:-$HOME/.cargo}/bin:/usr/sbin:/sbin"

say() { printf '%s\n' "$*" >&2; }

# die WHAT HAPPENED, WHAT TO DO
die() {
    say "${0##*/}: $*"
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }
