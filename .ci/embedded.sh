# How `radio` is built with evcxr embedded, for `.ci/run` and `.ci/crossing`, which source this.
# It takes minutes to compile: what is compiled stays outside the clone, for the next time. Clippy compiles the workspace's own
# crates itself, since `cargo clippy` would look at evcxr's three hundred once more.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/radio_rec/ci"
with_evcxr=(
    --locked --release --package radio_notebook --features evcxr --target-dir "$cache"
    --config 'profile.release.package.radio_notebook.opt-level=0'
    --config 'build.rustc-workspace-wrapper="clippy-driver"'
)

# What evcxr was compiled for: the toolchain, and its libraries with their features.
compiled_for() {
    rustc -vV
    cargo tree --locked --quiet --package radio_notebook --features evcxr --edges no-dev --prefix none --format '{p} {f}' |
        sed 's/ (\*)$//' | grep -v ' (/' | sort -u
}

is_compiled() { [ -f "$cache/compiled-for" ] && [ "$(compiled_for)" = "$(cat "$cache/compiled-for")" ]; }

# Ends with 1 if there was a warning.
compile_with_evcxr() {
    mkdir -p target
    cargo build --color never "${with_evcxr[@]}" 2>&1 | tee target/ci-build.log
    cargo test --color never "${with_evcxr[@]}" --lib --test engine --test dialect --no-run 2>&1 | tee -a target/ci-build.log
    compiled_for >"$cache/compiled-for"
    if grep '^warning' target/ci-build.log; then
        echo "error: radio with evcxr embedded compiles with warnings"
        return 1
    fi
}
