# Shared by the scripts: what they print, and how long each step took. Sourced, not run.
ANABRANCH_JOBS=${ANABRANCH_JOBS:-2}
# A Node that bootstrap had to fetch, because the system's is too old for the page's build.
if [ -d .deps/node/node_modules/.bin ]; then PATH="$PWD/.deps/node/node_modules/.bin:$PATH"; fi
begin() { SCRIPT_NAME=$1; SCRIPT_STARTED=$SECONDS; STEP_STARTED=$SECONDS; STEP_TITLE=""; echo "== $SCRIPT_NAME"; }
end_step() {
  if [ -n "$STEP_TITLE" ]; then echo "   done in $((SECONDS - STEP_STARTED)) s: $STEP_TITLE"; fi
  STEP_TITLE=""
}
step() { end_step; STEP_TITLE=$1; STEP_STARTED=$SECONDS; echo "-- $1"; }
finish() { end_step; echo "== $SCRIPT_NAME: $((SECONDS - SCRIPT_STARTED)) s"; }
fail() { echo "$SCRIPT_NAME: $*" >&2; exit 1; }
